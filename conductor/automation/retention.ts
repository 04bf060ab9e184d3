import type { Clock, Timer } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import type { Database, FinishedTask, Stores } from "../store/mod.ts";
import type { Leadership } from "./leadership.ts";

const DAY_MS = 86_400_000;
const SWEEP_MS = 60_000;
/** Between two batches everybody else has a turn. */
const PAUSE_MS = 5;
/** What one transaction removes at most: a few milliseconds. */
const BATCH = 500;
const TASK_BATCH = 20;

/**
 * Removes what is too old or too much, oldest first, in small transactions, and
 * gives the space back to the disk.
 * Tasks that have not ended, and their logs, are never touched.
 */
export class Retention {
  readonly #options: RetentionOptions;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Sweeps now and then, from now on. */
  start(): void {
    this.#sweepAfter(0);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #sweepAfter(ms: number): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(ms, () => {
      this.#sweepAfter(this.#sweep() ? PAUSE_MS : SWEEP_MS);
    });
  }

  /** Removes one batch; true when there may be more to remove. */
  #sweep(): boolean {
    const { leadership, db, isBackingUp, log } = this.#options;
    // What is removed while a copy is read makes the log beside the file grow.
    if (!leadership.isLeader || isBackingUp?.()) return false;
    try {
      return leadership.write(() => this.#removeBatch()) || db.giveBack();
    } catch (error) {
      log.warn("Cannot apply the retention now", { error });
      return false;
    }
  }

  #removeBatch(): boolean {
    const { clock, days, rows, events, audit, notifications } = this.#options;
    const now = clock.now();
    const before = now - days * DAY_MS;
    const until = now + days * DAY_MS;
    const limits = { before, until, keep: rows, limit: BATCH };
    let tasks = 0;
    while (tasks < TASK_BATCH && this.#removeTask(before)) tasks++;
    return tasks > 0 || this.#removeLogs() ||
      events.trim(limits) > 0 || audit.trim(limits) > 0 ||
      notifications.trim(before) > 0;
  }

  /** The finished task that goes next, its log before it. */
  #removeTask(before: number): boolean {
    const { tasks, counters, rows } = this.#options;
    const oldest = tasks.oldestFinished();
    if (oldest === undefined) return false;
    const isTooMany = counters.finishedTasks() > rows;
    if (oldest.finished_at >= before && !isTooMany) return false;
    if (oldest.log_lines > BATCH) return this.#trim(oldest, BATCH);
    if (oldest.log_lines > 0) this.#trim(oldest, BATCH);
    tasks.deleteFinished(oldest.seq);
    return true;
  }

  #removeLogs(): boolean {
    const { tasks, counters, rows } = this.#options;
    const excess = counters.logLines() - rows;
    const oldest = excess > 0 ? tasks.oldestFinishedWithLogs() : undefined;
    if (oldest === undefined) return false;
    return this.#trim(oldest, Math.min(excess, BATCH));
  }

  #trim(task: FinishedTask, limit: number): boolean {
    return this.#options.logs.trim(task.seq, limit) > 0;
  }
}

interface RetentionOptions extends
  Pick<
    Stores,
    "tasks" | "logs" | "counters" | "events" | "audit" | "notifications"
  > {
  readonly db: Pick<Database, "giveBack">;
  readonly leadership: Pick<Leadership, "isLeader" | "write">;
  readonly isBackingUp?: () => boolean;
  /** Age limit of finished tasks with their logs, of events and of audit rows. */
  readonly days: number;
  /** Count limit of finished tasks, log lines, events and audit rows, each. */
  readonly rows: number;
  readonly clock: Clock;
  readonly log: Logger;
}
