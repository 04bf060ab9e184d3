import { isoTime } from "../shared/clock.ts";
import type { ByteBudget, Hold } from "../shared/byte_budget.ts";
import { sha256Hex } from "../shared/digest.ts";
import { HostOpFailure, outOfMemory } from "./failure.ts";
import type { FileGuard } from "./file_guard.ts";
import { notAFile, type RegularFile } from "./regular_file.ts";
import type { FileReadInput, FileReadResult } from "./results.ts";
import { decodeStrictly, isContinuation, wholeCharacters } from "./utf8.ts";

/** Files of the system claim to be empty and are not. */
const LEAST_BUFFER_BYTES = 4_096;

/**
 * Reads a file, or from `offset` on a part of it.
 *
 * @throws {HostOpFailure}
 * @throws the system's errors.
 */
export async function readFile(
  input: FileReadInput & { readonly absolutePath: string },
  deps: { readonly guard: FileGuard; readonly budget: ByteBudget },
  hold?: Hold,
): Promise<FileReadResult> {
  const { absolutePath, encoding, maxBytes } = input;
  await using file = await deps.guard.open(absolutePath, "read");
  if (input.path.endsWith("/")) throw notAFile(absolutePath);

  const refuseLarge = (sizeBytes: number) => {
    if (input.offset !== undefined || sizeBytes <= maxBytes) return;
    throw new HostOpFailure(
      "FILE_TOO_LARGE",
      `Cannot read ${absolutePath}: its ${sizeBytes} bytes are more than maxBytes=${maxBytes}; ask for parts by offset`,
      { details: { sizeBytes, maxBytes } },
    );
  };
  refuseLarge(file.info.size);
  const from = input.offset ?? 0;
  using read = await readUpTo(file, {
    from,
    most: maxBytes + 1,
    budget: deps.budget,
    hold,
  });
  refuseLarge(read.bytes.length);
  const more = read.bytes.length > maxBytes;

  const { content, bytes, skipped } = encoding === "utf8"
    ? textOf(read.bytes, { from, maxBytes, absolutePath })
    : base64Of(read.bytes.subarray(0, maxBytes));
  const offset = from + skipped;
  const whole = offset === 0 && !more;
  return {
    absolutePath,
    content,
    sizeBytes: whole ? bytes.length : file.info.size,
    modifiedAt: isoTime(file.info.mtime.getTime()),
    encoding,
    offset,
    bytesRead: bytes.length,
    eof: !more,
    sha256: whole ? sha256Hex(bytes) : null,
  };
}

function base64Of(bytes: Uint8Array) {
  return { content: bytes.toBase64(), bytes, skipped: 0 };
}

/** Cuts at characters on both sides; text that is none is refused, not mangled. */
function textOf(
  read: Uint8Array,
  options: {
    readonly from: number;
    readonly maxBytes: number;
    readonly absolutePath: string;
  },
) {
  const { from, maxBytes, absolutePath } = options;
  const unreadable = (why: string, details: Record<string, unknown>) =>
    new HostOpFailure(
      "FILE_READ_FAILED",
      `Cannot read ${absolutePath}: ${why}`,
      { details },
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
  const content = decodeStrictly(bytes);
  if (content === undefined) {
    throw unreadable("it is not valid UTF-8; ask for encoding=base64", {
      reason: "not_utf8",
    });
  }
  return { content, bytes, skipped };
}

/** Reads until the end or until `most` bytes, whatever size the file claims. */
async function readUpTo(
  file: RegularFile,
  options: {
    readonly from: number;
    readonly most: number;
    readonly budget: ByteBudget;
    readonly hold: Hold | undefined;
  },
): Promise<Disposable & { readonly bytes: Uint8Array }> {
  const { from, most, budget } = options;
  let taken = 0;
  const allocate = (size: number) => {
    if (!budget.take(size - taken)) throw outOfMemory("read", budget);
    taken = size;
    return new Uint8Array(size);
  };
  const expected = Math.max(file.info.size - from + 1, LEAST_BUFFER_BYTES);
  let buffer = allocate(Math.min(expected, most));
  let length = 0;
  try {
    while (length < most) {
      if (length === buffer.length) {
        const grown = allocate(Math.min(length * 2, most));
        grown.set(buffer);
        buffer = grown;
      }
      const count = await file.read(buffer.subarray(length), from + length);
      if (count === 0) break;
      length += count;
    }
  } catch (error) {
    budget.give(taken);
    throw error;
  }
  return {
    bytes: buffer.subarray(0, length),
    [Symbol.dispose]: () => budget.giveWhenPassedOn(taken, options.hold),
  };
}
