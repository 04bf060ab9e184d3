import { isoTime } from "../../shared/clock.ts";
import type { FailedRun, RunStatus } from "./model/run.ts";
import type { Database } from "./database.ts";

const HOUR_MS = 3_600_000;
/** How many of a task's last lines are looked at for one of stderr. */
const LINES_BACK = 200;

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

  /** The last runs that failed or were lost, newest first, one of each task. */
  lastFailed(limit: number): FailedRun[] {
    return [...this.#ended("failed", limit), ...this.#ended("lost", limit)]
      .sort((a, b) => a.at < b.at ? 1 : -1)
      .slice(0, limit);
  }

  #ended(status: FailedRun["status"], limit: number): FailedRun[] {
    return this.#db.all<Omit<FailedRun, "at"> & { readonly at: number }>(
      `SELECT coalesce(r.finished_at, r.started_at) AS at, r.run_id, r.task_id,
         t.kind, t.title, r.status, r.outcome_code AS code,
         r.outcome_message AS message,
         (SELECT l.message FROM task_logs l
          WHERE l.task_seq = t.seq AND l.seq > t.log_seq - ${LINES_BACK}
            AND l.run_seq = r.seq AND l.stream = 'stderr'
            AND trim(l.message) <> ''
          ORDER BY l.seq DESC LIMIT 1) AS stderr_line
       FROM runs r INDEXED BY runs_by_status
       CROSS JOIN tasks t ON t.seq = r.task_seq
       WHERE r.status = ? AND NOT EXISTS (
         SELECT 1 FROM runs n INDEXED BY runs_by_task
         WHERE n.task_id = r.task_id AND n.seq > r.seq
           AND n.status IN ('failed', 'lost'))
       ORDER BY r.seq DESC LIMIT ?`,
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
