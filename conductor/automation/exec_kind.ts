import { z } from "zod";
import {
  ALIASES,
  type ExecExit,
  type ExecFacts,
  type ExecInput,
  FIELDS,
  type HostOps,
  KEEP_IT,
  KeptLost,
  LIMIT_FIELDS,
  Normalised,
  normaliseExec,
} from "../../host_ops/mod.ts";
import type { AuditActor } from "../../shared/audit.ts";
import type { Clock } from "../../shared/clock.ts";
import { codeOf, type ErrorCode } from "../../shared/errors.ts";
import type { PathBase } from "../../shared/user_path.ts";
import { sleep } from "../../shared/wait.ts";
import { DEFAULT_OUTPUT_BYTES, type RunOutcome } from "../store/mod.ts";
import { OutputTail } from "./output_tail.ts";
import { RunOutput } from "./run_output.ts";
import type { OutputStream, RunOutputs } from "./run_outputs.ts";
import {
  type CommandOptions,
  failedRun,
  type RunContext,
  RunLeft,
  RunStopped,
  succeededRun,
  type TaskKind,
} from "./task_kind.ts";

/** All places taken, or a record that cannot be written: it is tried again. */
const BUSY_MS = 1000;

/**
 * Tasks that run a command: what it prints is kept to the byte, and goes to the
 * task's log as it comes.
 */
export function execKind(
  hostOps: CommandRunner,
  options: ExecKindOptions,
): TaskKind<ExecInput> {
  return {
    kind: "exec",
    scope: "exec",
    summary: "Run a command; the payload is what the host operation exec takes",
    payload: payloadIn(options),
    fields: PAYLOAD_FIELDS,
    refused: {
      fields: LIMIT_FIELDS,
      message:
        "is not for a task, whose output goes to files whole: max_output_bytes of the task, beside payload, bounds it",
    },
    example: { command: "printf 'hello from a task'" },
    async run({ headBytes: _head, tailBytes: _tail, ...input }, context) {
      const maxBytes = context.command?.max_output_bytes ??
        DEFAULT_OUTPUT_BYTES;
      const request = new Normalised<ExecInput>({
        ...input,
        // The task's limits are the only ones.
        timeoutMs: 0,
        maxBufferBytes: maxBytes,
        onLimit: "kill",
      });
      const work = { hostOps, request, context, ...options };
      const exit = context.command?.survive
        ? await watched(work, context.command)
        : await captured(work);
      context.command?.endOutput();
      if (exit.result?.killedProcesses !== undefined) {
        context.note("warn", KEEP_IT);
      }
      return outcomeOf(exit, { maxBytes, signal: context.signal });
    },
  };
}

/** What of the operation's fields a task takes, aliases too. */
const PAYLOAD_FIELDS = [
  ...Object.keys(FIELDS.exec),
  ...Object.keys(ALIASES.exec),
]
  .filter((it) => !/^(detach|wait)/.test(it) && !LIMIT_FIELDS.includes(it));

type CommandRunner = Pick<HostOps, "captureCommand" | "keepCommand">;

interface ExecKindOptions extends PathBase {
  readonly outputs: Pick<RunOutputs, "create" | "read" | "folderOf">;
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

/** What the run of a command is done with. */
interface Work extends Pick<ExecKindOptions, "outputs" | "clock"> {
  readonly hostOps: CommandRunner;
  readonly request: Normalised<ExecInput>;
  readonly context: RunContext;
}

/** Runs a command that ends with this process. */
async function captured(work: Work): Promise<ExecExit> {
  const { hostOps, request, context, outputs, clock } = work;
  const { signal } = context;
  using files = await outputs.create(context.run_id);
  const printed = new RunOutput(files, { ...context, clock });
  const exit = await inTurn(
    work,
    { signal, waitsFor: ["TOO_MANY_REQUESTS"] },
    (actor) => hostOps.captureCommand(request, { actor, signal }, printed),
  );
  await printed.end();
  return exit;
}

/**
 * Starts a command that outlives this process, or goes on where somebody left it.
 * @throws {RunLeft} when it is left; {RunStopped} when nobody knows its end
 */
async function watched(
  work: Work,
  { isTakenUp, logged, open, skip }: CommandOptions,
): Promise<ExecExit> {
  const { hostOps, request, context, outputs } = work;
  const { run_id: runId } = context;
  const { stop, leave } = partsOf(context.signal);
  const tailOf = (stream: OutputStream) =>
    new OutputTail({
      outputs,
      runId,
      stream,
      from: logged[stream],
      onLine: (text, place) => context.log(stream, text, place),
      onSkipped: (lines) => skip(stream, lines),
    });
  const stdout = tailOf("stdout");
  const stderr = tailOf("stderr");
  const watch = {
    folder: outputs.folderOf(runId),
    isTakenUp,
    leave,
    maxBytes: request.input.maxBufferBytes,
    async onLook(sizes: Readonly<Record<OutputStream, number>>) {
      const isNew = await stdout.readTo(sizes.stdout);
      const isMore = await stderr.readTo(sizes.stderr);
      if (isNew) open("stdout", stdout.unfinished);
      if (isMore) open("stderr", stderr.unfinished);
      return isNew || isMore;
    },
  };
  try {
    // What may run already is never given up: it would go on unwatched.
    const patience: Patience = isTakenUp
      ? { signal: leave, waitsFor: ["TOO_MANY_REQUESTS", "NOT_READY"] }
      : {
        signal: AbortSignal.any([stop, leave]),
        waitsFor: ["TOO_MANY_REQUESTS"],
      };
    const exit = await inTurn(
      work,
      patience,
      (actor) => hostOps.keepCommand(request, { actor, signal: stop }, watch),
    );
    if (exit === undefined || leave.aborted) throw new RunLeft();
    stdout.end();
    stderr.end();
    return exit;
  } catch (error) {
    if (leave.aborted) throw new RunLeft();
    if (!(error instanceof KeptLost)) throw error;
    throw new RunStopped("RUN_LOST", error.message);
  }
}

/** What ends the command, and what only ends this process's part in it. */
function partsOf(signal: AbortSignal) {
  const stop = new AbortController();
  const leave = new AbortController();
  const pass = () => {
    const { reason } = signal;
    const isLeft = reason instanceof RunStopped && reason.code === "RUN_LOST";
    (isLeft ? leave : stop).abort();
  };
  if (signal.aborted) pass();
  else signal.addEventListener("abort", pass, { once: true });
  return { stop: stop.signal, leave: leave.signal };
}

/** For which refusals a command waits, and what ends that. */
interface Patience {
  readonly signal: AbortSignal;
  readonly waitsFor: readonly ErrorCode[];
}

/** Runs a command as soon as there is a place for it. */
async function inTurn<T>(
  { context: { task_id, run_id }, clock }: Work,
  { signal, waitsFor }: Patience,
  run: (actor: AuditActor) => Promise<T>,
): Promise<T> {
  const actor = {
    name: "scheduler",
    source: "task",
    task_id,
    run_id,
  } as const;
  while (true) {
    try {
      return await run(actor);
    } catch (error) {
      if (!waitsFor.includes(codeOf(error)) || signal.aborted) throw error;
      await sleep(clock, BUSY_MS, signal);
    }
  }
}

function outcomeOf(
  exit: ExecExit,
  { maxBytes, signal }: {
    readonly maxBytes: number;
    readonly signal: AbortSignal;
  },
): RunOutcome {
  const facts = exit.result === undefined ? null : factsOf(exit.result);
  if (exit.ok) return succeededRun(facts);
  const why = signal.aborted ? signal.reason : undefined;
  const isLate = why instanceof RunStopped && why.code === "TASK_TIMEOUT";
  if (isLate && facts !== null) facts.timed_out = true;
  const { code, message } = exit.error;
  return failedRun({
    code,
    message: code === "EXEC_OUTPUT_LIMIT"
      ? `Command output exceeded max_output_bytes=${maxBytes}.`
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
