import type { Clock, Timer } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import type { Stores } from "../store/mod.ts";
import type { Leadership } from "./leadership.ts";
import type { ScheduleKeeper } from "./schedule_keeper.ts";

/** When the database did not answer. */
const RETRY_MS = 1000;
/** A wall clock may be set, and a machine sleep: no wait is longer than this. */
const LONGEST_SLEEP_MS = 5000;
/** What one transaction decides at most: a few milliseconds. */
const BATCH = 50;
const BATCH_DUE_TIMES = 1000;

/**
 * Has due times decided while this process leads, each at its time. One timer
 * for all schedules; it looks into the database when one is due, or when woken.
 */
export class ScheduleTimer {
  readonly #options: ScheduleTimerOptions;
  #timer: Timer | undefined;
  /** When the next due time is; undefined: to be looked up. */
  #next: number | undefined;
  #stopped = false;

  constructor(options: ScheduleTimerOptions) {
    this.#options = options;
  }

  /** Looks again soon: a schedule, the mode or the leader has changed. */
  wake(): void {
    this.#next = undefined;
    this.#sleep(0);
  }

  /** Decides nothing any more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #sleep(ms: number): void {
    this.#timer?.cancel();
    if (this.#stopped || ms === Infinity) return;
    const sleep = Math.min(Math.max(0, ms), LONGEST_SLEEP_MS);
    this.#timer = this.#options.clock.after(sleep, () => this.#tick());
  }

  #tick(): void {
    const { leadership, clock, log } = this.#options;
    if (!leadership.stillLeads()) return;
    const now = clock.now();
    try {
      if (this.#next === undefined || this.#next <= now) {
        this.#next = leadership.write(() => this.#decide(now));
        this.#options.onQueued();
      }
      this.#sleep(this.#next - clock.now());
    } catch (error) {
      log.warn("Cannot decide what is due now", { error });
      this.#next = undefined;
      this.#sleep(RETRY_MS);
    }
  }

  /** Decides a batch. Returns when the next due time is. */
  #decide(now: number): number {
    const { automation, schedules, keeper } = this.#options;
    const { mode } = automation.get();
    const rows = schedules.due(now, BATCH);
    // What a drain let pass is settled when it is over.
    const open = mode === "draining" ? [] : schedules.missing();
    const names = new Set(rows.map(({ name }) => name));
    rows.unshift(...open.filter(({ name }) => !names.has(name)));
    let left = BATCH_DUE_TIMES;
    for (const row of rows) {
      if (left > 0) left -= keeper.decide(row, { now, mode, limit: left });
    }
    return schedules.nextDue() ?? Infinity;
  }
}

interface ScheduleTimerOptions
  extends Pick<Stores, "automation" | "schedules"> {
  readonly leadership: Pick<Leadership, "stillLeads" | "write">;
  readonly keeper: Pick<ScheduleKeeper, "decide">;
  /** Called when there may be new tasks. */
  readonly onQueued: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}
