import type { Database } from "./database.ts";

/** A task that has ended, as retention looks at it. */
export type FinishedTask = {
  readonly seq: number;
  readonly finished_at: number;
  readonly log_lines: number;
};

/** The tasks that have ended, oldest end first: all that retention may touch. */
export class FinishedTaskStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  oldest(): FinishedTask | undefined {
    return this.#db.get<FinishedTask>(
      `SELECT seq, finished_at, log_lines FROM tasks INDEXED BY tasks_by_end
       WHERE finished_at IS NOT NULL ORDER BY finished_at, seq LIMIT 1`,
    );
  }

  oldestWithLogs(): FinishedTask | undefined {
    return this.#db.get<FinishedTask>(
      `SELECT seq, finished_at, log_lines FROM tasks INDEXED BY tasks_with_logs
       WHERE finished_at IS NOT NULL AND log_lines > 0
       ORDER BY finished_at, seq LIMIT 1`,
    );
  }

  /** Deletes a task whose log is gone, with its runs and labels. */
  delete(seq: number): void {
    this.#db.run(
      `DELETE FROM tasks
       WHERE seq = ? AND finished_at IS NOT NULL AND log_lines = 0`,
      seq,
    );
  }
}
