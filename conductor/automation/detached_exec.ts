import {
  endOf,
  execCommandLine,
  type ExecFacts,
  execFailure,
  type ExecInput,
  type ExecOutcome,
  execTarget,
  HOST_OP_ERRORS,
  type HostOpErrorCode,
  HostOpFailure,
  type HostOps,
  normaliseExec,
} from "../../host_ops/mod.ts";
import type { AuditedCaller, AuditPort } from "../../shared/audit.ts";
import { codeOf } from "../../shared/errors.ts";
import type { Principal } from "../../shared/http/mod.ts";
import { lossyText } from "../../shared/held_text.ts";
import type { Redactor } from "../../shared/redact.ts";
import type { PathBase } from "../../shared/user_path.ts";
import type { HeldCalls } from "../record/mod.ts";
import { NewTask, type Run, withoutValues } from "../store/mod.ts";
import type { OutputStream, RunOutputs } from "./run_outputs.ts";
import type { TaskService } from "./task_service.ts";

const TITLE_CHARS = 80;

/** Commands that outlive the call that started them: each is a task of its own. */
export class DetachedExec {
  readonly #options: DetachedExecOptions;

  constructor(options: DetachedExecOptions) {
    this.#options = options;
  }

  /** What a request asks to be detached; undefined when it does not, or is wrong. */
  inputOf(request: unknown): ExecInput | undefined {
    const { input, issues } = normaliseExec(request, this.#options);
    return issues.length === 0 && input.detach ? input : undefined;
  }

  /**
   * Starts a command, and waits for its end as long as its input says. The
   * caller may leave: the command goes on.
   * @throws {AppError} `SYSTEM_DRAINING`, `NOT_LEADER`, `NOT_READY`, `CONFLICT`
   * when the key came with another request, `TOO_MANY_REQUESTS`
   */
  async run(
    input: ExecInput,
    caller: DetachingCaller,
  ): Promise<ExecOutcome | PendingExec> {
    const { held, tasks } = this.#options;
    const { waitMs = 0 } = input;
    using place = waitMs > 0 ? held.enter() : undefined;
    const taskId = await this.#start(input, caller);
    const { latest_run: run, ...task } = await held.until(
      () => tasks.get(taskId),
      {
        ready: ({ finished_at }) => finished_at !== null,
        waitMs,
        signal: caller.signal,
        place,
      },
    );
    if (run === null) throw new Error(`Cannot find a run of task "${taskId}"`);
    const ids = { taskId, runId: run.run_id };
    if (task.finished_at === null) {
      const pending = { ok: true, operation: "exec", pending: true } as const;
      return { ...pending, input: withoutValues(input), ...ids };
    }
    const { hold } = caller;
    return { ...await this.#outcomeOf(run, { input, hold }), ...ids };
  }

  async #start(
    input: ExecInput,
    { actor, by, key, signal }: DetachingCaller,
  ): Promise<string> {
    const { audit, hostOps, redactor, tasks } = this.#options;
    const { detach: _, waitMs: _wait, timeoutMs, ...rest } = input;
    // It bounds what the answer holds, not the output.
    const { maxBufferBytes: _max, ...payload } = rest;
    const command = redactor.text(execCommandLine(input));
    const target = { operation: "exec", detach: true, ...execTarget(input) };
    const entry = await audit.begin({ action: "exec", actor, target });
    try {
      await hostOps.placeForCommand(signal);
      const { task } = await tasks.create(
        NewTask.parse({
          title: command.slice(0, TITLE_CHARS),
          kind: "exec",
          payload,
          // Of its own it has no limit.
          timeout_ms: timeoutMs || null,
          survive: true,
        }),
        { by, key, atOnce: true },
      );
      await entry.finish({ ok: true, facts: { task_id: task.task_id } });
      return task.task_id;
    } catch (error) {
      await entry.finish({ ok: false, code: codeOf(error) });
      throw error;
    }
  }

  async #outcomeOf(
    run: Run,
    { input, hold }: Pick<DetachingCaller, "hold"> & {
      readonly input: ExecInput;
    },
  ): Promise<ExecOutcome> {
    const facts = factsOf(run);
    const failure = failureOf(run, { input, facts });
    if (facts === undefined) {
      if (failure === undefined) throw new Error("Cannot tell how it ended");
      return { ok: false, operation: "exec", input, ...failure.told };
    }
    const [stdout, stderr] = await Promise.all([
      this.#shown(run.run_id, "stdout", { ...input, hold }),
      this.#shown(run.run_id, "stderr", { ...input, hold }),
    ]);
    const truncated = facts.truncated || stdout.isCut || stderr.isCut;
    const shown = { stdout: stdout.text, stderr: stderr.text };
    return endOf(input, { failure, result: { ...shown, ...facts, truncated } });
  }

  /** The beginning of an output: all of it is read elsewhere. */
  async #shown(
    runId: string,
    stream: OutputStream,
    { maxBufferBytes: maxBytes, hold }:
      & Pick<ExecInput, "maxBufferBytes">
      & Pick<DetachingCaller, "hold">,
  ) {
    const read = await this.#options.outputs.read(runId, { stream, maxBytes });
    const isCut = read === undefined || read.size > read.bytes.length;
    const parts = read === undefined ? [] : [read.bytes];
    const cutAt = isCut ? parts.length : undefined;
    return { text: lossyText(parts, { cutAt, hold }), isCut };
  }
}

/** A command that goes on. */
export interface PendingExec {
  readonly ok: true;
  readonly operation: "exec";
  readonly pending: true;
  readonly input: ExecInput;
  readonly taskId: string;
  readonly runId: string;
}

/** Who detaches a command. */
interface DetachingCaller extends Required<AuditedCaller> {
  readonly by: Pick<Principal, "scopes">;
  /** An `Idempotency-Key`: the same one finds the same task. */
  readonly key?: string | undefined;
}

interface DetachedExecOptions extends PathBase {
  readonly hostOps: Pick<HostOps, "placeForCommand">;
  readonly tasks: Pick<TaskService, "create" | "get">;
  readonly outputs: Pick<RunOutputs, "read">;
  readonly audit: AuditPort;
  readonly redactor: Pick<Redactor, "text">;
  readonly held: Pick<HeldCalls, "enter" | "until">;
}

/** What tasks tell in snake_case, as the contract of `exec` names it. */
function factsOf({ outcome, started_at, finished_at }: Run) {
  const facts = outcome?.result ?? null;
  if (facts === null || finished_at === null) return undefined;
  return {
    exitCode: facts.exit_code,
    signal: facts.signal,
    durationMs: Date.parse(finished_at) - Date.parse(started_at),
    startedAt: started_at,
    finishedAt: finished_at,
    timedOut: outcome?.code === "TASK_TIMEOUT",
    stdoutBytes: facts.stdout_bytes,
    stderrBytes: facts.stderr_bytes,
    truncated: facts.truncated,
    heldOpen: facts.held_open,
    ...("killed_processes" in facts && {
      killedProcesses: facts.killed_processes,
    }),
  } as ExecFacts;
}

/** Why a run failed, as a command fails whose caller waits for it. */
function failureOf({ outcome }: Run, { input, facts }: {
  readonly input: ExecInput;
  readonly facts: ExecFacts | undefined;
}): HostOpFailure | undefined {
  if (outcome?.ok) return undefined;
  const code = outcome?.code ?? "INTERNAL";
  const how = facts ?? { exitCode: null, signal: null };
  switch (code) {
    case "TASK_TIMEOUT":
      return execFailure({ ...how, killedFor: "timeout" }, input);
    case "CANCELED":
      return execFailure({ ...how, killedFor: "aborted" }, input);
    case "EXEC_EXIT_NON_ZERO":
      return execFailure(how, input);
  }
  const said = outcome?.message ?? "Cannot say how it ended";
  return code in HOST_OP_ERRORS
    ? new HostOpFailure(code as HostOpErrorCode, said)
    : new HostOpFailure("EXEC_FAILED", said, {
      details: { reason: code },
      hint: "GET /v1/tasks/:task_id/logs, with taskId, tells how it went.",
    });
}
