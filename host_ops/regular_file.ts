import { constants, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { HostOpFailure, systemCodeOf } from "./failure.ts";

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

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
  access: "read" | "write",
): Promise<RegularFile> {
  const handle = await openHandle(
    path,
    access === "read" ? O_RDONLY : O_WRONLY,
  );
  try {
    const info = await handle.stat();
    if (!info.isFile()) throw notAFile(path);
    return {
      path,
      info,
      read: async (into, position) =>
        (await handle.read(into, 0, into.length, position)).bytesRead,
      rewrite: (bytes) => rewrite(handle, bytes),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** What to say of a folder, a FIFO, a device or a socket. */
export function notAFile(path: string): HostOpFailure {
  return new HostOpFailure("NOT_A_FILE", `Expected a file path at ${path}.`);
}

async function rewrite(handle: FileHandle, bytes: Uint8Array): Promise<Date> {
  const { size, mode } = await handle.stat();
  const writeFrom = async (start: number, end: number) => {
    for (let at = start; at < end;) {
      const done = await handle.write(bytes, at, end - at, at);
      at += done.bytesWritten;
    }
  };
  // for root the system leaves these, and they were given to another content
  if ((mode & 0o6000) !== 0) await handle.chmod(mode & 0o1777);
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

async function openHandle(path: string, access: number): Promise<FileHandle> {
  try {
    return await open(path, access | O_NONBLOCK | O_NOFOLLOW);
  } catch (error) {
    // a socket, or a FIFO that nobody reads
    if (systemCodeOf(error) === "ENXIO") throw notAFile(path);
    throw error;
  }
}
