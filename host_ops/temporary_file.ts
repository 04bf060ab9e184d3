import { join } from "@std/path";
import type { Clock } from "../shared/clock.ts";

/** The names of these files, so that a later start knows what a crash left. */
const NAME = /^\.baa-write-\d+-[0-9a-f-]{36}\.tmp$/;

/** A left-over that was not written to for this many milliseconds is dead. */
const DEAD_AFTER_MS = 60_000;

/** How many folders to remember as tidied. */
const MOST_TIDIED = 10_000;

/**
 * Writes `bytes` to a new file beside its later place, down to the disk. It is
 * never readable for more people than `old`, the file whose place it takes.
 *
 * @throws the system's errors; nothing is left behind then.
 */
export async function writeTemporaryFile(
  folder: string,
  bytes: Uint8Array,
  old: Deno.FileInfo | undefined,
): Promise<TemporaryFile> {
  const name = `.baa-write-${Deno.pid}-${crypto.randomUUID()}.tmp`;
  const path = join(folder, name);
  return { path, modifiedAt: await writeNewFile(path, bytes, old) };
}

/** A file that is complete and on disk, and waits to take its place. */
export interface TemporaryFile {
  readonly path: string;
  readonly modifiedAt: Date;
}

/**
 * Writes a file that must not be there yet, like `old` where that is given.
 * Returns when it was modified.
 *
 * @throws the system's errors; nothing is left behind then.
 */
export async function writeNewFile(
  path: string,
  bytes: Uint8Array,
  old?: Deno.FileInfo,
): Promise<Date> {
  const mode = old === undefined ? 0o666 : modeOf(old) & 0o777;
  using file = await Deno.open(path, { write: true, createNew: true, mode });
  try {
    let written = 0;
    while (written < bytes.length) {
      written += await file.write(bytes.subarray(written));
    }
    if (old !== undefined) await makeAlike(path, file, old);
    await file.sync();
    return (await file.stat()).mtime ?? new Date(0);
  } catch (error) {
    await removeQuietly(path);
    throw error;
  }
}

async function makeAlike(
  path: string,
  file: Deno.FsFile,
  old: Deno.FileInfo,
): Promise<void> {
  const mode = modeOf(old);
  const info = await file.stat();
  const { uid, gid } = old;
  if (uid !== null && gid !== null && (info.uid !== uid || info.gid !== gid)) {
    // only root may give files away; the group often can be kept
    await Deno.chown(path, uid, gid)
      .catch(() => Deno.chown(path, null, gid))
      .catch(() => {});
  }
  if (modeOf(info) !== mode || mode > 0o777) await Deno.chmod(path, mode);
}

/** The permissions of a file, without its type. */
function modeOf({ mode }: Deno.FileInfo): number {
  return (mode ?? 0o644) & 0o7777;
}

/** Removes a file, if it can be. */
export async function removeQuietly(path: string): Promise<void> {
  await Deno.remove(path).catch(() => {});
}

/** Makes what was done in a folder survive a loss of power, where that can be. */
export async function syncFolder(path: string): Promise<void> {
  try {
    using folder = await Deno.open(path);
    await folder.sync();
  } catch {
    // may be written but not read, or a filesystem that cannot: the file is whole anyway
  }
}

/** Removes what crashes have left in the folders that are written to. */
export class Sweeper {
  readonly #clock: Clock;
  readonly #tidied = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Tidies a folder, the first time it is named. Never rejects. */
  async sweep(folder: string): Promise<void> {
    if (this.#tidied.has(folder)) return;
    if (this.#tidied.size >= MOST_TIDIED) this.#tidied.clear();
    this.#tidied.add(folder);
    try {
      for await (const entry of Deno.readDir(folder)) {
        if (!entry.isFile || !NAME.test(entry.name)) continue;
        const path = join(folder, entry.name);
        const writtenAt = (await Deno.lstat(path)).mtime?.getTime() ?? 0;
        if (this.#clock.now() - writtenAt < DEAD_AFTER_MS) continue;
        await removeQuietly(path);
      }
    } catch {
      // somebody else tidied, or the folder cannot be listed
    }
  }
}
