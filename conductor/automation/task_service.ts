import type { Clock } from "../../shared/clock.ts";
import { canonicalJson, sha256Hex } from "../../shared/digest.ts";
import { AppError, invalidInput, invalidInputs } from "../../shared/errors.ts";
import { missingScope, type Principal } from "../../shared/http/mod.ts";
import type { NewId } from "../../shared/ids.ts";
import { within } from "../../shared/wait.ts";
import type { PageRequest } from "../../shared/page.ts";
import {
  MAX_PAYLOAD_BYTES,
  type NewTask,
  type Page,
  type Stores,
  type Task,
  type TaskDetail,
  type TaskFilter,
  type TaskInsert,
  type TaskRow,
  type TaskSummary,
} from "../store/mod.ts";
import { RunStopped, type TaskKind, type TaskKinds } from "./task_kind.ts";
import type { Leadership } from "./leadership.ts";
import type { RunExecutor } from "./run_executor.ts";
import type { RunLedger } from "./run_ledger.ts";
import { taskNotFound } from "./task_not_found.ts";

const CANNOT_ACCEPT = { message: "Cannot accept the body" };

/** A cancel is answered when the run has ended, or after this long. */
const CANCEL_WAIT_MS = 10_000;

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
    { by, key, atOnce = false }: {
      /** Who makes it. */
      readonly by: Pick<Principal, "scopes">;
      readonly key?: string | undefined;
      readonly atOnce?: boolean;
    },
  ): Promise<{ readonly task: Task; readonly replayed: boolean }> {
    this.accept(task, by);
    const { leadership, ledger, tasks, clock } = this.#options;
    const idempotency = key === undefined
      ? undefined
      : { key, hash: hashOf(task) };
    const created = await leadership.share((fence) => {
      const earlier = idempotency && this.#earlier(idempotency);
      if (earlier !== undefined) {
        return { task: earlier, replayed: true, claim: undefined };
      }
      if (this.#options.automation.get().mode === "draining") {
        throw new AppError("SYSTEM_DRAINING");
      }
      const at = clock.now();
      const row = this.add(task, { at, idempotency, detached: atOnce });
      const claim = atOnce ? ledger.start(row, { fence, now: at }) : undefined;
      return { task: row, replayed: false, claim };
    });
    if (created.claim) {
      this.#options.executor.start(created.claim);
    } else if (!created.replayed) this.#options.onQueued();
    return { task: tasks.show(created.task), replayed: created.replayed };
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
    withTimeout(task);
  }

  /** Stores a task that was accepted, as a part of the caller's transaction. */
  add(
    task: NewTask,
    rest: Pick<TaskInsert, "at" | "idempotency" | "detached">,
  ): TaskRow {
    const { tasks, events, newId } = this.#options;
    const taskId = newId("task");
    tasks.insert({ ...rest, taskId, task: withTimeout(task) });
    const { kind, title, priority } = task;
    const data = { task_id: taskId, kind, title, priority };
    events.append("task.created", data, rest.at);
    return this.#row(taskId);
  }

  /** @throws {AppError} `NOT_FOUND` */
  get(taskId: string): TaskDetail {
    const { tasks, runs } = this.#options;
    const task = tasks.show(this.#row(taskId));
    return { ...task, latest_run: runs.latestOf(taskId) ?? null };
  }

  /** Whether there is a task with this id. */
  has(taskId: string): boolean {
    return this.#options.tasks.get(taskId) !== undefined;
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
    const { leadership, executor, clock } = this.#options;
    const runs = leadership.write(() => this.#requestCancel(taskId));
    if (runs) {
      const reason = new RunStopped("CANCELED", "The task was canceled");
      const patience = { ms: CANCEL_WAIT_MS, clock, signal };
      await within(executor.stop(taskId, reason), patience);
    }
    return this.get(taskId);
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
          { details: { status: task.status } },
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
        { details: { task_id: found.taskId } },
      );
    }
    return this.#row(found.taskId);
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

interface TaskServiceOptions
  extends Pick<Stores, "automation" | "tasks" | "runs" | "events"> {
  readonly kinds: TaskKinds;
  readonly leadership: Pick<Leadership, "write" | "share">;
  readonly ledger: RunLedger;
  readonly executor: Pick<RunExecutor, "start" | "stop">;
  readonly newId: NewId;
  readonly clock: Clock;
  /** Called when a task was queued. */
  readonly onQueued: () => void;
}

/** @throws {AppError} `INVALID_INPUT` */
function checkPayload({ payload }: NewTask, kind: TaskKind): void {
  const size = new TextEncoder().encode(JSON.stringify(payload)).length;
  if (size > MAX_PAYLOAD_BYTES) {
    const message = `must be at most ${MAX_PAYLOAD_BYTES} bytes as JSON`;
    throw invalidInput("payload", message, CANNOT_ACCEPT);
  }
  const result = kind.payload.safeParse(payload);
  if (result.success) return;
  const issues = result.error.issues.map(({ path, message }) => ({
    path: ["payload", ...path].join("."),
    message,
  }));
  throw invalidInputs(issues, CANNOT_ACCEPT);
}

/**
 * A limit in the payload means the task's.
 * @throws {AppError} `INVALID_INPUT` when there are two
 */
function withTimeout(task: NewTask): NewTask {
  const { timeoutMs, timeout_ms } = task.payload;
  const inner = timeoutMs ?? timeout_ms;
  if (typeof inner !== "number") return task;
  if (task.timeout_ms === undefined) return { ...task, timeout_ms: inner };
  const message = "and payload.timeoutMs must not both be given";
  throw invalidInput("timeout_ms", message, CANNOT_ACCEPT);
}

function hashOf(task: NewTask): string {
  return sha256Hex(canonicalJson(task));
}
