import type { Clock } from "../../shared/clock.ts";
import { AppError, type InputIssue, messageOf } from "../../shared/errors.ts";
import { schemaRefusal } from "../../shared/http/mod.ts";
import type { Logger } from "../../shared/log.ts";
import { sleep } from "../../shared/wait.ts";
import { type RunOutcome, StorageError, type WaitsFor } from "../store/mod.ts";
import { failedRun, RunLeft, RunStopped, type TaskKinds } from "./task_kind.ts";
import type { Leadership } from "./leadership.ts";
import type { RunLog } from "./run_log.ts";
import type { PendingLines, RunLogs } from "./run_logs.ts";
import type { Claim, RunLedger } from "./run_ledger.ts";

/** Work that does not end this long after it was stopped is given up. */
const GIVE_UP_MS = 15_000;
/** Outcomes that the database did not take are tried again this often. */
const RETRY_MS = 500;
/** How a run has ended that is taken up again is known after this long. */
const HEAR_FIRST_MS = 1000;

/** Runs claims: starts the work of their kind, watches it, writes how it ended. */
export class RunExecutor {
  readonly #options: RunExecutorOptions;
  /** By task id: a task has one run at a time. */
  readonly #active = new Map<string, Active>();
  /** Tasks whose runs go on without this process. */
  readonly #left = new Set<string>();

  constructor(options: RunExecutorOptions) {
    this.#options = options;
  }

  /** How many runs have not ended, but for detached ones. */
  get size(): number {
    return [...this.#active.values()]
      .filter(({ claim }) => claim.task.detached === 0).length;
  }

  /**
   * Starts the work of a run that is stored as running, or takes it up again; a
   * detached one takes no other's place.
   */
  start(claim: Claim): void {
    const stop = new AbortController();
    const { task_id } = claim.task;
    this.#left.delete(task_id);
    const done = this.#execute(claim, stop).catch((error) => {
      const { run_id } = claim.run;
      this.#options.log.error("A run was not carried out", { error, run_id });
    }).finally(() => {
      this.#active.delete(task_id);
      this.#options.onFree();
    });
    this.#active.set(task_id, {
      claim,
      stop,
      done,
      waitsFor: [],
      hasEnded: false,
    });
  }

  /** For which answers of people the run of a task waits. */
  waitsFor(taskId: string): readonly WaitsFor[] {
    return this.#active.get(taskId)?.waitsFor ?? [];
  }

  /** Stops the run of a task; resolves when it has ended. */
  async stop(taskId: string, reason: RunStopped): Promise<void> {
    const active = this.#active.get(taskId);
    active?.stop.abort(reason);
    await active?.done;
  }

  /** Whether the run of a task, which goes on, was left here or is being left. */
  hasLeft(taskId: string): boolean {
    const active = this.#active.get(taskId);
    return active === undefined
      ? this.#left.has(taskId)
      : !active.hasEnded && isLeaving(active.stop.signal);
  }

  /** Resolves when no run of a task goes on here. */
  async ended(taskId: string): Promise<void> {
    await this.#active.get(taskId)?.done;
  }

  /** Stops every run, and leaves those that survive; resolves when all is over. */
  async stopAll(reason: RunStopped): Promise<void> {
    await Promise.all(
      [...this.#active.keys()].map((taskId) => this.stop(taskId, reason)),
    );
  }

  /** Leaves the runs that survive alone: they go on. Returns which ones. */
  leave(reason: RunStopped): readonly string[] {
    const left = [...this.#active.values()]
      .filter(({ claim }) => claim.task.survive === 1);
    for (const { claim } of left) void this.stop(claim.task.task_id, reason);
    return left.map(({ claim }) => claim.run.run_id);
  }

  /** Resolves when every run of now has ended by itself. */
  async idle(): Promise<void> {
    await Promise.all([...this.#active.values()].map(({ done }) => done));
  }

  async #execute(claim: Claim, stop: AbortController): Promise<void> {
    const { clock, logs } = this.#options;
    const { task } = claim;
    const limit = task.effective_timeout_ms;
    const timer = limit === null
      ? undefined
      : clock.after(this.#timeLeft(claim, limit), () =>
        stop.abort(
          new RunStopped(
            "TASK_TIMEOUT",
            `Cannot finish within timeout_ms (${limit})`,
          ),
        ));
    const log = logs.open(claim);
    if (claim.isAdopted && task.cancel_requested_at !== null) {
      stop.abort(new RunStopped("CANCELED", "The task was canceled"));
    }
    const result = await this.#outcome(claim, { log, signal: stop.signal });
    timer?.cancel();
    const reason = stop.signal.aborted ? stop.signal.reason : undefined;
    const why = reason instanceof RunStopped ? reason : undefined;
    const isLeft = task.survive === 1 && isLeaving(stop.signal);
    if (result === undefined || isLeft) {
      this.#left.add(task.task_id);
      return void logs.close(log);
    }
    const active = this.#active.get(task.task_id);
    if (active !== undefined) active.hasEnded = true;
    // What the work says is kept; that it was stopped explains its failure.
    const outcome = result.ok || why === undefined
      ? result
      : failedRun(why, result.result);
    if (!outcome.ok) {
      log.endOutput();
      log.note("error", `${outcome.code}: ${outcome.message}`);
    }
    await this.#write(claim, {
      lines: logs.close(log),
      outcome,
      lost: outcome.code === "RUN_LOST",
    });
  }

  /** What has ended meanwhile is heard before it is told to end. */
  #timeLeft({ run, isAdopted = false }: Claim, limit: number): number {
    if (!isAdopted) return limit;
    const passed = Math.max(0, this.#options.clock.now() - run.started_at);
    return Math.max(limit - passed, HEAR_FIRST_MS);
  }

  async #outcome(
    claim: Claim,
    { log, signal }: { readonly log: RunLog; readonly signal: AbortSignal },
  ): Promise<RunOutcome | undefined> {
    const { clock, kinds } = this.#options;
    const { task, run } = claim;
    const kind = kinds.get(task.kind);
    if (kind === undefined) {
      const message = `Cannot run kind "${task.kind}"`;
      return failedRun({ code: "UNKNOWN_KIND", message });
    }
    const payload = kind.payload.safeParse(JSON.parse(task.payload));
    if (!payload.success) {
      const { message } = schemaRefusal(payload.error, kind.payload, {
        at: ["payload"],
        message: "Cannot run the task",
      });
      return failedRun({ code: "INVALID_INPUT", message });
    }
    const over = new AbortController();
    // Work that ignores its signal must not hold its place for ever.
    const givenUp = new Promise<RunOutcome>((resolve) => {
      const outcome = { code: "NOT_STOPPED", message: "Cannot stop the work" };
      signal.addEventListener("abort", async () => {
        await sleep(clock, GIVE_UP_MS, over.signal);
        resolve(failedRun(outcome));
      }, { once: true, signal: over.signal });
    });
    try {
      return await Promise.race([
        kind.run(payload.data, {
          task_id: task.task_id,
          run_id: run.run_id,
          attempt: run.attempt,
          timeout_ms: task.effective_timeout_ms,
          command: {
            survive: task.survive === 1,
            isTakenUp: claim.isAdopted === true,
            max_output_bytes: task.max_output_bytes,
            logged: { stdout: run.stdout_logged, stderr: run.stderr_logged },
            open: (stream, text) => log.open(stream, text),
            skip: (stream, lines) => log.skip(stream, lines),
            endOutput: () => log.endOutput(),
          },
          signal,
          log: (stream, text, place) => log.add(stream, text, place),
          note: (level, message) => log.note(level, message),
          waitFor: (answers) => {
            const active = this.#active.get(task.task_id);
            if (active !== undefined) active.waitsFor = answers;
          },
        }),
        givenUp,
      ]);
    } catch (error) {
      if (error instanceof RunLeft) return undefined;
      if (error instanceof RunStopped) return failedRun(error);
      if (error instanceof AppError) {
        return failedRun({ code: error.code, message: withIssue(error) });
      }
      this.#options.log.error("A run failed by a fault of ours", {
        error,
        run_id: run.run_id,
      });
      return failedRun({ code: "INTERNAL", message: withoutPath(error) });
    } finally {
      over.abort();
    }
  }

  /**
   * Writes how a run ended, its last lines with it, until the database takes it
   * or another term has begun, which has marked the run as lost.
   */
  async #write(claim: Claim, end: Ending): Promise<void> {
    const { leadership, clock, log } = this.#options;
    const { run_id } = claim.run;
    while (true) {
      try {
        const left = await this.#store(claim, end);
        if (left === undefined) return;
        end = { ...end, lines: left };
        await sleep(clock, 0);
        continue;
      } catch (error) {
        if (leadership.isOver(claim.fence)) {
          return log.warn("A run ended after its term", { run_id });
        }
        if (!isTemporary(error)) {
          log.error("Cannot write how a run ended", { error, run_id });
          if (end.lines === undefined) return;
          // Without its lines and its result, the run must end all the same.
          const message = withoutPath(error);
          const outcome = failedRun({ code: "INTERNAL", message });
          end = { outcome, lost: true, lines: undefined };
          continue;
        }
        log.warn("Cannot write yet how a run ended", { error, run_id });
      }
      await sleep(clock, RETRY_MS);
    }
  }

  /** Returns the lines that are to be written before the run can end. */
  #store(
    claim: Claim,
    { outcome, lines, lost }: Ending,
  ): Promise<PendingLines | undefined> {
    const { leadership, ledger, logs, clock } = this.#options;
    return leadership.share(({ term }) => {
      if (term !== claim.fence.term) return;
      const now = clock.now();
      const left = lines && logs.store(lines);
      if (left !== undefined && left.lines.length > 0) return left;
      if (left !== undefined) ledger.tellDropped(claim.run, left.dropped, now);
      if (lost && !outcome.ok) {
        ledger.lose(claim.run, outcome.message ?? "", now);
      } else ledger.finish(claim, outcome, now);
    });
  }
}

/** How a run ended, and what it had still to say. */
interface Ending {
  readonly outcome: RunOutcome;
  readonly lines: PendingLines | undefined;
  /** Whether its work was cut off by a stop of this controller. */
  readonly lost: boolean;
}

interface Active {
  readonly claim: Claim;
  readonly stop: AbortController;
  readonly done: Promise<void>;
  waitsFor: readonly WaitsFor[];
  /** Whether its outcome is known, and only to be written. */
  hasEnded: boolean;
}

interface RunExecutorOptions {
  readonly kinds: TaskKinds;
  readonly leadership: Pick<Leadership, "share" | "isOver">;
  readonly ledger: RunLedger;
  readonly logs: RunLogs;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when a run has ended and its place is free. */
  readonly onFree: () => void;
}

/** A run's error has no details: its message says what of the input is wrong. */
function withIssue({ message, details }: AppError): string {
  const [issue] = (details?.issues ?? []) as readonly InputIssue[];
  if (issue === undefined || message.includes(issue.message)) return message;
  return `${message} (${issue.path}: ${issue.message})`;
}

/** What is wrong, but not with which file of ours: that is for the log. */
function withoutPath(error: unknown): string {
  return messageOf(error).replace(/: \w+ '.*'.*$/s, "");
}

/** Whether work that survives is told that it goes on alone. */
function isLeaving({ reason }: AbortSignal): boolean {
  return reason instanceof RunStopped && reason.code === "RUN_LOST";
}

function isTemporary(error: unknown): boolean {
  return error instanceof StorageError ||
    (error instanceof AppError && error.code === "NOT_LEADER");
}
