import { z } from "zod";
import type { ExecExit, ExecFacts, HostOps } from "../../host_ops/mod.ts";
import { normaliseExec } from "../../host_ops/mod.ts";
import type { Clock } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import { sleep } from "../../shared/wait.ts";
import type { RunOutcome } from "../store/mod.ts";
import type { RunContext, TaskKind } from "./task_kind.ts";

/** All places taken by other commands: this one waits its turn. */
const BUSY_MS = 1000;

type ExecPayload = Readonly<Record<string, unknown>>;

/** The body of a host operation `exec`, checked as that checks it. */
const Payload = z.record(z.string(), z.unknown()).superRefine((it, context) => {
  for (const { path, message } of normaliseExec(it, "/").issues) {
    context.addIssue({ code: "custom", path: path.split("."), message });
  }
});

/**
 * Tasks that run a command: what it prints goes to the task's log as it comes.
 * Without a `timeoutMs` of its own the command has the task's.
 */
export function execKind(
  hostOps: Pick<HostOps, "streamCommand">,
  clock: Clock,
): TaskKind<ExecPayload> {
  return {
    kind: "exec",
    summary: "Run a command; the payload is what the host operation exec takes",
    payload: Payload,
    example: { command: "printf 'hello from a task'" },
    async run(payload, context) {
      const stream = await started(hostOps, withTimeout(payload, context), {
        context,
        clock,
      });
      for await (const { event, data } of stream) {
        if (event === "exit") return outcomeOf(data);
        await context.log(event, data.text);
      }
      throw new Error(
        "Cannot tell how the command ended: its stream broke off",
      );
    },
  };
}

async function started(
  hostOps: Pick<HostOps, "streamCommand">,
  request: ExecPayload,
  { context, clock }: { readonly context: RunContext; readonly clock: Clock },
) {
  const { task_id, run_id, signal } = context;
  const actor = { source: "task", task_id, run_id } as const;
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

function withTimeout(payload: ExecPayload, context: RunContext): ExecPayload {
  const isGiven = payload.timeoutMs !== undefined ||
    payload.timeout_ms !== undefined;
  return isGiven || context.timeout_ms === null
    ? payload
    : { ...payload, timeoutMs: context.timeout_ms };
}

function outcomeOf(exit: ExecExit): RunOutcome {
  const result = exit.result === undefined ? null : factsOf(exit.result);
  return exit.ok
    ? { ok: true, code: null, message: null, result }
    : { ok: false, ...reasonOf(exit.error), result };
}

function reasonOf({ code, message }: { code: string; message: string }) {
  return { code, message };
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
  };
}
