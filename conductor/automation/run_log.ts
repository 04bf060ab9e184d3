import type { Clock } from "../../shared/clock.ts";
import { LineSplitter } from "../../shared/lines.ts";
import type { LogLevel } from "../../shared/log.ts";
import type { LogStream, NewLogLine } from "../store/mod.ts";
import type { OpenLine } from "./open_lines.ts";
import type { Claim } from "./run_ledger.ts";
import type { OutputStream } from "./run_outputs.ts";
import { SkippedText } from "./skipped_text.ts";

/** A longer line becomes several entries. */
const LINES = { maxChars: 65_536, longLines: "cut" } as const;
/** Beyond so many lines that wait, or so much text, lines are dropped … */
const MAX_LINES = 20_000;
const MAX_TEXT = 2_097_152;
/** Whether there is room is asked this often. */
const PIECE = 4096;

/**
 * The log of one run while it runs. It never holds up what it is told: when the
 * database does not keep up, whole lines are dropped, and the log says how many;
 * the last ones are never among them.
 */
export class RunLog {
  readonly claim: Claim;
  readonly #clock: Clock;
  readonly #onLine: () => void;
  readonly #onOpen: RunLogOptions["onOpen"];
  readonly #streams = new Map<LogStream, Stream>();
  #pending: NewLogLine[] = [];
  #text = 0;
  #dropped = 0;
  #ended = false;

  constructor(
    claim: Claim,
    options: RunLogOptions,
  ) {
    this.claim = claim;
    this.#clock = options.clock;
    this.#onLine = options.onLine;
    this.#onOpen = options.onOpen;
  }

  /** How many lines are not in the database yet. */
  get waiting(): number {
    return this.#pending.length;
  }

  /** How many lines were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The oldest lines that wait, at most `lines` and about `text` UTF-16 units. */
  first({ lines, text }: Share): readonly NewLogLine[] {
    return firstOf(this.#pending, { lines, text });
  }

  /** Forgets the oldest lines: they are written. */
  shift(count: number): void {
    for (const { message } of this.#pending.splice(0, count)) {
      this.#text -= message.length;
    }
    // … until half of the room is free again.
    const isRoomy = this.#pending.length <= MAX_LINES / 2 &&
      this.#text <= MAX_TEXT / 2;
    if (isRoomy) this.#resume();
  }

  /** Adds output; `place` is the byte that comes after it. */
  add(name: LogStream, text: string, place?: number): void {
    this.#streamOf(name).place = place;
    for (let at = 0; at < text.length; at += PIECE) {
      this.#add(name, text.slice(at, at + PIECE));
    }
    if (name !== "system") this.open(name, this.#streamOf(name).splitter.open);
  }

  #add(name: LogStream, text: string): void {
    if (this.#ended) return;
    const stream = this.#streamOf(name);
    if (stream.skipped === undefined && this.#isFull()) {
      stream.skipped = new SkippedText(stream.splitter.end());
    }
    if (stream.skipped !== undefined) return stream.skipped.add(text);
    this.#split(name, text);
  }

  /** Shows what has come of a line that `add` is not told of before it ends. */
  open(stream: OutputStream, message: string): void {
    if (!this.#ended) this.#onOpen({ stream, message });
  }

  /** Tells that lines are left out. */
  skip(name: LogStream, lines: number): void {
    this.#dropped += lines;
    this.note(
      "warn",
      `log.dropped: ${lines} lines of ${name}, which came faster than the log is written`,
    );
  }

  /** Adds a line of conductor's own. */
  note(level: LogLevel, message: string): void {
    if (this.#ended) return;
    // It has twice the room of output, so that it is nearly always told.
    if (this.#pending.length >= 2 * MAX_LINES) this.#dropped++;
    else this.#push({ stream: "system", message, level });
  }

  /** Takes what has not ended a line for one: nothing more is printed. */
  endOutput(): void {
    if (this.#ended) return;
    for (const [name, stream] of this.#streams) {
      if (stream.skipped !== undefined) {
        this.#goOn(name, stream.skipped.end());
      }
      const message = stream.splitter.end();
      if (message === "") continue;
      this.#push({ stream: name, message, level: LEVELS[name] });
    }
  }

  /** Ends the log. Returns the lines that are still to be written. */
  end(): readonly NewLogLine[] {
    this.endOutput();
    this.#ended = true;
    return this.#pending;
  }

  #resume(): void {
    for (const [name, { skipped }] of this.#streams) {
      const text = skipped?.take();
      if (text !== undefined) this.#goOn(name, text);
    }
  }

  #goOn(name: LogStream, text: string): void {
    const stream = this.#streamOf(name);
    const lines = stream.skipped?.lines ?? 0;
    stream.skipped = undefined;
    if (lines > 0) this.skip(name, lines);
    this.#split(name, text);
  }

  #split(name: LogStream, text: string): void {
    for (const message of this.#streamOf(name).splitter.push(text)) {
      this.#push({ stream: name, message, level: LEVELS[name] });
    }
  }

  #push(line: Omit<NewLogLine, "at">): void {
    // SQLite's C interface ends a text at its first NUL.
    const message = line.message.replaceAll("\0", "\u{fffd}");
    const place = this.#streams.get(line.stream)?.place;
    this.#pending.push({ ...line, message, place, at: this.#clock.now() });
    this.#text += message.length;
    this.#onLine();
  }

  #isFull(): boolean {
    return this.#pending.length >= MAX_LINES || this.#text >= MAX_TEXT;
  }

  #streamOf(name: LogStream): Stream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = {
        splitter: new LineSplitter(LINES),
        skipped: undefined,
        place: undefined,
      };
      this.#streams.set(name, stream);
    }
    return stream;
  }
}

interface RunLogOptions {
  readonly clock: Clock;
  readonly onLine: () => void;
  /** Told what has come of the line that is being written. */
  readonly onOpen: (line: Omit<OpenLine, "run_id">) => void;
}

interface Stream {
  readonly splitter: LineSplitter;
  /** What came since the log was full. */
  skipped: SkippedText | undefined;
  /** Of what came last. */
  place: number | undefined;
}

/** How much is written at once. */
export interface Share {
  readonly lines: number;
  readonly text: number;
}

/** Returns the first lines, at least one, that are within the share. */
export function firstOf(
  all: readonly NewLogLine[],
  share: Share,
): readonly NewLogLine[] {
  let count = 0;
  let text = 0;
  while (count < share.lines && count < all.length && text < share.text) {
    text += all[count++]?.message.length ?? 0;
  }
  return all.slice(0, count);
}

const LEVELS: Readonly<Record<LogStream, LogLevel>> = {
  stdout: "info",
  stderr: "warn",
  system: "info",
};
