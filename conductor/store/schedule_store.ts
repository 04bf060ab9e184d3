import { isoTime } from "../../shared/clock.ts";
import type { PageRequest } from "../../shared/page.ts";
import type { Redactor } from "../../shared/redact.ts";
import type { Database } from "./database.ts";
import { type List, type Page, readPage } from "./list.ts";
import type {
  NewSchedule,
  Schedule,
  ScheduleSummary,
} from "./model/schedule.ts";
import type { TaskStatus } from "./model/task.ts";
import { isoOrNull } from "./task_row.ts";
import { withoutValues } from "./without_values.ts";

const SUMMARY_COLUMNS = `s.seq, s.name, s.cron, s.timezone, s.misfire,
  s.grace_ms, s.overlap, s.next_at, s.last_task_id, s.last_due_at,
  s.missed_from, s.missed_to, s.missed_count, s.missed_total, s.missed_told,
  s.created_at, s.updated_at, s.template,
  (SELECT status FROM tasks WHERE task_id = s.last_task_id) AS last_status`;
const COLUMNS = `${SUMMARY_COLUMNS}, s.payload`;

/** Schedules, and how far each has been decided. */
export class ScheduleStore {
  readonly #db: Database;
  readonly #list: List<SummaryRow, ScheduleSummary>;
  readonly #redactor: Redactor;

  constructor(db: Database, redactor: Redactor) {
    this.#db = db;
    this.#redactor = redactor;
    this.#list = {
      name: "schedules",
      columns: SUMMARY_COLUMNS,
      table: "schedules s",
      indexes: {},
      toItem: (row) => this.#summary(row),
    };
  }

  get(name: string): ScheduleRow | undefined {
    return this.#db.get<ScheduleRow>(
      `SELECT ${COLUMNS} FROM schedules s WHERE s.name = ?`,
      name,
    );
  }

  /** A schedule as it is shown: what its tasks run with may hold secrets. */
  show(row: ScheduleRow): Schedule {
    const payload = withoutValues(JSON.parse(row.payload));
    const shown = this.#summary(row);
    const task = { ...shown.task, payload: this.#redactor.json(payload) };
    return { ...shown, task };
  }

  /** Newest first. */
  list(page: PageRequest): Page<ScheduleSummary> {
    return readPage(this.#db, this.#list, page);
  }

  /** Those that come next, and how many schedules there are. */
  upcoming(limit: number): {
    readonly count: number;
    readonly schedules: readonly ScheduleSummary[];
  } {
    const schedules = this.#db.all<SummaryRow>(
      `SELECT ${SUMMARY_COLUMNS} FROM schedules s INDEXED BY schedules_by_next
       WHERE s.next_at IS NOT NULL ORDER BY s.next_at LIMIT ?`,
      limit,
    ).map((row) => this.#summary(row));
    const count = this.#db.get<{ n: number }>(
      "SELECT count(*) AS n FROM schedules",
    )?.n ?? 0;
    return { count, schedules };
  }

  /** When the next due time is that has not been decided. */
  nextDue(): number | undefined {
    return this.#db.get<{ at: number | null }>(
      `SELECT min(next_at) AS at FROM schedules INDEXED BY schedules_by_next
       WHERE next_at IS NOT NULL`,
    )?.at ?? undefined;
  }

  /** Those with a due time at `now` or before, oldest first. */
  due(now: number, limit: number): ScheduleRow[] {
    return this.#db.all<ScheduleRow>(
      `SELECT ${COLUMNS} FROM schedules s INDEXED BY schedules_by_next
       WHERE s.next_at <= ? ORDER BY s.next_at LIMIT ?`,
      now,
      limit,
    );
  }

  /** Those whose outage has not been told to its end. */
  missing(): ScheduleRow[] {
    return this.#db.all<ScheduleRow>(
      `SELECT ${COLUMNS} FROM schedules s INDEXED BY schedules_missing
       WHERE s.missed_told IS NOT NULL ORDER BY s.seq`,
    );
  }

  insert(
    name: string,
    schedule: ScheduleDefinition,
    at: number,
  ): void {
    this.#db.insert("schedules", {
      name,
      ...columnsOf(schedule),
      created_at: at,
      updated_at: at,
    });
  }

  /** Defines a schedule anew; what it has done and missed stays. */
  redefine(name: string, schedule: ScheduleDefinition, at: number): void {
    const columns = columnsOf(schedule);
    const set = Object.keys(columns).map((it) => `${it} = :${it}`).join(", ");
    this.#db.run(
      `UPDATE schedules SET ${set}, updated_at = :at WHERE name = :name`,
      { ...columns, at, name },
    );
  }

  /** Writes how far a schedule has been decided, and what came of it. */
  decide(row: ScheduleRow): void {
    this.#db.run(
      `UPDATE schedules SET next_at = ?2, last_task_id = ?3, last_due_at = ?4,
         missed_from = ?5, missed_to = ?6, missed_count = ?7, missed_total = ?8,
         missed_told = ?9
       WHERE seq = ?1`,
      row.seq,
      row.next_at,
      row.last_task_id,
      row.last_due_at,
      row.missed_from,
      row.missed_to,
      row.missed_count,
      row.missed_total,
      row.missed_told,
    );
  }

  delete(name: string): void {
    this.#db.run("DELETE FROM schedules WHERE name = ?", name);
  }

  #summary(row: SummaryRow): ScheduleSummary {
    const template = JSON.parse(row.template);
    return {
      name: row.name,
      cron: row.cron,
      timezone: row.timezone,
      misfire: row.misfire,
      grace_ms: row.grace_ms,
      overlap: row.overlap,
      enabled: row.next_at !== null,
      task: { ...template, title: this.#redactor.text(template.title) },
      next_at: isoOrNull(row.next_at),
      last: row.last_task_id === null || row.last_due_at === null ? null : {
        task_id: row.last_task_id,
        due_at: isoTime(row.last_due_at),
        status: row.last_status,
      },
      missed: {
        from: isoOrNull(row.missed_from),
        to: isoOrNull(row.missed_to),
        count: row.missed_count,
        total: row.missed_total,
      },
      created_at: isoTime(row.created_at),
      updated_at: isoTime(row.updated_at),
    };
  }
}

/** A schedule as its caller defines it, and when it comes next. */
type ScheduleDefinition =
  & Omit<Required<NewSchedule>, "enabled">
  & { readonly next_at: number | null };

function columnsOf({ task, ...rest }: ScheduleDefinition) {
  const { payload, ...template } = task;
  return {
    ...rest,
    template: JSON.stringify(template),
    payload: JSON.stringify(payload),
  };
}

/** How far a schedule has been decided, and what came of it. */
type ScheduleState = {
  readonly next_at: number | null;
  readonly last_task_id: string | null;
  readonly last_due_at: number | null;
  readonly missed_from: number | null;
  readonly missed_to: number | null;
  readonly missed_count: number;
  readonly missed_total: number;
  /** While an outage goes on: how much of it an event has told. */
  readonly missed_told: number | null;
};

type SummaryRow =
  & ScheduleState
  & Pick<NewSchedule, "cron" | "misfire" | "grace_ms" | "overlap">
  & {
    readonly seq: number;
    readonly name: string;
    readonly timezone: string;
    readonly last_status: TaskStatus | null;
    readonly created_at: number;
    readonly updated_at: number;
    readonly template: string;
  };

export type ScheduleRow = SummaryRow & { readonly payload: string };
