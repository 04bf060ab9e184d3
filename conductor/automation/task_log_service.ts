import { AppError } from "../../shared/errors.ts";
import type { StreamEvent } from "../../shared/http/mod.ts";
import type { PageRequest } from "../../shared/page.ts";
import type { LogEntry, Page, Stores } from "../store/mod.ts";
import type { ChangeFeed } from "../record/mod.ts";

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
  ): AsyncIterable<StreamEvent> {
    const { log_seq } = this.#task(taskId);
    return this.#follow(taskId, Math.min(after, log_seq), signal);
  }

  async *#follow(
    taskId: string,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<StreamEvent> {
    let seq = after;
    while (!signal.aborted) {
      // Read before the lines: a task that has ended here has written them all.
      const task = this.#options.tasks.get(taskId);
      if (task === undefined) return;
      const entries = this.#options.logs.after(task.seq, seq, BATCH);
      for (const entry of entries) {
        if (entry.seq > seq + 1) yield gap(seq + 1, entry.seq - 1);
        seq = entry.seq;
        yield { event: "log", id: seq, data: entry };
      }
      if (entries.length === BATCH) continue;
      if (task.finished_at !== null) {
        if (seq < task.log_seq) yield gap(seq + 1, task.log_seq);
        yield { event: "end", data: { task_id: taskId, status: task.status } };
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

interface TaskLogOptions extends Pick<Stores, "tasks" | "logs"> {
  readonly feed: ChangeFeed;
}

function gap(from_seq: number, to_seq: number): StreamEvent {
  return { event: "gap", id: to_seq, data: { from_seq, to_seq } };
}
