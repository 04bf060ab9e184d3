import { join } from "@std/path";
import type { Clock } from "./clock.ts";
import { LineFile } from "./line_file.ts";
import { readLines } from "./lines.ts";

/** No line that a daemon writes is as long. */
const MAX_LINE_CHARS = 268_435_456;

/**
 * A family of files that lines are appended to: one is written, a full one is
 * followed by another, and the oldest are removed.
 */
export class LineFiles implements Disposable {
  readonly #options: LineFilesOptions;
  #kept: readonly KeptFile[];
  #written: WrittenFile | undefined;

  constructor(options: LineFilesOptions) {
    this.#options = options;
    this.#makeFolder();
    this.#kept = this.#look();
  }

  /** The files that are there, oldest first, as of when one was begun or removed. */
  get kept(): readonly KeptFile[] {
    return this.#kept;
  }

  /** The last of the files, as of now. */
  get newest(): KeptFile | undefined {
    this.#kept = this.#look();
    return this.#kept.at(-1);
  }

  /** Whether the next lines belong into another file. */
  get isFull(): boolean {
    const { clock, maxBytes, maxFillMs = Infinity } = this.#options;
    if (this.#written === undefined) return true;
    const { file, since } = this.#written;
    return file.bytes >= maxBytes || clock.now() - since >= maxFillMs;
  }

  /** From now on lines go to this file; it is made when it is not there. */
  open(name: string): void {
    const { folder, clock } = this.#options;
    const path = join(folder, name);
    this.#makeFolder();
    const file = new LineFile(path);
    this[Symbol.dispose]();
    const begun = Deno.statSync(path).birthtime?.getTime() ?? Infinity;
    this.#written = { path, file, since: Math.min(begun, clock.now()) };
    this.#kept = this.#look();
  }

  /** Hands all lines to the kernel. A file has been opened before. */
  write(lines: readonly string[]): void {
    this.#written?.file.write(lines);
  }

  /**
   * Yields the lines of the files, oldest first, from the last file that begins
   * at or before `place`.
   */
  async *read(place: number): AsyncGenerator<readonly string[]> {
    const begin = this.#kept.findLastIndex((it) => it.place <= place);
    for (const { path } of this.#kept.slice(Math.max(begin, 0))) {
      let file: Deno.FsFile;
      try {
        file = await Deno.open(path);
      } catch (error) {
        // It was among the oldest.
        if (error instanceof Deno.errors.NotFound) continue;
        throw error;
      }
      // The stream closes the file, at its end and when it is left early.
      yield* readLines(file.readable, { maxChars: MAX_LINE_CHARS });
    }
  }

  /**
   * Removes the oldest files beyond the limits, and those that end before the
   * place `needed`; never the newest, nor the one that is written. Never
   * throws: another process may be removing the same files.
   */
  removeOldest({ needed = -Infinity } = {}): void {
    const { maxTotalBytes, maxFiles = Infinity, maxAgeMs, clock } =
      this.#options;
    try {
      const files = this.#look();
      let total = files.reduce((sum, it) => sum + it.bytes, 0);
      for (const [index, { path, bytes, writtenAt }] of files.entries()) {
        const next = files[index + 1];
        const isWanted = total <= maxTotalBytes &&
          files.length - index <= maxFiles &&
          clock.now() - writtenAt <= maxAgeMs;
        if (next === undefined || (isWanted && next.place > needed)) break;
        total -= bytes;
        if (path !== this.#written?.path) Deno.removeSync(path);
      }
      this.#kept = this.#look();
    } catch { /* what is left goes the next time */ }
  }

  [Symbol.dispose](): void {
    this.#written?.file[Symbol.dispose]();
    this.#written = undefined;
  }

  #makeFolder(): void {
    Deno.mkdirSync(this.#options.folder, { recursive: true, mode: 0o700 });
  }

  #look(): KeptFile[] {
    const { folder, pattern } = this.#options;
    const files: KeptFile[] = [];
    try {
      for (const { name } of Deno.readDirSync(folder)) {
        const match = pattern.exec(name);
        if (match === null) continue;
        const path = join(folder, name);
        const { mtime, size: bytes } = Deno.statSync(path);
        const writtenAt = mtime?.getTime() ?? 0;
        const place = Number(match[1] ?? writtenAt);
        files.push({ name, path, place, bytes, writtenAt });
      }
    } catch (error) {
      // Somebody else has removed it.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return files.sort((a, b) =>
      a.place - b.place || a.name.localeCompare(b.name)
    );
  }
}

/** Where the files are, and how much of them is kept. */
interface LineFilesOptions {
  /** Made with mode 0700 when it is not there. */
  readonly folder: string;
  readonly clock: Clock;
  /**
   * Names of the family. The number that it captures is a file's place among
   * the others; none: the time when it was written is.
   */
  readonly pattern: RegExp;
  /** A file of so many bytes is full. */
  readonly maxBytes: number;
  /** A file that was begun so long ago is full. Default: however long. */
  readonly maxFillMs?: number;
  readonly maxTotalBytes: number;
  /** Default: however many. */
  readonly maxFiles?: number;
  /** Files that were written longer ago go. */
  readonly maxAgeMs: number;
}

export interface KeptFile {
  readonly name: string;
  readonly path: string;
  readonly place: number;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly writtenAt: number;
}

interface WrittenFile {
  readonly path: string;
  readonly file: LineFile;
  /** When it was begun, in milliseconds since the epoch. */
  readonly since: number;
}
