import { type Clock, isoTime } from "../../shared/clock.ts";
import { type KeptFile, LineFiles } from "../../shared/line_files.ts";
import type { Gap } from "../../shared/page.ts";
import { within } from "../../shared/wait.ts";
import {
  type EventLine,
  eventLine,
  type NewEvent,
  parseEventLine,
} from "./event_line.ts";

/** Events and characters that are kept in memory for who is nearly up to date. */
const MEMORY_EVENTS = 2048;
const MEMORY_CHARS = 4_194_304;
/** Events handed over at once. */
const BATCH = 256;
/** So that events of a quiet time become too old one day, too. */
const MAX_SEGMENT_MS = 86_400_000;
/** A segment is named by the number of its first event. */
const SEGMENT = /^events-(\d{16})\.jsonl$/;

/**
 * Every event, numbered without end. An event is on disk before anybody sees
 * it, so that its number is never given again, also after a kill -9.
 */
export class EventLog implements Disposable {
  readonly #options: EventLogOptions;
  readonly #segments: LineFiles;
  readonly #memory: EventLine[] = [];
  #memoryChars = 0;
  #lastSeq = 0;
  #news = Promise.withResolvers<void>();

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.#segments = new LineFiles({
      ...options,
      pattern: SEGMENT,
      maxBytes: options.segmentBytes ?? 8_388_608,
      maxTotalBytes: options.maxBytes ?? 134_217_728,
      maxFillMs: MAX_SEGMENT_MS,
    });
    const newest = this.#segments.kept.at(-1);
    if (newest !== undefined) {
      this.#lastSeq = lastSeqIn(newest);
      this.#segments.open(newest.name);
    }
    this.removeOld();
  }

  /** Of the newest event; 0 before the first. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Of the oldest event that is kept. */
  get firstSeq(): number {
    const [oldest] = this.#segments.kept;
    return Math.min(oldest?.place ?? Infinity, this.#memoryFirst);
  }

  /** Appends events, in order, and wakes who follows. */
  append(events: readonly NewEvent[]): void {
    if (events.length === 0) return;
    const at = isoTime(this.#options.clock.now());
    const first = this.#lastSeq + 1;
    const stored = events.map((event) =>
      eventLine(event, { seq: ++this.#lastSeq, at })
    );
    try {
      if (this.#segments.isFull) {
        const name = String(first).padStart(16, "0");
        this.#segments.open(`events-${name}.jsonl`);
      }
      this.#segments.write(stored.map((it) => it.json));
      if (this.#segments.isFull) this.removeOld();
    } catch (error) {
      this.#options.onError(error);
    }
    for (const event of stored) this.#remember(event);
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  /**
   * Yields events behind `after`, oldest first, then those that come, until
   * `signal` aborts. What is not there is told by a `gap` event.
   */
  async *follow(
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly EventLine[]> {
    const { clock } = this.#options;
    let seen = after;
    while (!signal.aborted) {
      if (seen === this.#lastSeq) {
        await within(this.#news.promise, { clock, signal });
      } else if (seen > this.#lastSeq) {
        // Of numbers that were never given, the gap is all that was waited for.
        const missing = { from_seq: this.#lastSeq + 1, to_seq: seen };
        seen = this.#lastSeq;
        yield [this.#gap(missing, seen)];
      } else if (seen + 1 >= this.#memoryFirst) {
        const begin = seen + 1 - this.#memoryFirst;
        const batch = this.#memory.slice(begin, begin + BATCH);
        seen += batch.length;
        yield batch;
      } else {
        const before = seen;
        for await (const lines of this.#segments.read(seen + 1)) {
          const batch = this.#parse(lines, seen);
          seen = batch.at(-1)?.seq ?? seen;
          if (batch.length > 0) yield batch;
          if (signal.aborted || seen + 1 >= this.#memoryFirst) break;
        }
        if (seen > before) continue;
        // What the disk should hold and does not is missing too.
        seen = this.#memoryFirst - 1;
        yield [this.#gap({ from_seq: before + 1, to_seq: seen })];
      }
    }
  }

  /** Removes what is beyond the limits, by whole segments. */
  removeOld(): void {
    const needed = this.#lastSeq - this.#options.maxEvents + 1;
    this.#segments.removeOldest({ needed });
  }

  [Symbol.dispose](): void {
    this.#segments[Symbol.dispose]();
  }

  get #memoryFirst(): number {
    return this.#lastSeq - this.#memory.length + 1;
  }

  #remember(event: EventLine): void {
    this.#memory.push(event);
    this.#memoryChars += event.json.length;
    while (
      this.#memory.length > MEMORY_EVENTS ||
      (this.#memoryChars > MEMORY_CHARS && this.#memory.length > 1)
    ) this.#memoryChars -= this.#memory.shift()?.json.length ?? 0;
  }

  /**
   * Returns the events behind `after` that memory has lost, with a gap for what
   * is missing among them.
   */
  #parse(lines: readonly string[], after: number): EventLine[] {
    const events: EventLine[] = [];
    let next = after + 1;
    for (const event of lines.map(parseEventLine)) {
      if (event === undefined || event.seq < next) continue;
      if (event.seq >= this.#memoryFirst) break;
      const missing = { from_seq: next, to_seq: event.seq - 1 };
      if (event.seq > next) events.push(this.#gap(missing));
      events.push(event);
      next = event.seq + 1;
    }
    return events;
  }

  /** Stands for what is missing; who resumes behind it goes on with what is kept. */
  #gap(gap: Gap, seq = gap.to_seq): EventLine {
    const at = isoTime(this.#options.clock.now());
    const event = { session_id: null, turn_id: null, data: gap };
    return eventLine({ ...event, type: "gap" }, { seq, at });
  }
}

interface EventLogOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Of all segments. Default 134 217 728. */
  readonly maxBytes?: number;
  /** A segment that is full is followed by another. Default 8 388 608. */
  readonly segmentBytes?: number;
  readonly maxAgeMs: number;
  /** Whole segments are removed, so a few more may be kept. */
  readonly maxEvents: number;
  /** Told when the disk refuses; events still reach who listens. */
  onError(error: unknown): void;
}

/** Returns the number of the last event in a segment that can be read. */
function lastSeqIn({ path, place }: KeptFile): number {
  const lines = Deno.readTextFileSync(path).split("\n");
  // A kill may have cut the last one.
  const last = lines.findLast((it) => parseEventLine(it) !== undefined);
  return parseEventLine(last ?? "")?.seq ?? place - 1;
}
