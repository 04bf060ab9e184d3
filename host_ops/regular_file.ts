import { Buffer } from "node:buffer";
import { constants, fstatSync, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { systemCodeOf } from "../shared/system_reason.ts";
import { HostOpFailure } from "./failure.ts";

const { O_APPEND, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** Bytes that are read, and hashed or compared, at once. */
export const PIECE_BYTES = 1_048_576;

/** What a file is opened for: `write` for `rewrite()`. */
export type Opening = "read" | "write" | "append";

const FLAGS: Readonly<Record<Opening, number>> = {
  read: O_RDONLY,
  write: O_WRONLY,
  append: O_WRONLY | O_APPEND,
};

/** A regular file that is open. */
export interface RegularFile extends AsyncDisposable {
  /** Where it was opened. */
  readonly path: string;
  /** What it was when it was opened. */
  readonly info: Stats;
  /** Fills `into` from `position` on; returns how much came, 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  /**
   * Makes `bytes` its whole content, down to the disk, and leaves it everything
   * else but set-id bits. Returns when it was modified.
   */
  rewrite(bytes: Uint8Array): Promise<Date>;
  /**
   * Adds `bytes` at its end, wherever that is then, down to the disk; what
   * fails leaves nothing there. Set-id bits go. Returns when it was modified.
   */
  append(bytes: Uint8Array): Promise<Date>;
}

/**
 * Opens a regular file. Never blocks, should a FIFO or a device have taken its
 * place, and never follows a link there.
 *
 * @throws {HostOpFailure} `NOT_A_FILE`.
 * @throws the system's errors.
 */
export async function openRegularFile(
  path: string,
  opening: Opening,
): Promise<RegularFile> {
  const handle = await openHandle(path, FLAGS[opening]);
  try {
    // of what is open the system knows it: another thread costs more than the look
    const info = fstatSync(handle.fd);
    if (!info.isFile()) throw notAFile(path);
    return {
      path,
      info,
      read: async (into, position) =>
        (await handle.read(into, 0, into.length, position)).bytesRead,
      rewrite: (bytes) => rewrite(handle, bytes),
      append: (bytes) => append(handle, bytes),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Reads a file to its end, in pieces; each is good until the next one comes. */
export async function* piecesOf(file: RegularFile): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(file.info.size + 1, PIECE_BYTES));
  let position = 0;
  for (let count; (count = await file.read(buffer, position)) > 0;) {
    yield buffer.subarray(0, count);
    position += count;
  }
}

/** Tells whether a file's content is `bytes` now. */
export async function holds(
  file: RegularFile,
  bytes: Uint8Array,
): Promise<boolean> {
  let at = 0;
  for await (const piece of piecesOf(file)) {
    const same = bytes.subarray(at, at + piece.length);
    if (Buffer.compare(piece, same) !== 0) return false;
    at += piece.length;
  }
  return at === bytes.length;
}

/** Tells whether a path, as it was written, can be that of a folder only. */
export function asksForFolder(path: string): boolean {
  return /\/\.?$/.test(path);
}

/** What to say of a folder, a FIFO, a device or a socket. */
export function notAFile(path: string): HostOpFailure {
  return new HostOpFailure("NOT_A_FILE", `Expected a file path at ${path}.`);
}

async function rewrite(handle: FileHandle, bytes: Uint8Array): Promise<Date> {
  const size = await takeSetId(handle);
  const writeFrom = async (start: number, end: number) => {
    for (let at = start; at < end;) {
      const done = await handle.write(bytes, at, end - at, at);
      at += done.bytesWritten;
    }
  };
  try {
    // what needs room first: should there be none, the old content is whole
    await writeFrom(size, bytes.length);
  } catch (error) {
    await handle.truncate(size).catch(() => {});
    throw error;
  }
  await writeFrom(0, Math.min(size, bytes.length));
  await handle.truncate(bytes.length);
  await handle.sync();
  return (await handle.stat()).mtime;
}

async function append(handle: FileHandle, bytes: Uint8Array): Promise<Date> {
  const size = await takeSetId(handle);
  try {
    for (let written = 0; written < bytes.length;) {
      const left = bytes.length - written;
      written += (await handle.write(bytes, written, left)).bytesWritten;
    }
    await handle.sync();
  } catch (error) {
    // how much came is not told; more than all of it is also somebody else's
    const isOurs = (await handle.stat()).size <= size + bytes.length;
    if (isOurs) await handle.truncate(size).catch(() => {});
    throw error;
  }
  return (await handle.stat()).mtime;
}

/** For root the system leaves these bits, though they were given to another content. */
async function takeSetId(handle: FileHandle): Promise<number> {
  const { mode, size } = await handle.stat();
  if ((mode & 0o6000) !== 0) await handle.chmod(mode & 0o1777);
  return size;
}

async function openHandle(path: string, access: number): Promise<FileHandle> {
  try {
    return await open(path, access | O_NONBLOCK | O_NOFOLLOW);
  } catch (error) {
    // a socket, or a FIFO that nobody reads
    if (systemCodeOf(error) === "ENXIO") throw notAFile(path);
    throw error;
  }
}
