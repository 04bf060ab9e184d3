import type { Clock } from "../../shared/clock.ts";
import { AppError, invalidInput } from "../../shared/errors.ts";
import {
  knownKeys,
  missingScope,
  type Principal,
} from "../../shared/http/mod.ts";
import type { NewId } from "../../shared/ids.ts";
import { sleep, within } from "../../shared/wait.ts";
import type { PageRequest } from "../../shared/page.ts";
import {
  type NewTask,
  type Page,
  type Run,
  type Stores,
  type Task,
  type TaskDetail,
  type TaskFilter,
  type TaskInsert,
  type TaskRow,
  type TaskSummary,
  type WaitsFor,
} from "../store/mod.ts";
import { RunStopped, type TaskKind, type TaskKinds } from "./task_kind.ts";
import type { Leadership } from "./leadership.ts";
import type { RunExecutor } from "./run_executor.ts";
import type { RunLedger } from "./run_ledger.ts";
import {
  CANNOT_ACCEPT,
  checkPayload,
  hashOf,
  type PayloadAgain,
  retryOf,
  withLimits,
} from "./new_task.ts";
import { runNotFound, taskNotFound } from "./task_not_found.ts";

/** A cancel is answered when the run has ended, or after this long. */
const CANCEL_WAIT_MS = 10_000;

/** What one transaction cancels at most. */
const CANCEL_BATCH = 100;

/** Queues, shows and cancels tasks. */
export class TaskService {
  readonly #options: TaskServiceOptions;

  constructor(options: TaskServiceOptions) {
    this.#options = options;
  }

  /**
   * Queues a task, or has it start at once, whatever the mode is and whatever
   * runs. With a key that was used before, returns the task that was made then;
   * `replayed` says so.
   * @throws {AppError} `INVALID_INPUT`, `SCOPE_REQUIRED` for a kind that is not
   * its maker's to run, `CONFLICT` when the key came with another body,
   * `SYSTEM_DRAINING`, `NOT_LEADER`
   */
  async create(
    task: NewTask,
    { by, key, atOnce = false, retryOf }: TaskMaking,
  ): Promise<{ readonly task: Task; readonly replayed: boolean }> {
    this.accept(task, by);
    const { leadership, ledger, tasks, clock } = this.#options;
    const idempotency = key === undefined
      ? undefined
      : { key, hash: hashOf(task, retryOf) };
    const created = await leadership.share((fence) => {
      const earlier = idempotency && this.#earlier(idempotency);
      if (earlier !== undefined) {
        return { task: earlier, replayed: true, claim: undefined };
      }
      if (this.#options.automation.get().mode === "draining") {
        throw new AppError("SYSTEM_DRAINING");
      }
      const at = clock.now();
      const row = this.add(task, {
        at,
        idempotency,
        detached: atOnce,
        retryOf,
      });
      const claim = atOnce ? ledger.start(row, { fence, now: at }) : undefined;
      return { task: row, replayed: false, claim };
    });
    if (created.claim) {
      this.#options.executor.start(created.claim);
    } else if (!created.replayed) this.#options.onQueued();
    return { task: tasks.show(created.task), replayed: created.replayed };
  }

  /**
   * Queues a new task that does again what an ended one did.
   * @throws {AppError} `NOT_FOUND`, and as `retryOf` and `create`
   */
  async retry(
    taskId: string,
    given: PayloadAgain,
    making: Omit<TaskMaking, "atOnce" | "retryOf">,
  ): Promise<{ readonly task: Task; readonly replayed: boolean }> {
    const task = retryOf(this.#row(taskId), given);
    // An earlier version took, and ignored, what is refused now.
    for (const it of this.#kindOf(task).refused?.fields ?? []) {
      delete task.payload[it];
    }
    return await this.create(task, { ...making, retryOf: taskId });
  }

  /**
   * Checks a task, and whether `by` may make it.
   * @throws {AppError} `INVALID_INPUT`, `SCOPE_REQUIRED`
   */
  accept(task: NewTask, by: Pick<Principal, "scopes">): void {
    const kind = this.#kindOf(task);
    const missing = missingScope(by, kind.scope);
    if (missing !== undefined) throw missing;
    checkPayload(task, kind);
    for (const field of ["survive", "max_output_bytes"] as const) {
      if (!task[field] || task.kind === "exec") continue;
      throw invalidInput(field, "is for kind exec only", CANNOT_ACCEPT);
    }
    withLimits(task);
  }

  /** Stores a task that was accepted, as a part of the caller's transaction. */
  add(
    task: NewTask,
    making: Omit<TaskInsert, "taskId" | "task">,
  ): TaskRow {
    const { tasks, events, newId } = this.#options;
    const taskId = newId("task");
    const row = tasks.insert({ ...making, taskId, task: withLimits(task) });
    const { kind, title, priority } = task;
    const data = { task_id: taskId, kind, title, priority };
    events.append("task.created", data, making.at);
    return row;
  }

  /** @throws {AppError} `NOT_FOUND` */
  get(taskId: string): TaskDetail {
    const { tasks, runs, executor, isWaiting = () => true } = this.#options;
    const task = tasks.show(this.#row(taskId));
    const latest_run = runs.latestOf(taskId) ?? null;
    const waits_for = executor.waitsFor(taskId).filter(isWaiting);
    return { ...task, latest_run, waits_for };
  }

  /**
   * Whether what began at `startedAt` for a task is of a run that is over. What
   * a lost run asked for may even begin after it.
   */
  hasLeft(taskId: string, startedAt: string): boolean {
    const run = this.#options.runs.latestOf(taskId);
    if (run === undefined || run.finished_at === null) return false;
    return run.status === "lost" || startedAt <= run.finished_at;
  }

  /** @throws {AppError} `NOT_FOUND` */
  run(runId: string): Run {
    const { tasks, runs } = this.#options;
    const run = runs.get(runId);
    if (run === undefined) throw runNotFound(runId, tasks);
    return run;
  }

  /** Newest first. */
  list(filter: TaskFilter, page: PageRequest): Page<TaskSummary> {
    return this.#options.tasks.list(filter, page);
  }

  /**
   * Ends a task: at once when it is queued; when it runs, its work is stopped,
   * and the answer waits for that a while.
   * @throws {AppError} `NOT_FOUND`, `CONFLICT` when it has ended otherwise,
   * `NOT_LEADER`
   */
  async cancel(taskId: string, signal: AbortSignal): Promise<TaskDetail> {
    const runs = this.#options.leadership.write(() =>
      this.#requestCancel(taskId)
    );
    if (runs) await this.#stop([taskId], signal);
    return this.get(taskId);
  }

  /**
   * Ends all tasks that have not ended and are as `filter` says, as `cancel`
   * does, in small steps. Returns their ids.
   * @throws {AppError} `NOT_LEADER`
   */
  async cancelAll(filter: LiveFilter, signal: AbortSignal): Promise<string[]> {
    const { leadership, tasks, clock } = this.#options;
    const ids: string[] = [];
    const running: string[] = [];
    const { status: only } = filter;
    // What is queued may start meanwhile, never the other way round.
    for (const status of only ? [only] : ["queued", "running"] as const) {
      let cursor: string | undefined;
      do {
        const page = tasks.list({ ...filter, status }, {
          limit: CANCEL_BATCH,
          cursor,
        });
        leadership.write(() => {
          for (const { task_id } of page.items) {
            if (this.#requestCancel(task_id)) running.push(task_id);
          }
        });
        ids.push(...page.items.map(({ task_id }) => task_id));
        cursor = page.next_cursor ?? undefined;
        await sleep(clock, 0);
      } while (cursor !== undefined);
    }
    await this.#stop(running, signal);
    return ids;
  }

  /** Stops the runs of tasks, and waits a while for their ends. */
  async #stop(taskIds: readonly string[], signal: AbortSignal): Promise<void> {
    const { executor, clock } = this.#options;
    const reason = new RunStopped("CANCELED", "The task was canceled");
    await within(
      Promise.all(taskIds.map((it) => executor.stop(it, reason))),
      { ms: CANCEL_WAIT_MS, clock, signal },
    );
  }

  /** Returns whether there is a run to be stopped. */
  #requestCancel(taskId: string): boolean {
    const { tasks, events, ledger, clock } = this.#options;
    const now = clock.now();
    const task = this.#row(taskId);
    switch (task.status) {
      case "canceled":
        return false;
      case "succeeded":
      case "failed":
        throw new AppError(
          "CONFLICT",
          `Cannot cancel task "${taskId}": it has ${task.status}`,
          {
            details: { status: task.status },
            hint:
              `Nothing is left to cancel: GET /v1/tasks/${taskId} tells how it ended.`,
          },
        );
      case "queued": {
        tasks.requestCancel(task.seq, now);
        ledger.cancelQueued(task, now);
        return false;
      }
      case "running":
        if (task.cancel_requested_at === null) {
          tasks.requestCancel(task.seq, now);
          events.append("task.cancel_requested", { task_id: taskId }, now);
        }
        return true;
    }
  }

  #earlier(
    { key, hash }: { readonly key: string; readonly hash: string },
  ): TaskRow | undefined {
    const found = this.#options.tasks.findByKey(key);
    if (found === undefined) return undefined;
    if (found.hash !== hash) {
      throw new AppError(
        "CONFLICT",
        "Cannot queue the task: its Idempotency-Key came with another body " +
          `before, for task "${found.taskId}"`,
        {
          details: { task_id: found.taskId },
          hint:
            `GET /v1/tasks/${found.taskId} has that task; send another Idempotency-Key for a new one.`,
        },
      );
    }
    return this.#row(found.taskId);
  }

  /** The names of what the payload of a kind may hold. */
  payloadFields(name: unknown): readonly string[] {
    const kind = this.#options.kinds.get(String(name));
    return kind?.fields ?? (kind ? knownKeys(kind.payload, []) : []);
  }

  #row(taskId: string): TaskRow {
    const row = this.#options.tasks.get(taskId);
    if (row !== undefined) return row;
    throw taskNotFound(taskId, this.#options.runs);
  }

  #kindOf(task: NewTask): TaskKind {
    const kind = this.#options.kinds.get(task.kind);
    if (kind !== undefined) return kind;
    const known = [...this.#options.kinds.keys()].join(", ");
    throw invalidInput("kind", `must be one of ${known}`, CANNOT_ACCEPT);
  }
}

/** Who makes a task, and how. */
interface TaskMaking extends Pick<TaskInsert, "retryOf"> {
  readonly by: Pick<Principal, "scopes">;
  /** An `Idempotency-Key`. */
  readonly key?: string | undefined;
  readonly atOnce?: boolean;
}

/** Which of the tasks that have not ended are meant. */
interface LiveFilter extends TaskFilter {
  readonly status?: "queued" | "running" | undefined;
}

interface TaskServiceOptions
  extends Pick<Stores, "automation" | "tasks" | "runs" | "events"> {
  readonly kinds: TaskKinds;
  readonly leadership: Pick<Leadership, "write" | "share">;
  readonly ledger: RunLedger;
  readonly executor: Pick<RunExecutor, "start" | "stop" | "waitsFor">;
  readonly isWaiting?: (answer: WaitsFor) => boolean;
  readonly newId: NewId;
  readonly clock: Clock;
  /** Called when a task was queued. */
  readonly onQueued: () => void;
}
