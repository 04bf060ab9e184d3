import { z } from "zod";
import {
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
import {
  failedRun,
  type RunContext,
  succeededRun,
  type TaskKind,
} from "./task_kind.ts";

/** All places taken by other commands: this one waits its turn. */
const BUSY_MS = 1000;

/** Tasks that run a command: what it prints goes to the task's log as it comes. */
export function execKind(
  hostOps: Pick<HostOps, "streamCommand">,
  { clock, ...base }: PathBase & { readonly clock: Clock },
): TaskKind<ExecInput> {
  return {
    kind: "exec",
    scope: "exec",
    summary: "Run a command; the payload is what the host operation exec takes",
    payload: payloadIn(base),
    example: { command: "printf 'hello from a task'" },
    async run(input, context) {
      // The task's limit is the only one.
      const request = { ...input, timeoutMs: 0 };
      const stream = await started(hostOps, request, { context, clock });
      for await (const { event, data } of stream) {
        if (event !== "exit") {
          context.log(event, data.text);
          continue;
        }
        if (data.hint !== undefined) context.note("warn", data.hint);
        if (data.ok) return succeededRun(factsOf(data.result));
        else {
          return failedRun(
            data.error,
            data.result === undefined ? null : factsOf(data.result),
          );
        }
      }
      throw new Error(
        "Cannot tell how the command ended: its stream broke off",
      );
    },
  };
}

/** Reads the body of a host operation `exec` as that reads it. */
function payloadIn(base: PathBase): z.ZodType<ExecInput> {
  return z.record(z.string(), z.unknown()).transform((request, context) => {
    const { input, issues } = normaliseExec(request, base);
    for (const { path, message } of issues) {
      context.addIssue({ code: "custom", path: path.split("."), message });
    }
    return input;
  });
}

async function started(
  hostOps: Pick<HostOps, "streamCommand">,
  input: ExecInput,
  { context, clock }: { readonly context: RunContext; readonly clock: Clock },
) {
  const { task_id, run_id, signal } = context;
  const actor = {
    name: "scheduler",
    source: "task",
    task_id,
    run_id,
  } as const;
  const request = new Normalised(input);
  while (true) {
    try {
      return await hostOps.streamCommand(request, { actor, signal });
    } catch (error) {
      const isBusy = error instanceof AppError &&
        error.code === "TOO_MANY_REQUESTS";
      if (!isBusy || signal.aborted) throw error;
      await sleep(clock, BUSY_MS, signal);
    }
  }
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
    truncated: facts.truncated,
    held_open: facts.heldOpen,
    ...(facts.killedProcesses !== undefined && {
      killed_processes: facts.killedProcesses,
    }),
  };
}
