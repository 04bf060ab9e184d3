import { isoTime } from "../../shared/clock.ts";
import {
  dueKey,
  type Mode,
  type NewTask,
  type ScheduleRow,
  type Stores,
} from "../store/mod.ts";
import { DueTimes } from "./due_times.ts";
import type { TaskService } from "./task_service.ts";

/** No timer is so exact that less could be kept. */
const LEAST_GRACE_MS = 1000;
const KNOWN_PATTERNS = 1000;

/**
 * Decides what becomes of the due times of a schedule: a task, a miss, or
 * nothing because an earlier task has not ended. Each decision is a part of the
 * caller's transaction, which is fenced by the lease, and moves `next_at` on
 * with it: whatever crashes, no due time is decided twice, and none never.
 */
export class ScheduleKeeper {
  readonly #options: ScheduleKeeperOptions;
  readonly #times = new Map<string, DueTimes>();

  constructor(options: ScheduleKeeperOptions) {
    this.#options = options;
  }

  /** @throws {AppError} `INVALID_INPUT` naming `cron` or `timezone` */
  timesOf(
    { cron, timezone }: Pick<ScheduleRow, "cron" | "timezone">,
  ): DueTimes {
    const key = `${timezone} ${cron}`;
    let times = this.#times.get(key);
    if (times === undefined) {
      times = new DueTimes(cron, timezone);
      if (this.#times.size >= KNOWN_PATTERNS) this.#times.clear();
      this.#times.set(key, times);
    }
    return times;
  }

  /**
   * Decides the due times up to `now`, of very many the first `limit`. Returns
   * how many they were.
   */
  decide(
    row: ScheduleRow,
    { now, mode, limit }: {
      readonly now: number;
      readonly mode: Mode;
      readonly limit: number;
    },
  ): number {
    const times = this.timesOf(row);
    const latest = now - Math.max(row.grace_ms, LEAST_GRACE_MS);
    const missed: number[] = [];
    const inTime: number[] = [];
    let next = row.next_at;
    while (
      next !== null && next <= now && missed.length + inTime.length < limit
    ) {
      (mode === "draining" || next < latest ? missed : inTime).push(next);
      next = times.next(next) ?? null;
    }
    let state = withMissed(row, missed);
    // An outage longer than one look is told when its end is known.
    if (next === null || next > now || inTime.length > 0) {
      state = mode === "draining"
        ? this.#tellDrain(state, now)
        : this.#endOutage(state, now);
    }
    state = this.#start(state, inTime, now);
    this.#options.schedules.decide({ ...state, next_at: next });
    return missed.length + inTime.length;
  }

  /** Tells what is not told yet of an outage; what follows is another one. */
  close(row: ScheduleRow, now: number): void {
    this.#tell(row, { now, reason: "draining", task_id: null });
    this.#options.schedules.decide({ ...row, missed_told: null });
  }

  /** A drain may last: its first miss is told at once, the others at its end. */
  #tellDrain(row: ScheduleRow, now: number): ScheduleRow {
    if (row.missed_told !== 0) return row;
    this.#tell(row, { now, reason: "draining", task_id: null });
    return { ...row, missed_told: row.missed_count };
  }

  /** Tells an outage that is over, and makes the one task of it. */
  #endOutage(row: ScheduleRow, now: number): ScheduleRow {
    const { missed_to, missed_told } = row;
    if (missed_to === null || missed_told === null) return row;
    const after = row.misfire === "run_once" && this.#blocker(row) === undefined
      ? this.#queue(row, missed_to, now)
      : row;
    const task_id = after === row ? null : after.last_task_id;
    const reason = missed_told === 0 ? "late" : "draining";
    this.#tell(row, { now, reason, task_id });
    return { ...after, missed_told: null };
  }

  #tell(
    { name, missed_from, missed_to, missed_count, ...row }: ScheduleRow,
    { now, reason, task_id }: {
      readonly now: number;
      readonly reason: "late" | "draining";
      readonly task_id: string | null;
    },
  ): void {
    const told = row.missed_told ?? missed_count;
    if (missed_from === null || missed_to === null) return;
    if (told === missed_count) return;
    const times = this.timesOf(row);
    let from = missed_from;
    for (let i = 0; i < told; i++) from = times.next(from) ?? missed_to;
    this.#options.events.append("schedule.missed", {
      schedule: name,
      from: isoTime(from),
      to: isoTime(missed_to),
      count: missed_count - told,
      reason,
      task_id,
    }, now);
  }

  /** Makes the tasks of due times, until one has not ended. */
  #start(row: ScheduleRow, due: readonly number[], now: number): ScheduleRow {
    for (const [index, at] of due.entries()) {
      const blocker = this.#blocker(row);
      if (blocker === undefined) row = this.#queue(row, at, now);
      else {
        this.#options.events.append("schedule.skipped", {
          schedule: row.name,
          from: isoTime(at),
          to: isoTime(due.at(-1) ?? at),
          count: due.length - index,
          task_id: blocker,
        }, now);
        break;
      }
    }
    return row;
  }

  /** The task that has not ended, and that the next one does not go beside. */
  #blocker({ name, overlap }: ScheduleRow): string | undefined {
    return this.#options.tasks.unfinishedOf(name)
      .find(({ status }) => overlap === "skip" || status === "queued")?.task_id;
  }

  /** Queues the task of a due time, unless there was one before. */
  #queue(row: ScheduleRow, dueAt: number, now: number): ScheduleRow {
    const { tasks, taskService } = this.#options;
    const key = dueKey(row.name, dueAt);
    if (tasks.findByKey(key) !== undefined) return row;
    const task = templateOf(row);
    const { task_id } = taskService.add(task, {
      at: now,
      idempotency: { key },
    });
    return { ...row, last_task_id: task_id, last_due_at: dueAt };
  }
}

interface ScheduleKeeperOptions
  extends Pick<Stores, "schedules" | "tasks" | "events"> {
  readonly taskService: Pick<TaskService, "add">;
}

/** Returns what each due time of a schedule makes. */
export function templateOf(
  { template, payload }: Pick<ScheduleRow, "template" | "payload">,
): NewTask {
  return { ...JSON.parse(template), payload: JSON.parse(payload) };
}

/** Adds to the outage that goes on, or begins one. */
function withMissed(row: ScheduleRow, due: readonly number[]): ScheduleRow {
  const [from] = due;
  if (from === undefined) return row;
  const goesOn = row.missed_told !== null;
  return {
    ...row,
    missed_from: goesOn ? row.missed_from : from,
    missed_to: due.at(-1) ?? from,
    missed_count: (goesOn ? row.missed_count : 0) + due.length,
    missed_total: row.missed_total + due.length,
    missed_told: row.missed_told ?? 0,
  };
}
