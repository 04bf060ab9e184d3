import { type Clock, isoTime } from "../../shared/clock.ts";
import {
  AppError,
  type InputIssue,
  invalidInput,
  invalidInputs,
} from "../../shared/errors.ts";
import { otherThan } from "../../shared/ids.ts";
import type { Principal } from "../../shared/http/mod.ts";
import { MASK } from "../../shared/mask_secrets.ts";
import type { PageRequest } from "../../shared/page.ts";
import {
  dueKey,
  type NewSchedule,
  type Page,
  type Schedule,
  type ScheduleRow,
  type ScheduleSummary,
  type Stores,
  type Task,
} from "../store/mod.ts";
import type { Leadership } from "./leadership.ts";
import { type ScheduleKeeper, templateOf } from "./schedule_keeper.ts";
import type { TaskService } from "./task_service.ts";

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const NAME_RULE =
  "must be 1 to 64 of a-z 0-9 . _ -, the first a letter or digit";
/** So many schedules are drawn, and the day in such pieces. */
const LANES = 8;
const QUARTER_MS = 900_000;
const QUARTERS = 96;

const MASKED =
  "must be the value itself: *** is what answers show in its place";

/** Defines, shows, runs and deletes schedules. */
export class ScheduleService {
  readonly #options: ScheduleServiceOptions;

  constructor(options: ScheduleServiceOptions) {
    this.#options = options;
  }

  /**
   * Defines a schedule, or defines it anew: with the same cron, time zone and
   * `enabled` its due times go on.
   * @throws {AppError} `INVALID_INPUT`, `SCOPE_REQUIRED` for a kind of task that
   * is not the caller's to make, `NOT_LEADER`
   */
  put(
    name: string,
    schedule: NewSchedule,
    by: Pick<Principal, "scopes">,
  ): { readonly schedule: Schedule; readonly created: boolean } {
    const { leadership, schedules, keeper, events, clock } = this.#options;
    if (!NAME.test(name)) throw invalidInput("name", NAME_RULE);
    this.#accept(schedule, by);
    const { enabled, ...rest } = schedule;
    const timezone = schedule.timezone ?? Temporal.Now.timeZoneId();
    const times = keeper.timesOf({ ...schedule, timezone });
    const put = leadership.write(() => {
      const now = clock.now();
      const earlier = this.#settled(name, now);
      const goesOn = earlier?.cron === schedule.cron &&
        earlier.timezone === timezone;
      const next = (goesOn ? earlier.next_at : null) ?? times.next(now);
      const next_at = enabled ? next ?? null : null;
      const definition = { ...rest, timezone, next_at };
      const change = earlier === undefined ? "created" : "updated";
      if (change === "created") schedules.insert(name, definition, now);
      else schedules.redefine(name, definition, now);
      events.append("schedule.changed", {
        schedule: name,
        change,
        next_at: next_at === null ? null : isoTime(next_at),
      }, now);
      return { row: this.#row(name), created: change === "created" };
    });
    this.#options.onChange();
    return { schedule: schedules.show(put.row), created: put.created };
  }

  /** @throws {AppError} `NOT_FOUND` */
  get(name: string): Schedule {
    return this.#options.schedules.show(this.#row(name));
  }

  /** Newest first. */
  list(page: PageRequest): Page<ScheduleSummary> {
    return this.#options.schedules.list(page);
  }

  /** What is due in the day after `now`, of the schedules that come next. */
  nextDay(now: number) {
    const { schedules, keeper } = this.#options;
    const { count, schedules: next } = schedules.upcoming(LANES);
    return {
      count,
      next: next.flatMap(({ name, cron, timezone, next_at, missed }) => {
        if (next_at === null) return [];
        const times = keeper.timesOf({ cron, timezone });
        const day: number[] = [];
        let at = times.next(now) ?? Infinity;
        while (at < now + QUARTERS * QUARTER_MS) {
          const quarter = Math.floor((at - now) / QUARTER_MS);
          day.push(quarter);
          at = times.next(now + (quarter + 1) * QUARTER_MS - 1) ?? Infinity;
        }
        return [{ name, cron, timezone, next_at, missed: missed.total, day }];
      }),
    };
  }

  /**
   * Deletes a schedule; its tasks stay. Returns it as it was.
   * @throws {AppError} `NOT_FOUND`, `NOT_LEADER`
   */
  delete(name: string): Schedule {
    const { leadership, schedules, events, clock } = this.#options;
    const row = leadership.write(() => {
      const row = this.#row(name);
      schedules.delete(name);
      const data = {
        schedule: name,
        change: "deleted",
        next_at: null,
      } as const;
      events.append("schedule.changed", data, clock.now());
      return row;
    });
    this.#options.onChange();
    return schedules.show(row);
  }

  /**
   * Makes a task of the schedule now, also when it is not enabled or another
   * one has not ended.
   * @throws {AppError} `NOT_FOUND`, `SCOPE_REQUIRED`, `SYSTEM_DRAINING`,
   * `NOT_LEADER`
   */
  run(name: string, by: Pick<Principal, "scopes">): Task {
    const { leadership, automation, schedules, tasks, taskService, clock } =
      this.#options;
    taskService.accept(templateOf(this.#row(name)), by);
    const task = leadership.write(() => {
      if (automation.get().mode === "draining") {
        throw new AppError("SYSTEM_DRAINING");
      }
      const row = this.#row(name);
      const at = clock.now();
      let due = at;
      while (tasks.findByKey(dueKey(name, due)) !== undefined) due++;
      const key = dueKey(name, due);
      const task = taskService.add(templateOf(row), {
        at,
        idempotency: { key },
      });
      const last = { last_task_id: task.task_id, last_due_at: due };
      schedules.decide({ ...row, ...last });
      return task;
    });
    this.#options.onQueued();
    return tasks.show(task);
  }

  /** What was due under the old definition is decided by it. */
  #settled(name: string, now: number): ScheduleRow | undefined {
    const { automation, schedules, keeper } = this.#options;
    const row = schedules.get(name);
    if (row === undefined) return undefined;
    const { mode } = automation.get();
    keeper.decide(row, { now, mode, limit: Infinity });
    keeper.close(this.#row(name), now);
    return this.#row(name);
  }

  #accept(
    { task }: NewSchedule,
    by: Pick<Principal, "scopes">,
  ): void {
    const { env, stdin } = task.payload;
    const masked = Object.entries(env ?? {})
      .filter(([, value]) => value === MASK).map(([key]) => `env.${key}`);
    if (stdin === MASK) masked.push("stdin");
    // Who sends back what was shown would lose the values unawares.
    if (masked.length > 0) {
      throw invalidInputs(masked.map((path) => ({
        path: `task.payload.${path}`,
        message: MASKED,
      })));
    }
    try {
      this.#options.taskService.accept(task, by);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const issues = error.details?.issues as InputIssue[] | undefined;
      if (issues === undefined) throw error;
      throw invalidInputs(
        issues.map((it) => ({ ...it, path: `task.${it.path}` })),
        error.hint === undefined ? {} : { hint: error.hint },
      );
    }
  }

  #row(name: string): ScheduleRow {
    const row = this.#options.schedules.get(name);
    if (row !== undefined) return row;
    throw new AppError("NOT_FOUND", `Cannot find schedule "${name}"`, {
      hint: `${otherThan(name, "schedule name")}GET /v1/schedules lists them.`,
    });
  }
}

interface ScheduleServiceOptions
  extends Pick<Stores, "automation" | "schedules" | "tasks" | "events"> {
  readonly keeper: Pick<ScheduleKeeper, "timesOf" | "decide" | "close">;
  readonly taskService: Pick<TaskService, "accept" | "add">;
  readonly leadership: Pick<Leadership, "write">;
  readonly clock: Clock;
  /** Called when due times may have changed. */
  readonly onChange: () => void;
  readonly onQueued: () => void;
}
