import { AppError } from "../../shared/errors.ts";
import type { Gap, PageRequest } from "../../shared/page.ts";
import type {
  LogEntry,
  LogStore,
  Page,
  TaskStatus,
  TaskStore,
} from "../store/mod.ts";
import type { ChangeFeed } from "../record/mod.ts";

/** What a follower of a log is given. */
export type LogNews =
  | { readonly type: "log"; readonly entry: LogEntry }
  | { readonly type: "gap"; readonly gap: Gap }
  | { readonly type: "end"; readonly status: TaskStatus };

const BATCH = 200;

/** Shows what tasks wrote. */
export class TaskLogService {
  readonly #options: TaskLogOptions;

  constructor(options: TaskLogOptions) {
    this.#options = options;
  }

  /**
   * Oldest first.
   * @throws {AppError} `NOT_FOUND`
   */
  list(taskId: string, page: PageRequest): Page<LogEntry> {
    return this.#options.logs.list(this.#task(taskId).seq, page);
  }

  /**
   * Returns the number of the line after which a cursor of `list` goes on.
   * @throws {AppError} `INVALID_INPUT`
   */
  placeOf(cursor: string): number {
    return this.#options.logs.placeOf(cursor);
  }

  /**
   * Gives the lines after `after` as they come, until the task has ended or
   * `signal` aborts. Lines are read when they are asked for, so a reader that
   * takes its time is not waited for and costs nothing.
   * @throws {AppError} `NOT_FOUND`, before the first line
   */
  follow(
    taskId: string,
    after: number,
    signal: AbortSignal,
  ): AsyncIterable<LogNews> {
    const { log_seq } = this.#task(taskId);
    return this.#follow(taskId, Math.min(after, log_seq), signal);
  }

  async *#follow(
    taskId: string,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<LogNews> {
    let seq = after;
    while (!signal.aborted) {
      // Read before the lines: a task that has ended here has written them all.
      const task = this.#options.tasks.get(taskId);
      if (task === undefined) return;
      const entries = this.#options.logs.after(task.seq, seq, BATCH);
      for (const entry of entries) {
        if (entry.seq > seq + 1) yield gap(seq + 1, entry.seq - 1);
        seq = entry.seq;
        yield { type: "log", entry };
      }
      if (entries.length === BATCH) continue;
      if (task.finished_at !== null) {
        if (seq < task.log_seq) yield gap(seq + 1, task.log_seq);
        yield { type: "end", status: task.status };
        return;
      }
      if (entries.length === 0) await this.#options.feed.wait(signal);
    }
  }

  #task(taskId: string) {
    const task = this.#options.tasks.get(taskId);
    if (task !== undefined) return task;
    throw new AppError("NOT_FOUND", `Cannot find task "${taskId}"`);
  }
}

interface TaskLogOptions {
  readonly tasks: Pick<TaskStore, "get">;
  readonly logs: Pick<LogStore, "list" | "after" | "placeOf">;
  readonly feed: ChangeFeed;
}

function gap(from: number, to: number): LogNews {
  return { type: "gap", gap: { from_seq: from, to_seq: to } };
}
