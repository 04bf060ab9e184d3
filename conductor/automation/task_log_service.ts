import type { StreamEvent } from "../../shared/http/mod.ts";
import type { LogEntry, Poll, Stores, TaskStatus } from "../store/mod.ts";
import type { ChangeFeed } from "../record/mod.ts";
import type { OpenLines } from "./open_lines.ts";
import { runNotFound, taskNotFound } from "./task_not_found.ts";

const BATCH = 200;

/** Shows what tasks wrote. */
export class TaskLogService {
  readonly #options: TaskLogOptions;

  constructor(options: TaskLogOptions) {
    this.#options = options;
  }

  /**
   * Oldest first.
   * @throws {AppError} `NOT_FOUND` for the task, or the run in it
   */
  read(taskId: string, { run_id, after, tail, limit }: LogQuery): LogPart {
    const { tasks, runs, logs } = this.#options;
    // Before the lines: a task that has ended here has written them all.
    const task = tasks.get(taskId);
    if (task === undefined) throw taskNotFound(taskId, runs);
    const run = run_id === undefined ? undefined : runs.row(run_id);
    if (run_id !== undefined && run?.task_id !== taskId) {
      throw runNotFound(run_id, tasks, ` of task "${taskId}"`);
    }
    const lines = logs.read(task, {
      runSeq: run?.seq,
      ...(tail === undefined ? { after: after ?? 0, limit } : {
        tail,
        limit: tail,
      }),
    });
    return {
      ...lines,
      status: task.status,
      ended: (run ?? task).finished_at !== null,
    };
  }

  /**
   * Returns the number of the line after which a cursor goes on.
   * @throws {AppError} `INVALID_INPUT`
   */
  placeOf(cursor: string): number {
    return this.#options.logs.placeOf(cursor);
  }

  /**
   * Gives the lines as they come, until the task, or the run, has ended or
   * `signal` aborts. Lines are read when they are asked for, so a reader that
   * takes its time is not waited for and costs nothing.
   * @throws {AppError} `NOT_FOUND`, before the first line
   */
  follow(
    taskId: string,
    query: Omit<LogQuery, "limit">,
    signal: AbortSignal,
  ): AsyncIterable<StreamEvent> {
    this.read(taskId, { ...query, limit: 1 });
    return this.#follow(taskId, { ...query, limit: BATCH }, signal);
  }

  async *#follow(
    taskId: string,
    query: LogQuery,
    signal: AbortSignal,
  ): AsyncGenerator<StreamEvent> {
    const { openLines, feed } = this.#options;
    let told = new Map<string, string>();
    while (!signal.aborted) {
      const { items, gap, status, ...part } = this.read(taskId, query);
      if (gap !== null) yield { event: "gap", id: gap.to_seq, data: gap };
      for (const entry of items) {
        yield { event: "log", id: entry.seq, data: entry };
      }
      if (part.ended && part.next_cursor === null) {
        yield { event: "end", data: { task_id: taskId, status } };
        return;
      }
      query = { run_id: query.run_id, after: part.last_seq, limit: BATCH };
      // What came while others were told is looked for first.
      if (items.length > 0 || gap !== null) {
        // A line that is told stands in the place of what was open.
        for (const { stream } of items) told.delete(stream);
        continue;
      }
      const open = new Map<string, string>();
      let isTold = false;
      for (const line of openLines.of(taskId)) {
        if (line.run_id !== (query.run_id ?? line.run_id)) continue;
        open.set(line.stream, line.message);
        if (told.get(line.stream) === line.message) continue;
        yield { event: "open", data: line };
        isTold = true;
      }
      told = open;
      // What came meanwhile is looked for first.
      if (isTold) continue;
      const change = new AbortController();
      const either = AbortSignal.any([signal, change.signal]);
      await Promise.race([feed.wait(either), openLines.wait(either)]);
      change.abort();
    }
  }
}

/** Which lines are wanted: behind `after`, or the last `tail`. */
interface LogQuery {
  readonly run_id?: string | undefined;
  readonly after?: number | undefined;
  readonly tail?: number | undefined;
  readonly limit: number;
}

/** A part of a log. */
interface LogPart extends Poll<LogEntry> {
  readonly status: TaskStatus;
  /** Whether no more lines come. */
  readonly ended: boolean;
}

interface TaskLogOptions extends Pick<Stores, "tasks" | "runs" | "logs"> {
  readonly feed: ChangeFeed;
  readonly openLines: OpenLines;
}
