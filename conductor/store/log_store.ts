import { isoTime } from "../../shared/clock.ts";
import type { LogLevel } from "../../shared/log.ts";
import type { PageRequest } from "../../shared/page.ts";
import type { LogEntry, LogStream, NewLogLine } from "./model/log_entry.ts";
import { CounterStore } from "./counter_store.ts";
import type { Database } from "./database.ts";
import { type Page, pageOf, placeOf } from "./list.ts";

const LIST = "task_logs";

/** The lines that tasks wrote. */
export class LogStore {
  readonly #db: Database;
  readonly #counters: CounterStore;

  constructor(db: Database) {
    this.#db = db;
    this.#counters = new CounterStore(db);
  }

  /** Adds lines to the end of a task's log. */
  append(
    run: { readonly taskSeq: number; readonly runSeq: number },
    lines: readonly NewLogLine[],
  ): void {
    if (lines.length === 0) return;
    let seq = this.#db.get<{ log_seq: number }>(
      "SELECT log_seq FROM tasks WHERE seq = ?",
      run.taskSeq,
    )?.log_seq ?? 0;
    for (const line of lines) {
      seq++;
      this.#db.run(
        `INSERT INTO task_logs
           (task_seq, seq, run_seq, stream, level, message, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        run.taskSeq,
        seq,
        run.runSeq,
        line.stream,
        line.level,
        line.message,
        line.at,
      );
    }
    this.#db.run(
      "UPDATE tasks SET log_seq = ?, log_lines = log_lines + ? WHERE seq = ?",
      seq,
      lines.length,
      run.taskSeq,
    );
    this.#counters.addLogLines(lines.length);
  }

  /** At most `limit` lines after `seq`, oldest first. */
  after(taskSeq: number, seq: number, limit: number): LogEntry[] {
    return this.#after(taskSeq, seq, limit).map(toEntry);
  }

  /** Oldest first. */
  list(taskSeq: number, page: PageRequest): Page<LogEntry> {
    const seq = page.cursor === undefined ? 0 : this.placeOf(page.cursor);
    const rows = this.#after(taskSeq, seq, page.limit + 1);
    return pageOf(LIST, rows, { limit: page.limit, toItem: toEntry });
  }

  /**
   * Returns the number of the line after which a cursor of `list` goes on.
   * @throws {AppError} `INVALID_INPUT`
   */
  placeOf(cursor: string): number {
    return placeOf(LIST, cursor);
  }

  /** Removes at most `limit` of a task's oldest lines. Returns how many. */
  trim(taskSeq: number, limit: number): number {
    const removed = this.#db.run(
      `DELETE FROM task_logs WHERE task_seq = ?1 AND seq IN (
         SELECT seq FROM task_logs WHERE task_seq = ?1 ORDER BY seq LIMIT ?2)`,
      taskSeq,
      limit,
    );
    this.#db.run(
      "UPDATE tasks SET log_lines = log_lines - ? WHERE seq = ?",
      removed,
      taskSeq,
    );
    this.#counters.addLogLines(-removed);
    return removed;
  }

  #after(taskSeq: number, seq: number, limit: number): LogRow[] {
    return this.#db.all<LogRow>(
      `SELECT l.seq, r.run_id, l.stream, l.level, l.message, l.created_at
       FROM task_logs l CROSS JOIN runs r ON r.seq = l.run_seq
       WHERE l.task_seq = ? AND l.seq > ? ORDER BY l.seq LIMIT ?`,
      taskSeq,
      seq,
      limit,
    );
  }
}

type LogRow = {
  readonly seq: number;
  readonly run_id: string;
  readonly stream: LogStream;
  readonly level: LogLevel;
  readonly message: string;
  readonly created_at: number;
};

function toEntry(row: LogRow): LogEntry {
  return { ...row, created_at: isoTime(row.created_at) };
}
