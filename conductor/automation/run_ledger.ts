import { isoTime } from "../../shared/clock.ts";
import type { NewId } from "../../shared/ids.ts";
import { backoffMs } from "../../shared/wait.ts";
import type {
  Failure,
  Fence,
  Identity,
  RunEnd,
  RunOutcome,
  RunRow,
  RunStatus,
  Stores,
  TaskEnd,
  TaskRow,
  TaskStatus,
} from "../store/mod.ts";
import type { RunOutputs } from "./run_outputs.ts";

/** A lost run of a task that says so is retried, but not for ever. */
const MAX_LOST_ATTEMPTS = 10;
const CANCELED = { code: "CANCELED", message: "The task was canceled" };
const RETRIES = { firstMs: 1000, longestMs: 300_000 };

/**
 * The moves of tasks and their runs, with their events. Each is a part of a
 * transaction that the caller holds, fenced by the lease.
 */
export class RunLedger {
  readonly #options: RunLedgerOptions;

  constructor(options: RunLedgerOptions) {
    this.#options = options;
  }

  /** Starts a run of the task that is next, if there is one. */
  claim(fence: Fence, now: number): Claim | undefined {
    const task = this.#options.tasks.nextReady();
    return task && this.start(task, { fence, now });
  }

  /** Starts a run of a task that is queued. */
  start(
    task: TaskRow,
    { fence, now }: { readonly fence: Fence; readonly now: number },
  ): Claim {
    const { tasks, runs, logs, events, identity, newId } = this.#options;
    const { task_id } = task;
    const run_id = newId("run");
    const attempt = task.attempts + 1;
    // Ahead of the row: a run without it is not one that has never begun.
    if (task.survive === 1) this.#options.outputs.makeFolder(run_id);
    const seq = runs.insert({ runId: run_id, task, identity, fence, at: now });
    tasks.start(task.seq, now);
    this.#taskEvent(task, { status: "running", attempts: attempt, now });
    events.append("run.started", { run_id, task_id, attempt }, now);
    logs.append({ taskSeq: task.seq, runSeq: seq }, [{
      stream: "system",
      level: "info",
      message: `Attempt ${attempt} of ${task.max_attempts} starts`,
      at: now,
    }]);
    const run = { seq, run_id, task_id, attempt, started_at: now };
    return { task, run: { ...run, ...NOTHING_LOGGED }, fence };
  }

  /**
   * Ends a run with what came of it, and its task with it: unless it failed and
   * has attempts left, then it is queued again.
   */
  finish(claim: Claim, outcome: RunOutcome, now: number): RunStatus {
    const task = this.#current(claim.task);
    const status = outcome.ok
      ? "succeeded"
      : task.cancel_requested_at !== null
      ? "canceled"
      : "failed";
    // Whatever it fails with when it is stopped, the reason is the cancel.
    if (status === "canceled") outcome = { ...outcome, ...CANCELED };
    this.#endRun(claim.run, { status, outcome, now });
    const error = outcome.ok ? null : failureOf(outcome);
    const failures = task.attempts - task.lost_attempts;
    if (status === "failed" && failures < task.max_attempts && error !== null) {
      this.#requeue(task, { error, lost: false, count: failures, now });
    } else {
      this.#endTask(task, { status, error, now });
    }
    return status;
  }

  /** Tells how many lines of a run's output its log could not take. */
  tellDropped({ run_id, task_id }: RunRef, lines: number, now: number): void {
    if (lines === 0) return;
    this.#options.events.append(
      "log.dropped",
      { run_id, task_id, lines },
      now,
    );
  }

  /**
   * Ends a run whose work was cut off, by a crash or by a stop of its
   * controller. Its task is queued again only when it says `retry_lost`.
   */
  lose(run: RunRef, reason: string, now: number): void {
    const error = { code: "RUN_LOST", message: reason };
    const outcome = { ok: false, ...error, result: null };
    this.#endRun(run, { status: "lost", outcome, now });
    const task = this.#options.tasks.get(run.task_id);
    if (task === undefined || task.status !== "running") return;
    const count = task.lost_attempts + 1;
    if (task.cancel_requested_at !== null) {
      this.#endTask(task, { status: "canceled", error: CANCELED, now });
    } else if (task.retry_lost === 1 && count <= MAX_LOST_ATTEMPTS) {
      this.#requeue(task, { error, lost: true, count, now });
    } else {
      this.#endTask(task, { status: "failed", error, now });
    }
  }

  /**
   * Ends every run that an earlier term left running, and minds that the clock
   * may have been set back since it queued its retries.
   */
  beginTerm(fence: Fence, now: number): void {
    this.#options.tasks.shortenWaits(now);
    for (const run of this.#options.runs.running()) {
      if (this.#options.tasks.get(run.task_id)?.survive === 1) continue;
      const owner = `"${run.controller_id}" (${run.instance_id})`;
      this.lose(
        run,
        `Cannot tell how the run ended: its controller ${owner} no longer led ` +
          `in term ${fence.term}`,
        now,
      );
    }
  }

  /**
   * Takes over the runs that outlive whoever led when they began; in a term that
   * goes on, what this process itself has left meanwhile.
   */
  adopt(
    fence: Fence,
    { now, hasLeft }: {
      readonly now: number;
      readonly hasLeft: (taskId: string) => boolean;
    },
  ): Claim[] {
    const { tasks, runs, events, identity } = this.#options;
    return runs.running().flatMap((run) => {
      const task = tasks.get(run.task_id);
      // What else began in this very term is being waited for.
      const isOurs = run.instance_id === fence.instance_id &&
        run.term === fence.term && !hasLeft(run.task_id);
      if (task?.survive !== 1 || isOurs) return [];
      runs.adopt(run.seq, { identity, fence });
      const { run_id, task_id } = run;
      events.append("run.adopted", { run_id, task_id }, now);
      return [{ task, run, fence, isAdopted: true }];
    });
  }

  /** Ends a queued task that somebody does not want any more. */
  cancelQueued(task: TaskRow, now: number): void {
    this.#endTask(task, { status: "canceled", error: CANCELED, now });
  }

  #current(task: TaskRow): TaskRow {
    const row = this.#options.tasks.get(task.task_id);
    if (row === undefined) {
      throw new Error(`Cannot end a run: task "${task.task_id}" is gone`);
    }
    return row;
  }

  #endRun(run: RunRef, end: RunEnd): void {
    if (!this.#options.runs.finish(run.seq, end)) {
      throw new Error(`Cannot end run "${run.run_id}": it has ended already`);
    }
    this.#options.events.append("run.finished", {
      run_id: run.run_id,
      task_id: run.task_id,
      attempt: run.attempt,
      status: end.status,
      code: end.outcome.code,
    }, end.now);
  }

  #endTask(task: TaskRow, end: TaskEnd): void {
    this.#options.tasks.finish(task.seq, end);
    this.#taskEvent(task, end);
  }

  #requeue(
    task: TaskRow,
    again: {
      readonly error: Failure;
      readonly lost: boolean;
      readonly count: number;
      readonly now: number;
    },
  ): void {
    const wakeAt = again.now + backoffMs(again.count, RETRIES);
    this.#options.tasks.requeue(task.seq, { ...again, wakeAt });
    this.#taskEvent(task, { ...again, status: "queued", wakeAt });
  }

  #taskEvent(
    task: TaskRow,
    to: {
      readonly status: TaskStatus;
      readonly now: number;
      readonly attempts?: number;
      readonly error?: Failure | null;
      readonly wakeAt?: number;
    },
  ): void {
    this.#options.events.append("task.status_changed", {
      task_id: task.task_id,
      status: to.status,
      previous: task.status,
      attempts: to.attempts ?? task.attempts,
      next_attempt_at: to.wakeAt === undefined ? null : isoTime(to.wakeAt),
      error: to.error ?? null,
    }, to.now);
  }
}

const NOTHING_LOGGED = { stdout_logged: 0, stderr_logged: 0 };

/** What names a run. */
type RunRef = Pick<RunRow, "seq" | "run_id" | "task_id" | "attempt">;

/** A run that was stored as running, and the task that it is an attempt at. */
export interface Claim {
  readonly task: TaskRow;
  readonly run:
    & RunRef
    & Pick<RunRow, "started_at" | "stdout_logged" | "stderr_logged">;
  readonly fence: Fence;
  /** Whether it was started in another term. */
  readonly isAdopted?: boolean;
}

interface RunLedgerOptions
  extends Pick<Stores, "tasks" | "runs" | "logs" | "events"> {
  readonly outputs: Pick<RunOutputs, "makeFolder">;
  readonly identity: Identity;
  readonly newId: NewId;
}

function failureOf(outcome: RunOutcome): Failure {
  return {
    code: outcome.code ?? "FAILED",
    message: outcome.message ?? "Cannot say why it failed",
  };
}
