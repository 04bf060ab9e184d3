import { type Clock, systemClock, type Timer } from "./clock.ts";
import { LineFiles } from "./line_files.ts";
import type { LogSink } from "./log.ts";

const FLUSH_MS = 50;
const FLUSH_BYTES = 65_536;
/** A file in which nothing was written for so long is not gone on with; one with an age to reach is full then. */
const DAY_MS = 86_400_000;
/** A file's name tells where it begins in the whole of its family, in so many bytes. */
export const PLACE_BYTES = 64;
/** However short they are; an earlier version began one at each start. */
const MOST_FILES = 200;
/** How often files are looked for that have become too old. */
const AGE_CHECK_MS = 3_600_000;

/**
 * A log file that starts anew when it is full; the oldest of its family are
 * removed. Each start goes on where the last one ended, and processes of one
 * name share the file, so that whatever is written has one order. Lines are written in batches, urgent ones at once. When the disk
 * refuses, lines are dropped and counted: a log must not stop its daemon.
 */
export class RotatingFile implements LogSink, Disposable {
  readonly #family: string;
  readonly #clock: Clock;
  readonly #files: LineFiles;
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
      maxAgeMs = Infinity,
      clock = systemClock,
    } = options;
    this.#family = family;
    this.#clock = clock;
    this.#files = new LineFiles({
      ...options,
      pattern: familyPattern(family),
      maxBytes,
      maxFillMs: maxAgeMs === Infinity ? Infinity : DAY_MS,
      maxTotalBytes,
      maxFiles: MOST_FILES,
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
    const newest = this.#files.newest;
    // Another process may have begun the next one already.
    const isYoung = newest !== undefined &&
      this.#clock.now() - newest.writtenAt < DAY_MS;
    if (isYoung && placePattern(this.#family).test(newest.name)) {
      this.#files.open(newest.name);
      if (!this.#files.isFull) return;
    }
    const ends = this.#files.kept.map((it) =>
      it.place + Math.max(1, Math.ceil(it.bytes / PLACE_BYTES))
    );
    const place = String(Math.max(0, ...ends)).padStart(12, "0");
    this.#files.open(`${this.#family}.${place}.jsonl`);
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
  /** The start of every file's name. */
  readonly family: string;
  /** Default 10 485 760. */
  readonly maxBytes?: number;
  /** Bytes of the whole family that are kept. Default ten full files. */
  readonly maxTotalBytes?: number;
  /** Files of the family that were written longer ago go. Default: whatever their age. */
  readonly maxAgeMs?: number;
  readonly clock?: Clock;
}

/** What the files of a family are called, with the place where each begins. */
export function placePattern(family: string): RegExp {
  return new RegExp(`^${RegExp.escape(family)}\\.(\\d{12,})\\.jsonl$`);
}

/** Those of an earlier version too, which had a dash and a word, and no places. */
function familyPattern(family: string): RegExp {
  return new RegExp(
    `^${RegExp.escape(family)}(?:-[^-]+)?\\.(\\d{4,})\\.jsonl$`,
  );
}
