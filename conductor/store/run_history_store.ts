import { isoTime } from "../../shared/clock.ts";
import type { FailedRun, RunStatus } from "./model/run.ts";
import type { Database } from "./database.ts";

const HOUR_MS = 3_600_000;

/** What became of runs, for people to look at. */
export class RunHistoryStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Counts the runs that began at `since` or later. */
  byHour(since: number): RunCount[] {
    return this.#db.all<{ hour: number; status: RunStatus; runs: number }>(
      `SELECT started_at / ${HOUR_MS} AS hour, status, count(*) AS runs
       FROM runs INDEXED BY runs_by_start
       WHERE started_at >= ? GROUP BY hour, status`,
      since,
    );
  }

  /** The last runs that failed or were lost, newest first. */
  lastFailed(limit: number): FailedRun[] {
    return [...this.#ended("failed", limit), ...this.#ended("lost", limit)]
      .sort((a, b) => a.at < b.at ? 1 : -1)
      .slice(0, limit);
  }

  #ended(status: FailedRun["status"], limit: number): FailedRun[] {
    return this.#db.all<Omit<FailedRun, "at"> & { readonly at: number }>(
      `SELECT coalesce(r.finished_at, r.started_at) AS at, r.run_id, r.task_id,
         t.kind, t.title, r.status, r.outcome_code AS code,
         r.outcome_message AS message
       FROM runs r INDEXED BY runs_by_status
       CROSS JOIN tasks t ON t.seq = r.task_seq
       WHERE r.status = ? ORDER BY r.seq DESC LIMIT ?`,
      status,
      limit,
    ).map((row) => ({ ...row, at: isoTime(row.at) }));
  }
}

/** How many runs that began in an hour ended in a way. */
export interface RunCount {
  /** Hours since the epoch. */
  readonly hour: number;
  readonly status: RunStatus;
  readonly runs: number;
}
