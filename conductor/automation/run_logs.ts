import type { Clock, Timer } from "../../shared/clock.ts";
import { LineSplitter } from "../../shared/lines.ts";
import type { Logger, LogLevel } from "../../shared/log.ts";
import type { LogStream, NewLogLine, Stores } from "../store/mod.ts";
import type { Leadership } from "./leadership.ts";
import type { Claim } from "./run_ledger.ts";

/** A longer line becomes several entries. */
const LINES = { maxChars: 65_536, longLines: "cut" } as const;
const FLUSH_MS = 50;
const RETRY_MS = 1000;
/** A batch is written before its time when it reaches this many lines … */
const FLUSH_LINES = 500;
/** … or this much text, in UTF-16 units. */
const FLUSH_TEXT = 262_144;
/** What adding a line gives while there is room for more. */
export const ROOM = Promise.resolve();

/**
 * Gathers the lines of all runs and writes them in batches, one transaction a
 * batch: a disk flush costs the same for one line and for hundreds.
 */
export class RunLogs {
  readonly #options: RunLogsOptions;
  readonly #open = new Set<RunLog>();
  #lines = 0;
  #text = 0;
  #timer: Timer | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(options: RunLogsOptions) {
    this.#options = options;
  }

  /** Starts the log of a run. */
  open(claim: Claim): RunLog {
    const log = new RunLog(claim, this.#options.clock, {
      added: (text) => this.#added(text),
      ended: (lines) => this.#ended(log, lines),
    });
    this.#open.add(log);
    return log;
  }

  /** Stores lines; a part of a transaction that the caller holds. */
  store({ claim, lines }: PendingLines): void {
    this.#options.logs.append(
      { taskSeq: claim.task.seq, runSeq: claim.run.seq },
      lines,
    );
  }

  #added(text: string): Promise<void> {
    this.#lines++;
    this.#text += text.length;
    const isFull = this.#lines >= FLUSH_LINES || this.#text >= FLUSH_TEXT;
    if (isFull && this.#room === undefined) this.#flush();
    else this.#timer ??= this.#flushAfter(FLUSH_MS);
    return this.#room?.promise ?? ROOM;
  }

  #ended(log: RunLog, lines: readonly NewLogLine[]): void {
    this.#open.delete(log);
    this.#lines -= lines.length;
    for (const { message } of lines) this.#text -= message.length;
    if (this.#lines > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#makeRoom();
  }

  #flushAfter(ms: number): Timer {
    return this.#options.clock.after(ms, () => this.#flush());
  }

  #flush(): void {
    const { leadership, log } = this.#options;
    this.#timer?.cancel();
    this.#timer = undefined;
    const waiting = [...this.#open].filter((it) => it.pending.length > 0);
    try {
      leadership.write(({ term }) => {
        for (const { claim, pending } of waiting) {
          // A run of an earlier term was given up with that term.
          if (claim.fence.term !== term) continue;
          this.store({ claim, lines: pending });
        }
      });
    } catch (error) {
      if (this.#room === undefined) {
        log.warn("Cannot write task logs; output waits", { error });
      }
      this.#room ??= Promise.withResolvers();
      this.#timer = this.#flushAfter(RETRY_MS);
      return;
    }
    for (const it of waiting) it.clear();
    this.#lines = 0;
    this.#text = 0;
    this.#makeRoom();
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}

/** Lines that wait to be written. */
export interface PendingLines {
  readonly claim: Claim;
  readonly lines: readonly NewLogLine[];
}

interface RunLogsOptions extends Pick<Stores, "logs"> {
  readonly leadership: Pick<Leadership, "write">;
  readonly clock: Clock;
  readonly log: Logger;
}

interface RunLogEvents {
  added(text: string): Promise<void>;
  ended(lines: readonly NewLogLine[]): void;
}

/** The log of one run while it runs. */
export class RunLog {
  readonly claim: Claim;
  readonly #clock: Clock;
  readonly #events: RunLogEvents;
  readonly #splitters = new Map<LogStream, LineSplitter>();
  #pending: NewLogLine[] = [];
  #ended = false;

  constructor(claim: Claim, clock: Clock, events: RunLogEvents) {
    this.claim = claim;
    this.#clock = clock;
    this.#events = events;
  }

  /** Lines that are not in the database yet. */
  get pending(): readonly NewLogLine[] {
    return this.#pending;
  }

  clear(): void {
    this.#pending = [];
  }

  /** Adds output; resolves when there is room for more. */
  add(stream: LogStream, text: string): Promise<void> {
    let splitter = this.#splitters.get(stream);
    if (splitter === undefined) {
      splitter = new LineSplitter(LINES);
      this.#splitters.set(stream, splitter);
    }
    let room = ROOM;
    for (const message of splitter.push(text)) {
      room = this.#push({ stream, message, level: LEVELS[stream] });
    }
    return room;
  }

  /** Adds a line of conductor's own. */
  note(level: LogLevel, message: string): void {
    void this.#push({ stream: "system", message, level });
  }

  /** Ends the log. Returns the lines that the caller is to store. */
  end(): PendingLines {
    for (const [stream, splitter] of this.#splitters) {
      const message = splitter.end();
      if (message === "") continue;
      void this.#push({ stream, message, level: LEVELS[stream] });
    }
    this.#ended = true;
    const lines = this.#pending;
    this.#events.ended(lines);
    return { claim: this.claim, lines };
  }

  #push(line: Omit<NewLogLine, "at">): Promise<void> {
    if (this.#ended) return ROOM;
    // SQLite's C interface ends a text at its first NUL.
    const message = line.message.replaceAll("\0", "\u{fffd}");
    this.#pending.push({ ...line, message, at: this.#clock.now() });
    return this.#events.added(message);
  }
}

const LEVELS: Readonly<Record<LogStream, LogLevel>> = {
  stdout: "info",
  stderr: "warn",
  system: "info",
};
