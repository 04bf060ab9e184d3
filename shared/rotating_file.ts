import { join } from "@std/path";
import { type Clock, systemClock, type Timer } from "./clock.ts";
import { LineFile } from "./line_file.ts";
import type { LogSink } from "./log.ts";

const FLUSH_MS = 50;
const FLUSH_BYTES = 65_536;
/** How often files are looked for that have become too old. */
const AGE_CHECK_MS = 3_600_000;

/**
 * A log file that starts anew when it is full; the oldest of its family are
 * removed. Lines are written in batches, urgent ones at once. When the disk
 * refuses, lines are dropped and counted: a log must not stop its daemon.
 */
export class RotatingFile implements LogSink, Disposable {
  readonly #options: RotatingFileOptions;
  readonly #clock: Clock;
  #file: LineFile | undefined;
  #written = 0;
  #number = 0;
  #pending: string[] = [];
  #pendingChars = 0;
  #timer: Timer | undefined;
  #dropped = 0;
  #path = "";
  #checkedAt = 0;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#open();
  }

  /** Lines that the disk refused. */
  get dropped(): number {
    return this.#dropped;
  }

  write(line: string, urgent: boolean): void {
    this.#pending.push(line);
    this.#pendingChars += line.length;
    if (urgent || this.#pendingChars > FLUSH_BYTES) this.flush();
    else this.#timer ??= this.#clock.after(FLUSH_MS, () => this.flush());
  }

  /** Writes what waits. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const lines = this.#pending;
    if (lines.length === 0) return;
    this.#pending = [];
    this.#pendingChars = 0;
    try {
      if (this.#file === undefined) this.#open();
      this.#written += this.#file?.write(lines) ?? 0;
      if (this.#written >= this.#maxBytes) this.#open();
      else if (this.#clock.now() - this.#checkedAt > AGE_CHECK_MS) {
        this.#removeOldest();
      }
    } catch {
      this.#dropped += lines.length;
    }
  }

  [Symbol.dispose](): void {
    this.flush();
    this.#close();
  }

  #close(): void {
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }

  #open(): void {
    const { folder, family } = this.#options;
    // A dash ends the family's name.
    const instance = this.#options.instance.replaceAll("-", "_");
    this.#close();
    const number = String(++this.#number).padStart(4, "0");
    const path = join(folder, `${family}-${instance}.${number}.jsonl`);
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#file = new LineFile(path);
    this.#written = 0;
    this.#path = path;
    this.#removeOldest();
  }

  /** Never throws: another process may be removing the same files. */
  #removeOldest(): void {
    const { folder, family, maxFiles = 200, maxAgeMs = Infinity } =
      this.#options;
    this.#checkedAt = this.#clock.now();
    const { maxTotalBytes = 10 * this.#maxBytes } = this.#options;
    let [bytes, count] = [0, 0];
    for (const file of newestFirst(folder, family)) {
      bytes += file.size;
      count++;
      const keep = count <= maxFiles && bytes <= maxTotalBytes &&
        this.#checkedAt - file.at <= maxAgeMs;
      if (keep || file.path === this.#path) continue;
      try {
        Deno.removeSync(file.path);
      } catch { /* it is gone */ }
    }
  }

  get #maxBytes(): number {
    return this.#options.maxBytes ?? 10_485_760;
  }
}

/** Where rotated files go, and how much of them is kept. */
interface RotatingFileOptions {
  /** Made with mode 0700 when it is not there. */
  readonly folder: string;
  /** The start of every file's name; files of other processes may share it. */
  readonly family: string;
  /** Sets this process's files apart from those of others. */
  readonly instance: string;
  /** Default 10 485 760. */
  readonly maxBytes?: number;
  /** Bytes of the whole family that are kept. Default ten full files. */
  readonly maxTotalBytes?: number;
  /** Files of the family that are kept, however short: one a start. Default 200. */
  readonly maxFiles?: number;
  /** Files of the family that were written longer ago go. Default: whatever their age. */
  readonly maxAgeMs?: number;
  readonly clock?: Clock;
}

/** The files of a family, and not those of one whose name only begins alike. */
function newestFirst(folder: string, family: string) {
  const files: { path: string; at: number; size: number }[] = [];
  try {
    for (const { name } of Deno.readDirSync(folder)) {
      const rest = name.startsWith(`${family}-`)
        ? name.slice(family.length + 1)
        : "";
      if (!/^[^-]+\.\d{4,}\.jsonl$/.test(rest)) continue;
      const path = join(folder, name);
      const { mtime, size } = Deno.statSync(path);
      files.push({ path, at: mtime?.getTime() ?? 0, size });
    }
  } catch { /* what could be read is enough */ }
  return files.sort((a, b) => b.at - a.at || b.path.localeCompare(a.path));
}
