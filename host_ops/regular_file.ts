import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { HostOpFailure, systemCodeOf } from "./failure.ts";

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** A regular file that is open for reading. */
export interface RegularFile extends AsyncDisposable {
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  /** Fills `into` from `position` on; returns how much came, 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
}

/**
 * Opens a regular file at a real path. Never blocks, should a FIFO or a device
 * have taken its place meanwhile, and never follows a link there.
 *
 * @throws {HostOpFailure} `NOT_A_FILE`, `PERMISSION_DENIED` when the path has
 * come to lead elsewhere.
 * @throws the system's errors.
 */
export async function openRegularFile(path: string): Promise<RegularFile> {
  const handle = await openHandle(path, O_RDONLY);
  try {
    const info = await handle.stat();
    if (!info.isFile()) throw notAFile(path);
    await expectUnmoved(path);
    return {
      sizeBytes: info.size,
      modifiedAt: info.mtime,
      read: async (into, position) =>
        (await handle.read(into, 0, into.length, position)).bytesRead,
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Throws what the system says when the file at a real path may not be written. */
export async function expectWritable(path: string): Promise<void> {
  try {
    await (await openHandle(path, O_WRONLY)).close();
  } catch (error) {
    // a program that runs can be replaced, though not be written to
    if (systemCodeOf(error) !== "ETXTBSY") throw error;
  }
}

/**
 * Throws when a path that was real leads elsewhere now.
 *
 * @throws {HostOpFailure} `PERMISSION_DENIED`.
 */
export async function expectUnmoved(path: string): Promise<void> {
  if (await Deno.realPath(path) === path) return;
  throw new HostOpFailure(
    "PERMISSION_DENIED",
    `Cannot use ${path}: it leads elsewhere since it was checked`,
    { retryable: true, details: { reason: "moved" } },
  );
}

/** What to say of a folder, a FIFO, a device or a socket. */
export function notAFile(path: string): HostOpFailure {
  return new HostOpFailure("NOT_A_FILE", `Expected a file path at ${path}.`);
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
