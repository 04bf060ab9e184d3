import type { Clock } from "../../shared/clock.ts";
import type { StreamEvent } from "../../shared/http/mod.ts";
import type { Logger } from "../../shared/log.ts";
import type {
  Database,
  EventData,
  EventType,
  Poll,
  StoredEvent,
  Stores,
} from "../store/mod.ts";
import type { ChangeFeed } from "./change_feed.ts";

const BATCH = 200;

/** Tells what happens, as it happens. */
export class EventService {
  readonly #options: EventServiceOptions;

  constructor(options: EventServiceOptions) {
    this.#options = options;
  }

  /** Records something that stands for itself. Never throws. */
  record<T extends EventType>(type: T, data: EventData<T>): void {
    this.#write(type, (at) => this.#options.events.append(type, data, at));
  }

  /** Records what Codex asks, unless that was done before. Never throws. */
  recordAsked(data: EventData<"codex.approval_requested">): void {
    const { events } = this.#options;
    const type = "codex.approval_requested";
    this.#write(type, (at) => {
      if (!events.hasAsked(data.approval_id)) events.append(type, data, at);
    });
  }

  #write(type: EventType, append: (at: number) => void): void {
    const { db, clock, log } = this.#options;
    const at = clock.now();
    db.share(() => append(at)).catch((error) => {
      log.warn("Cannot record an event", { type, error });
    });
  }

  /** Where a reader starts that wants the last `count` events first. */
  tail(count: number): number {
    this.#options.db.flush();
    const { first, last } = this.#options.events.bounds();
    return Math.max(first - 1, last - count);
  }

  /** At most `limit` events after `after`, oldest first. */
  poll(after: number, limit: number): Poll<StoredEvent> {
    this.#options.db.flush();
    return this.#options.events.after(after, limit);
  }

  /**
   * Returns the number of the event after which a cursor goes on.
   * @throws {AppError} `INVALID_INPUT`
   */
  placeOf(cursor: string): number {
    return this.#options.events.placeOf(cursor);
  }

  /**
   * Gives the events after `after` as they come, until `signal` aborts. When
   * some of them are gone, a gap says so first.
   */
  async *follow(
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<StreamEvent> {
    let seq = after;
    while (!signal.aborted) {
      const { items, gap, last_seq } = this.poll(seq, BATCH);
      if (gap !== null) yield { event: "gap", id: gap.to_seq, data: gap };
      for (const event of items) {
        yield { event: event.type, id: event.seq, data: event };
      }
      seq = last_seq;
      // What came while the gap was told is looked for first.
      if (items.length === 0 && gap === null) {
        await this.#options.feed.wait(signal);
      }
    }
  }
}

interface EventServiceOptions extends Pick<Stores, "events"> {
  readonly db: Pick<Database, "share" | "flush">;
  readonly feed: ChangeFeed;
  readonly clock: Clock;
  readonly log: Logger;
}
