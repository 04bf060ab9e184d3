import { type Clock, systemClock, type Timer } from "./clock.ts";
import { LineFiles } from "./line_files.ts";
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
  readonly #files: LineFiles;
  #number = 0;
  #pending: string[] = [];
  #pendingChars = 0;
  #timer: Timer | undefined;
  #dropped = 0;
  #checkedAt = 0;

  constructor(options: RotatingFileOptions) {
    const {
      family,
      maxBytes = 10_485_760,
      maxTotalBytes = 10 * maxBytes,
      maxFiles = 200,
      maxAgeMs = Infinity,
      clock = systemClock,
    } = options;
    this.#options = options;
    this.#clock = clock;
    this.#files = new LineFiles({
      ...options,
      // A dash ends the family's name.
      pattern: new RegExp(`^${RegExp.escape(family)}-[^-]+\\.\\d{4,}\\.jsonl$`),
      maxBytes,
      maxTotalBytes,
      maxFiles,
      maxAgeMs,
      clock,
    });
    this.#open();
    this.#removeOldest();
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
      if (this.#files.isFull) this.#open();
      this.#files.write(lines);
    } catch {
      this.#dropped += lines.length;
    }
    const isLongAgo = this.#clock.now() - this.#checkedAt > AGE_CHECK_MS;
    if (this.#files.isFull || isLongAgo) this.#removeOldest();
  }

  [Symbol.dispose](): void {
    this.flush();
    this.#files[Symbol.dispose]();
  }

  #open(): void {
    const { family, instance } = this.#options;
    const number = String(++this.#number).padStart(4, "0");
    const name = instance.replaceAll("-", "_");
    this.#files.open(`${family}-${name}.${number}.jsonl`);
  }

  #removeOldest(): void {
    this.#checkedAt = this.#clock.now();
    this.#files.removeOldest();
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
