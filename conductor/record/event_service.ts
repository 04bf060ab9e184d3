import type { Clock } from "../../shared/clock.ts";
import type { StreamEvent } from "../../shared/http/mod.ts";
import type { Logger } from "../../shared/log.ts";
import type { Gap } from "../../shared/page.ts";
import type { Database, EventData, EventType, Stores } from "../store/mod.ts";
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
    const { db, events, clock, log } = this.#options;
    try {
      db.write(() => events.append(type, data, clock.now()));
    } catch (error) {
      log.warn("Cannot record an event", { type, error });
    }
  }

  /** Where a follower starts that wants the last `count` events first. */
  tail(count: number): number {
    const { first, last } = this.#options.events.bounds();
    return Math.max(first - 1, last - count);
  }

  /**
   * Gives the events after `after` as they come, until `signal` aborts. When
   * some of them are gone, a gap says so first.
   */
  async *follow(
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<StreamEvent> {
    // A place that was never reached is another database's: a backup came back.
    let seq = Math.min(after, this.#options.events.bounds().last);
    while (!signal.aborted) {
      const events = this.#options.events.after(seq, BATCH);
      const { first, last } = this.#options.events.bounds();
      const next = events[0]?.seq ?? first;
      // Numbers are given in order and removed from the old end only.
      if (next > seq + 1 && seq < last) {
        const gap: Gap = { from_seq: seq + 1, to_seq: next - 1 };
        yield { event: "gap", id: gap.to_seq, data: gap };
        seq = gap.to_seq;
      }
      for (const event of events) {
        seq = event.seq;
        yield { event: event.type, id: seq, data: event };
      }
      if (events.length === 0) await this.#options.feed.wait(signal);
    }
  }
}

interface EventServiceOptions extends Pick<Stores, "events"> {
  readonly db: Pick<Database, "write">;
  readonly feed: ChangeFeed;
  readonly clock: Clock;
  readonly log: Logger;
}
