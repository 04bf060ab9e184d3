import { isoTime } from "../../shared/clock.ts";
import type { LogLevel } from "../../shared/log.ts";
import type { LogEntry, LogStream, NewLogLine } from "./model/log_entry.ts";
import { CounterStore } from "./counter_store.ts";
import type { Database } from "./database.ts";
import { placeOf, type Poll, pollOf } from "./list.ts";

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

  /** Lines of a task, or of one of its runs, oldest first. */
  read(
    { seq: taskSeq, log_seq }: {
      readonly seq: number;
      readonly log_seq: number;
    },
    { limit, runSeq, ...from }: LogRequest,
  ): Poll<LogEntry> {
    // Runs of a task come one after the other, and so do their lines.
    const start = runSeq === undefined
      ? 1
      : this.#startOf(taskSeq, runSeq, log_seq);
    const last = runSeq === undefined
      ? log_seq
      : this.#startOf(taskSeq, runSeq + 1, log_seq) - 1;
    const first = this.#db.get<{ seq: number | null }>(
      "SELECT min(seq) AS seq FROM task_logs WHERE task_seq = ?",
      taskSeq,
    )?.seq ?? log_seq + 1;
    const after = from.tail === undefined
      ? Math.min(Math.max(from.after, start - 1), last)
      : Math.max(last - from.tail, start - 1, first - 1);
    const rows = this.#db.all<LogRow>(
      `SELECT l.seq, r.run_id, l.stream, l.level, l.message, l.created_at
       FROM task_logs l CROSS JOIN runs r ON r.seq = l.run_seq
       WHERE l.task_seq = ? AND l.seq > ? AND l.seq <= ?
       ORDER BY l.seq LIMIT ?`,
      taskSeq,
      after,
      last,
      limit + 1,
    );
    return pollOf(LIST, rows, { after, first, last, limit, toItem: toEntry });
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

  /** The number of the first line of a run, or of a later one's. */
  #startOf(taskSeq: number, runSeq: number, last: number): number {
    let before = 0;
    let start = last + 1;
    while (start - before > 1) {
      const middle = Math.floor((before + start) / 2);
      const run = this.#db.get<{ run_seq: number }>(
        `SELECT run_seq FROM task_logs WHERE task_seq = ? AND seq >= ?
         ORDER BY seq LIMIT 1`,
        taskSeq,
        middle,
      )?.run_seq ?? Infinity;
      if (run >= runSeq) start = middle;
      else before = middle;
    }
    return start;
  }
}

/** Which lines of a task are wanted: behind one, or the last ones. */
type LogRequest =
  & { readonly limit: number; readonly runSeq?: number | undefined }
  & (
    | { readonly after: number; readonly tail?: undefined }
    | { readonly tail: number }
  );

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
