import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "@std/path";
import type { Clock } from "../shared/clock.ts";
import { sha256Hex } from "../shared/digest.ts";

/** The names of folders here, so that a later start knows what a crash left. */
const NAME = /^\.baa-write-\d+-[0-9a-f-]{36}\.tmp$/;

/** A left-over that was not written to for this many milliseconds is dead. */
const DEAD_AFTER_MS = 60_000;

/** Opens nothing else, and waits for nobody. */
const ONLY_A_FOLDER = constants.O_DIRECTORY | constants.O_NONBLOCK;

/** Of how many folders to remember whether they are near. */
const MOST_KNOWN = 10_000;

/**
 * A folder of the daemon's own where files are completed before they take their
 * place: nobody else can exchange them here, and what a crash leaves is here.
 *
 * It is on the disk of the daemon's state, which its database waits for anyway:
 * all but contents is written at once.
 */
export class Staging {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #near = new Map<string, boolean>();
  /** When to look for what crashes have left. */
  #tidyAt = 0;

  /** `folder` is absolute; it is made when it is needed. */
  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /**
   * Returns a place for a file, removed when it is disposed of: in a folder of
   * its own and under that name, or with `isNamed` false, which costs half as
   * much, under any.
   *
   * @throws the system's errors.
   */
  place(name: string, { isNamed = true } = {}): StagedFile {
    const own = join(this.#folder, temporaryName());
    const folder = isNamed ? own : this.#folder;
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    return new StagedFile(own, isNamed ? join(own, name) : own);
  }

  /** Tells whether files can be moved from here to a folder, if that is known. */
  isNear(folder: string): boolean | undefined {
    return this.#near.get(folder);
  }

  /** Remembers whether they can. */
  rememberNear(folder: string, isNear: boolean): void {
    if (this.#near.size >= MOST_KNOWN) this.#near.clear();
    this.#near.set(folder, isNear);
  }

  /** Removes the folder, unless another daemon uses it too. Never rejects. */
  async close(): Promise<void> {
    await Deno.remove(this.#folder).catch(() => {});
  }

  /** Removes what crashes have left; later what is too young now. Never rejects. */
  async tidy(): Promise<void> {
    const now = this.#clock.now();
    if (now < this.#tidyAt) return;
    this.#tidyAt = Infinity;
    try {
      for await (const entry of Deno.readDir(this.#folder)) {
        if (!NAME.test(entry.name)) continue;
        const path = join(this.#folder, entry.name);
        const { isFile, nlink, mtime } = await Deno.lstat(path);
        const deadAt = (mtime?.getTime() ?? 0) + DEAD_AFTER_MS;
        // what has taken its place is written to there
        const isPlaced = isFile && (nlink ?? 1) > 1;
        if (isPlaced || deadAt <= now) {
          await Deno.remove(path, { recursive: true });
        } else this.#tidyAt = Math.min(this.#tidyAt, deadAt);
      }
    } catch {
      // not there yet, or what was there has gone
      this.#tidyAt = now + DEAD_AFTER_MS;
    }
  }
}

/** A file that is being completed. */
export class StagedFile implements Disposable {
  readonly path: string;
  /** What is to be removed in the end. */
  readonly #own: string;

  constructor(own: string, path: string) {
    this.#own = own;
    this.path = path;
  }

  /** What is there now; a link, should one have been copied here. */
  info(): Deno.FileInfo {
    return Deno.lstatSync(this.path);
  }

  /**
   * Writes its content down to the disk; with `mode`, into the file that is
   * there already, which then has these permissions. Returns when it was
   * modified, and the hash.
   *
   * @throws the system's errors.
   */
  async write(
    bytes: Uint8Array,
    mode?: number,
  ): Promise<{ readonly modifiedAt: Date; readonly sha256: string }> {
    const isNew = mode === undefined;
    using file = Deno.openSync(this.path, {
      write: true,
      createNew: isNew,
      truncate: !isNew,
    });
    for (let written = 0; written < bytes.length;) {
      written += await file.write(bytes.subarray(written));
    }
    // writing may have dropped bits of it
    if (!isNew) Deno.chmodSync(this.path, mode);
    const isSynced = file.sync();
    // while the disk writes
    const sha256 = sha256Hex(bytes);
    await isSynced;
    return { modifiedAt: file.statSync().mtime ?? new Date(0), sha256 };
  }

  [Symbol.dispose](): void {
    removeNow(this.#own);
  }
}

/** Removes what is being completed, if it is there. */
export function removeNow(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // it has taken its place, or was never made
  }
}

/** Returns a name that nobody can guess; left-overs are known by it. */
export function temporaryName(): string {
  return `.baa-write-${Deno.pid}-${crypto.randomUUID()}.tmp`;
}

/** Makes what was done in a folder survive a loss of power, where that can be. */
export async function syncFolder(path: string): Promise<void> {
  try {
    // what took its place may be a FIFO, which nobody may wait for
    await using folder = await open(path, ONLY_A_FOLDER);
    await folder.sync();
  } catch {
    // may be written but not read, or a filesystem that cannot: the file is whole anyway
  }
}
