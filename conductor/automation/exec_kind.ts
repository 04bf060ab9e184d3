import { z } from "zod";
import {
  type ExecExit,
  type ExecFacts,
  type ExecInput,
  type HostOps,
  Normalised,
  normaliseExec,
} from "../../host_ops/mod.ts";
import type { Clock } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import type { PathBase } from "../../shared/user_path.ts";
import { sleep } from "../../shared/wait.ts";
import type { RunOutcome } from "../store/mod.ts";
import { RunOutput } from "./run_output.ts";
import type { RunOutputs } from "./run_outputs.ts";
import {
  failedRun,
  type RunContext,
  succeededRun,
  type TaskKind,
} from "./task_kind.ts";

/** All places taken by other commands: this one waits its turn. */
const BUSY_MS = 1000;

/** A command that prints more of one stream is ended. */
const MAX_OUTPUT_BYTES = 268_435_456;

/**
 * Tasks that run a command: what it prints is kept to the byte, and goes to the
 * task's log as it comes.
 */
export function execKind(
  hostOps: Pick<HostOps, "captureCommand">,
  options: ExecKindOptions,
): TaskKind<ExecInput> {
  return {
    kind: "exec",
    scope: "exec",
    summary: "Run a command; the payload is what the host operation exec takes",
    payload: payloadIn(options),
    example: { command: "printf 'hello from a task'" },
    async run(input, context) {
      const request = new Normalised({
        ...input,
        // The task's limit is the only one.
        timeoutMs: 0,
        maxBufferBytes: MAX_OUTPUT_BYTES,
      });
      using files = await options.outputs.create(context.run_id);
      const printed = new RunOutput(files, { ...context, ...options });
      const exit = await captured(request, printed, {
        hostOps,
        context,
        ...options,
      });
      await printed.end();
      if (exit.hint !== undefined) context.note("warn", exit.hint);
      return outcomeOf(exit);
    },
  };
}

interface ExecKindOptions extends PathBase {
  readonly outputs: Pick<RunOutputs, "create">;
  readonly clock: Clock;
}

/** Reads the body of a host operation `exec` as that reads it. */
function payloadIn(base: PathBase): z.ZodType<ExecInput> {
  return z.record(z.string(), z.unknown()).transform((request, context) => {
    const { input, issues } = normaliseExec(request, base);
    const detach = { path: "detach", message: "a task is detached already" };
    for (const { path, message } of input.detach ? [detach] : issues) {
      context.addIssue({ code: "custom", path: path.split("."), message });
    }
    return input;
  });
}

async function captured(
  request: Normalised<ExecInput>,
  printed: RunOutput,
  { hostOps, context, clock }: Pick<ExecKindOptions, "clock"> & {
    readonly hostOps: Pick<HostOps, "captureCommand">;
    readonly context: RunContext;
  },
): Promise<ExecExit> {
  const { task_id, run_id, signal } = context;
  const actor = {
    name: "scheduler",
    source: "task",
    task_id,
    run_id,
  } as const;
  while (true) {
    try {
      return await hostOps.captureCommand(request, { actor, signal }, printed);
    } catch (error) {
      const isBusy = error instanceof AppError &&
        error.code === "TOO_MANY_REQUESTS";
      if (!isBusy || signal.aborted) throw error;
      await sleep(clock, BUSY_MS, signal);
    }
  }
}

function outcomeOf(exit: ExecExit): RunOutcome {
  const facts = exit.result === undefined ? null : factsOf(exit.result);
  if (exit.ok) return succeededRun(facts);
  const { code, message } = exit.error;
  return failedRun({
    code,
    message: code === "EXEC_OUTPUT_LIMIT"
      ? `Command output exceeded max_output_bytes=${MAX_OUTPUT_BYTES}.`
      : message,
  }, facts);
}

/** The contract's names are camelCase; on tasks everything is snake_case. */
function factsOf(facts: ExecFacts): RunOutcome["result"] {
  return {
    exit_code: facts.exitCode,
    signal: facts.signal,
    duration_ms: facts.durationMs,
    timed_out: facts.timedOut,
    stdout_bytes: facts.stdoutBytes,
    stderr_bytes: facts.stderrBytes,
    ...(facts.stdoutOmittedBytes !== undefined && {
      stdout_omitted_bytes: facts.stdoutOmittedBytes,
      stderr_omitted_bytes: facts.stderrOmittedBytes ?? 0,
    }),
    truncated: facts.truncated,
    held_open: facts.heldOpen,
    ...(facts.killedProcesses !== undefined && {
      killed_processes: facts.killedProcesses,
    }),
  };
}
