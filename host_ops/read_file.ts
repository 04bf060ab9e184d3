import { createHash } from "node:crypto";
import { isoTime } from "../shared/clock.ts";
import {
  type ByteBudget,
  type Hold,
  LEAST_HELD_BYTES,
} from "../shared/byte_budget.ts";
import { HeldText } from "../shared/held_text.ts";
import { HostOpFailure, outOfMemory } from "./failure.ts";
import type { FileGuard } from "./file_guard.ts";
import { afterBytes, lineRange, type Selector } from "./file_part.ts";
import {
  asksForFolder,
  notAFile,
  PIECE_BYTES,
  type RegularFile,
} from "./regular_file.ts";
import type { FileReadInput, FileReadResult } from "./results.ts";
import { decodeStrictly, isContinuation, wholeCharacters } from "./utf8.ts";

/** Files of the system claim to be empty and are not. */
const LEAST_BUFFER_BYTES = 4_096;

/** The largest file that is read to its end for its hash alone. */
export const MOST_HASHED_BYTES = 67_108_864;

/**
 * Reads a file, or a part of it: from `offset` on, or some `lines`. The hash is
 * of the whole file all the same, of the very bytes that the part was cut from.
 *
 * @throws {HostOpFailure}
 * @throws the system's errors.
 */
export async function readFile(
  input: FileReadInput & { readonly absolutePath: string },
  deps: { readonly guard: FileGuard; readonly budget: ByteBudget },
  hold?: Hold,
): Promise<FileReadResult> {
  const { absolutePath, encoding, lines, maxBytes, offset: asked } = input;
  await using file = await deps.guard.open(absolutePath, "read");
  if (asksForFolder(input.path)) throw notAFile(absolutePath);
  const { size } = file.info;
  const isPart = asked !== undefined || lines !== undefined;

  const refuseLarge = (sizeBytes: number) => {
    if (!isPart && sizeBytes > maxBytes) throw tooLarge(input, sizeBytes);
  };
  refuseLarge(size);
  const from = asked === undefined || asked >= 0
    ? asked ?? 0
    : Math.max(0, size + asked);
  const isHashed = size <= MOST_HASHED_BYTES;
  const start = isHashed ? 0 : from;
  using read = await readPart(file, {
    start,
    select: lines === undefined ? afterBytes(from - start) : lineRange(lines),
    expected: lines === undefined ? size - from + 1 : 0,
    most: maxBytes + 1,
    isHashed,
    budget: deps.budget,
    hold,
  });
  refuseLarge(read.bytes.length);
  const isCut = read.bytes.length > maxBytes;
  const isHeld = hold !== undefined && read.bytes.length >= LEAST_HELD_BYTES;

  const { content, bytes, skipped } = encoding === "utf8"
    ? textOf(read.bytes, { from, maxBytes, absolutePath, isHeld })
    : base64Of(read.bytes.subarray(0, maxBytes), isHeld);
  const bytesRead = bytes.length;
  if (content instanceof HeldText) hold?.(() => content.free());
  else read.free();
  const offset = (lines === undefined ? from : read.offset) + skipped;
  const eof = !isCut && !read.isFollowed;
  return {
    absolutePath,
    content,
    sizeBytes: offset === 0 && eof ? bytesRead : size,
    modifiedAt: isoTime(file.info.mtime.getTime()),
    encoding,
    offset,
    bytesRead,
    eof,
    ...(isCut && lines !== undefined && { truncated: true }),
    sha256: read.sha256,
  };
}

function tooLarge(
  { absolutePath, maxBytes }: FileReadInput & { readonly absolutePath: string },
  sizeBytes: number,
): HostOpFailure {
  return new HostOpFailure(
    "FILE_TOO_LARGE",
    `Cannot read ${absolutePath}: its ${sizeBytes} bytes are more than maxBytes=${maxBytes}; ask for parts by offset`,
    {
      details: { sizeBytes, maxBytes },
      hint:
        `POST /v1/files/read with {"offset":0}, then with offset + bytesRead until eof; or with {"lines":"1-200"}; {"offset":-4096} reads the end.`,
    },
  );
}

function base64Of(bytes: Uint8Array<ArrayBuffer>, isHeld: boolean) {
  const content = isHeld ? HeldText.base64(bytes) : bytes.toBase64();
  return { content, bytes, skipped: 0 };
}

const OTHERWISE =
  'POST /v1/files/read with {"encoding":"base64"} takes any bytes, and a larger maxBytes whole characters.';

/** Cuts at characters on both sides; text that is none is refused, not mangled. */
function textOf(
  read: Uint8Array<ArrayBuffer>,
  options: {
    readonly from: number;
    readonly maxBytes: number;
    readonly absolutePath: string;
    readonly isHeld: boolean;
  },
) {
  const { from, maxBytes, absolutePath, isHeld } = options;
  const unreadable = (why: string, details: Record<string, unknown>) =>
    new HostOpFailure(
      "FILE_READ_FAILED",
      `Cannot read ${absolutePath}: ${why}`,
      { details, hint: OTHERWISE },
    );
  // the rest of a character that begins before
  let skipped = 0;
  if (from > 0) {
    while (skipped < 3 && isContinuation(read[skipped] ?? 0)) skipped += 1;
  }
  let bytes = read.subarray(skipped, maxBytes);
  if (read.length > maxBytes) {
    bytes = bytes.subarray(0, wholeCharacters(bytes));
    if (bytes.length === 0) {
      const reason = "max_bytes_too_small";
      const why = `maxBytes=${maxBytes} is less than one character`;
      throw unreadable(why, { reason, maxBytes });
    }
  }
  const content = isHeld ? HeldText.utf8(bytes) : decodeStrictly(bytes);
  if (content === undefined) {
    throw unreadable("it is not valid UTF-8; ask for encoding=base64", {
      reason: "not_utf8",
    });
  }
  return { content, bytes, skipped };
}

/** What of a file was selected, as far as it was wanted. */
interface PartRead extends Disposable {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Frees the bytes: left to the collector they would double what is held. */
  free(): void;
  /** Where it begins; the file's end when nothing was selected. */
  readonly offset: number;
  /** Whether the file goes on after what was selected. */
  readonly isFollowed: boolean;
  /** Hash of the whole file, where it was read to its end. */
  readonly sha256: string | null;
}

/** Reads until the end, or until all that is wanted has come, whatever size the file claims. */
export async function readPart(
  file: RegularFile,
  { start = 0, select, expected, most, isHashed, budget, hold }: {
    /** Where to begin to read. Default: where the file begins. */
    readonly start?: number;
    /** Not given: all. */
    readonly select?: Selector | undefined;
    /** How many bytes will likely be selected. */
    readonly expected: number;
    /** How many are wanted at most. */
    readonly most: number;
    readonly isHashed: boolean;
    readonly budget: ByteBudget;
    readonly hold?: Hold | undefined;
  },
): Promise<PartRead> {
  let taken = 0;
  const take = (bytes: number) => {
    const isThere = budget.take(bytes);
    if (isThere) taken += bytes;
    return isThere;
  };
  const allocate = (size: number, instead = 0) => {
    if (!take(size - instead)) throw outOfMemory("read", budget);
    return new Uint8Array(size);
  };
  try {
    let kept = allocate(
      Math.min(Math.max(expected, LEAST_BUFFER_BYTES), most),
    );
    let length = 0;
    let position = start;
    let piece: Uint8Array | undefined;
    const room = () => {
      // what is all wanted is read to where it is kept
      if (select === undefined && length < kept.length) {
        return kept.subarray(length, length + PIECE_BYTES);
      }
      if (piece !== undefined) return piece;
      const toCome = Math.min(file.info.size - start + 1, PIECE_BYTES);
      const isLong = toCome > LEAST_BUFFER_BYTES && take(toCome);
      return piece = new Uint8Array(isLong ? toCome : LEAST_BUFFER_BYTES);
    };
    let offset: number | undefined;
    let isOver = false;
    let isFollowed = false;
    const hash = isHashed ? createHash("sha256") : undefined;
    const isReadOn = () => hash !== undefined && position <= MOST_HASHED_BYTES;
    while (!isFollowed || isReadOn()) {
      const into = room();
      const count = await file.read(into, position);
      if (count === 0) break;
      const bytes = into.subarray(0, count);
      hash?.update(bytes);
      if (isOver) isFollowed = true;
      else {
        const part = select?.(bytes) ?? { from: 0, to: count, isOver: false };
        const wanted = bytes.subarray(
          part.from,
          Math.min(part.to, part.from + most - length),
        );
        if (wanted.length > 0) offset ??= position + part.from;
        if (length + wanted.length > kept.length) {
          const room = Math.max(kept.length * 2, length + wanted.length);
          const grown = allocate(Math.min(room, most), kept.length);
          grown.set(kept);
          kept = grown;
        }
        if (into === piece) kept.set(wanted, length);
        length += wanted.length;
        isOver = part.isOver || length === most;
        isFollowed = isOver && part.from + wanted.length < count;
      }
      position += count;
      // less than there was room for, up to its size: nothing more would come
      if (count < into.length && position === file.info.size) break;
    }
    return {
      bytes: kept.subarray(0, length),
      free: () => void kept.buffer.transfer(0),
      offset: offset ?? position,
      isFollowed,
      sha256: hash !== undefined && position <= MOST_HASHED_BYTES
        ? hash.digest("hex")
        : null,
      [Symbol.dispose]: () => budget.giveWhenPassedOn(taken, hold),
    };
  } catch (error) {
    budget.give(taken);
    throw error;
  }
}
