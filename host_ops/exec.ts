import { type Clock, isoTime } from "../shared/clock.ts";
import type { ByteBudget, Hold } from "../shared/byte_budget.ts";
import { HostOpFailure, startFailure } from "./failure.ts";
import {
  type ChildProcess,
  type CommandEnd,
  type Job,
  KeptOutput,
  type OutputSink,
  supervise,
} from "./process/mod.ts";
import type { ExecExit, ExecFacts, ExecInput, ExecOutcome } from "./results.ts";

/** What starts programs. */
export interface ProcessStarter {
  start(job: Job): Promise<ChildProcess>;
  startFresh(job: Job): Promise<ChildProcess>;
}

/** Where the output of a streamed command goes. */
export interface ExecSinks {
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
  /** Called when the leader has ended: from then on sinks must not hold back. */
  readonly onLeaderEnd: () => void;
}

/** Runs commands. */
export class Exec {
  readonly #options: ExecOptions;

  constructor(options: ExecOptions) {
    this.#options = options;
  }

  /** Runs a command to its end and returns all that it printed. */
  async run(
    input: ExecInput,
    signal: AbortSignal,
    hold?: Hold,
  ): Promise<ExecOutcome> {
    const stdout = new KeptOutput(this.#options.budget);
    const stderr = new KeptOutput(this.#options.budget);
    const job = this.#jobOf(input);
    const startedAt = this.#options.clock.now();
    const since = this.#options.clock.monotonic();
    try {
      const sinks = { stdout, stderr };
      const process = await this.#options.processes.start(job);
      let end = await this.#supervise(process, input, { signal, sinks });
      if (await neverBegan(process, end, stderr)) {
        // a shell of its own will run it, or say why not
        stderr.release();
        const fresh = await this.#options.processes.startFresh(job);
        end = await this.#supervise(fresh, input, { signal, sinks });
      }
      return this.#outcomeOf(end, input, {
        stdout: stdout.text(end.stdout.dropped !== undefined),
        stderr: stderr.text(end.stderr.dropped !== undefined),
        ...this.#factsOf(end, { startedAt, since }),
      });
    } catch (error) {
      return await failedStart(error, input);
    } finally {
      // Its text is as large as the output was, until it has been passed on.
      const cost = stdout.surrender() + stderr.surrender();
      this.#options.budget.giveWhenPassedOn(cost, hold);
    }
  }

  /** Runs a command whose output goes elsewhere while it runs. */
  async stream(
    input: ExecInput,
    options: { readonly signal: AbortSignal; readonly sinks: ExecSinks },
  ): Promise<ExecExit> {
    const startedAt = this.#options.clock.now();
    const since = this.#options.clock.monotonic();
    try {
      // a waiting shell's refusal could not be taken back from a stream
      const process = await this.#options.processes.startFresh(
        this.#jobOf(input),
      );
      const end = await this.#supervise(process, input, options);
      const facts = this.#factsOf(end, { startedAt, since });
      return this.#outcomeOf(end, input, facts);
    } catch (error) {
      return await failedStart(error, input);
    }
  }

  #jobOf(input: ExecInput): Job {
    const { args, cwd, env, stdin } = input;
    return {
      argv: args ?? [this.#options.shell, "-c", notAnOption(input.command)],
      cwd,
      ...(env !== undefined && { env }),
      ...(stdin !== undefined && { stdin }),
    };
  }

  #supervise(
    process: ChildProcess,
    input: ExecInput,
    options: {
      readonly signal: AbortSignal;
      readonly sinks: Omit<ExecSinks, "onLeaderEnd"> & Partial<ExecSinks>;
    },
  ): Promise<CommandEnd> {
    const { clock, killGraceMs, drainMs } = this.#options;
    return supervise(process, {
      ...options.sinks,
      timeoutMs: input.timeoutMs,
      maxBytes: input.maxBufferBytes,
      signal: options.signal,
      clock,
      killGraceMs,
      drainMs,
    });
  }

  #factsOf(
    end: CommandEnd,
    begin: { readonly startedAt: number; readonly since: number },
  ): ExecFacts {
    const durationMs = this.#options.clock.monotonic() - begin.since;
    const { status, stdout, stderr } = end;
    return {
      exitCode: status === undefined || status.signal ? null : status.code,
      signal: status?.signal ?? null,
      durationMs: Math.round(durationMs),
      startedAt: isoTime(begin.startedAt),
      finishedAt: isoTime(begin.startedAt + Math.round(durationMs)),
      timedOut: end.killedFor === "timeout",
      stdoutBytes: stdout.total,
      stderrBytes: stderr.total,
      truncated: stdout.dropped !== undefined || stderr.dropped !== undefined,
      heldOpen: end.heldOpen,
    };
  }

  #outcomeOf<Result>(end: CommandEnd, input: ExecInput, result: Result) {
    const error = this.#failureOf(end, input)?.toError();
    const operation = "exec" as const;
    return error === undefined
      ? { ok: true as const, operation, input, result }
      : { ok: false as const, operation, input, error, result };
  }

  #failureOf(end: CommandEnd, input: ExecInput): HostOpFailure | undefined {
    const { timeoutMs, maxBufferBytes } = input;
    switch (end.killedFor) {
      case "timeout":
        return new HostOpFailure(
          "EXEC_TIMEOUT",
          `Command timed out after ${timeoutMs}ms.`,
          { retryable: true, details: { timeoutMs } },
        );
      case "maxBufferBytes":
        return new HostOpFailure(
          "EXEC_OUTPUT_LIMIT",
          `Command output exceeded maxBufferBytes=${maxBufferBytes}.`,
          { details: { maxBufferBytes } },
        );
      case "budget":
        return new HostOpFailure(
          "EXEC_OUTPUT_LIMIT",
          "Command output exceeded what all running operations together may hold.",
          {
            retryable: true,
            details: { maxBufferedBytes: this.#options.budget.limit },
          },
        );
      case "aborted":
        return this.#options.stopping.aborted
          ? new HostOpFailure(
            "EXEC_FAILED",
            "Command was killed: the daemon is shutting down.",
            { retryable: true, details: { reason: "shutting_down" } },
          )
          : new HostOpFailure(
            "EXEC_FAILED",
            "Command was killed: its caller left or canceled it.",
            { details: { reason: "canceled" } },
          );
    }
    const { status } = end;
    if (status?.success) return undefined;
    const exitCode = status?.signal ? null : status?.code ?? null;
    const signal = status?.signal ?? null;
    return new HostOpFailure(
      "EXEC_EXIT_NON_ZERO",
      signal === null
        ? `Command exited with code ${exitCode}.`
        : `Command was ended by ${signal}.`,
      { details: signal === null ? { exitCode } : { exitCode, signal } },
    );
  }
}

export interface ExecOptions {
  readonly processes: ProcessStarter;
  readonly shell: string;
  readonly budget: ByteBudget;
  readonly clock: Clock;
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly killGraceMs: number;
  /** Milliseconds that outputs may stay open after all was killed. */
  readonly drainMs: number;
  /** Tells why commands are being aborted, when it is the daemon that does it. */
  readonly stopping: AbortSignal;
}

async function neverBegan(
  process: ChildProcess,
  end: CommandEnd,
  stderr: KeptOutput,
): Promise<boolean> {
  const { killedFor, status } = end;
  if (killedFor !== undefined || status === undefined || status.success) {
    return false;
  }
  return await process.neverBegan?.({ status, stderr: stderr.text(false) }) ??
    false;
}

async function failedStart(
  thrown: unknown,
  input: ExecInput,
): Promise<ExecOutcome & ExecExit & { ok: false }> {
  const failure = await startFailure(thrown, input.cwd);
  return { ok: false, operation: "exec", input, error: failure.toError() };
}

/** Returns what a shell takes for a command, also where it begins like an option. */
function notAnOption(command = ""): string {
  return /^[-+]/.test(command) ? ` ${command}` : command;
}
