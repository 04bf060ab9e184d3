import { isoTime } from "../../shared/clock.ts";
import type { Gap } from "../../shared/page.ts";
import { within } from "../../shared/wait.ts";
import { EventSegments, type SegmentOptions } from "./event_segments.ts";
import { type EventLine, eventLine, type NewEvent } from "./event_line.ts";

/** Events and characters that are kept in memory for who is nearly up to date. */
const MEMORY_EVENTS = 2048;
const MEMORY_CHARS = 4_194_304;
/** Events handed over at once. */
const BATCH = 256;

/**
 * Every event, numbered without end. An event is on disk before anybody sees
 * it, so that its number is never given again, also after a kill -9.
 */
export class EventLog implements Disposable {
  readonly #options: EventLogOptions;
  readonly #segments: EventSegments;
  readonly #memory: EventLine[] = [];
  #memoryChars = 0;
  #lastSeq: number;
  #news = Promise.withResolvers<void>();

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.#segments = new EventSegments(options);
    this.#lastSeq = this.#segments.lastSeq;
  }

  /** Of the newest event; 0 before the first. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Of the oldest event that is kept. */
  get firstSeq(): number {
    return Math.min(this.#segments.firstSeq, this.#memoryFirst);
  }

  /** Appends events, in order, and wakes who follows. */
  append(events: readonly NewEvent[]): void {
    if (events.length === 0) return;
    const at = isoTime(this.#options.clock.now());
    const stored = events.map((event) =>
      eventLine(event, { seq: ++this.#lastSeq, at })
    );
    try {
      this.#segments.append(stored);
    } catch (error) {
      this.#options.onError(error);
    }
    for (const event of stored) this.#remember(event);
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  /**
   * Yields events behind `after`, oldest first, then those that come, until
   * `signal` aborts. What is no longer kept is told by a `gap` event.
   */
  async *follow(
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly EventLine[]> {
    const { clock } = this.#options;
    let seen = after;
    while (!signal.aborted) {
      if (seen > this.#lastSeq || seen + 1 < this.firstSeq) {
        const gap = this.#gap(seen, this.firstSeq);
        yield [gap];
        seen = gap.seq;
      } else if (seen === this.#lastSeq) {
        await within(this.#news.promise, { clock, signal });
      } else if (seen + 1 >= this.#memoryFirst) {
        const begin = seen + 1 - this.#memoryFirst;
        const batch = this.#memory.slice(begin, begin + BATCH);
        yield batch;
        seen += batch.length;
      } else {
        const before = seen;
        for await (const batch of this.#segments.read(seen)) {
          yield batch;
          seen = batch.at(-1)?.seq ?? seen;
          if (signal.aborted || seen + 1 >= this.#memoryFirst) break;
        }
        // What the disk should hold and does not is missing too.
        if (seen === before && seen + 1 >= this.#segments.firstSeq) {
          const gap = this.#gap(seen, this.#memoryFirst);
          yield [gap];
          seen = gap.seq;
        }
      }
    }
  }

  /** Removes what is older than its age limit. */
  removeOld(): void {
    this.#segments.removeOld();
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

  /** Stands for what is missing before `first`; who resumes behind it goes on with what is kept. */
  #gap(after: number, first: number): EventLine {
    const ahead = after > this.#lastSeq;
    const seq = ahead ? this.#lastSeq : first - 1;
    // Of numbers that were never given, the gap is all that was waited for.
    const gap: Gap = ahead
      ? { from_seq: seq + 1, to_seq: after }
      : { from_seq: after + 1, to_seq: seq };
    return eventLine({
      session_id: null,
      turn_id: null,
      type: "gap",
      data: gap,
    }, { seq, at: isoTime(this.#options.clock.now()) });
  }
}

export interface EventLogOptions extends SegmentOptions {
  /** Told when the disk refuses; events still reach who listens. */
  onError(error: unknown): void;
}
