import { type Clock, isoTime } from "../shared/clock.ts";
import type { ByteBudget, Hold } from "../shared/byte_budget.ts";
import { HostOpFailure, startFailure } from "./failure.ts";
import {
  type ChildProcess,
  type CommandEnd,
  type Job,
  KeptOutput,
  type ProcessGroups,
  supervise,
  type SuperviseOptions,
} from "./process/mod.ts";
import type { ExecExit, ExecFacts, ExecInput, ExecOutcome } from "./results.ts";

/** How many shells may die under one command before it has begun. */
const MOST_TRIES = 4;

/** How to keep what a command leaves behind. */
const KEEP_IT =
  "What the command left running was killed: send what has to go on as a command of its own, with detach: true.";

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
    const { budget } = this.#options;
    const stdout = new KeptOutput(budget);
    const stderr = new KeptOutput(budget);
    const factsOf = this.#measure();
    try {
      const end = await this.#seeThrough(input, { signal, stdout, stderr });
      return this.#outcomeOf(end, input, {
        stdout: stdout.text(end.stdout.dropped !== undefined),
        stderr: stderr.text(end.stderr.dropped !== undefined),
        ...factsOf(end),
      });
    } catch (error) {
      return await failedStart(error, input);
    } finally {
      // Its text is as large as the output was, until it has been passed on.
      const cost = stdout.surrender() + stderr.surrender();
      budget.giveWhenPassedOn(cost, hold);
    }
  }

  /** Runs a command whose output goes elsewhere while it runs. */
  async stream(input: ExecInput, port: ExecPort): Promise<ExecExit> {
    const factsOf = this.#measure();
    try {
      const end = await this.#seeThrough(input, port);
      return this.#outcomeOf(end, input, factsOf(end));
    } catch (error) {
      return await failedStart(error, input);
    }
  }

  async #seeThrough(input: ExecInput, port: ExecPort): Promise<CommandEnd> {
    const { processes } = this.#options;
    const job = this.#jobOf(input);
    let end = await this.#supervise(await processes.start(job), input, port);
    for (let tries = 1; tries < MOST_TRIES; tries++) {
      if (!end.neverBegan || end.killedFor !== undefined) break;
      // a shell of its own will run it, or say why not
      const fresh = await processes.startFresh(job);
      end = await this.#supervise(fresh, input, port);
    }
    return end;
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
    port: ExecPort,
  ): Promise<CommandEnd> {
    return supervise(process, {
      ...port,
      clock: this.#options.clock,
      timeoutMs: input.timeoutMs,
      maxBytes: input.maxBufferBytes,
    });
  }

  /** Looks at the clock; returns what tells the facts at the end. */
  #measure(): (end: CommandEnd) => ExecFacts {
    const { clock } = this.#options;
    const startedAt = clock.now();
    const since = clock.monotonic();
    return ({ status, killedFor, leftBehind, stdout, stderr, ...end }) => {
      const durationMs = Math.round(clock.monotonic() - since);
      return {
        exitCode: status === undefined || status.signal ? null : status.code,
        signal: status?.signal ?? null,
        durationMs,
        startedAt: isoTime(startedAt),
        finishedAt: isoTime(startedAt + durationMs),
        timedOut: killedFor === "timeout",
        stdoutBytes: stdout.total,
        stderrBytes: stderr.total,
        truncated: end.isCut || stdout.dropped !== undefined ||
          stderr.dropped !== undefined,
        heldOpen: end.heldOpen,
        ...(leftBehind > 0 && { killedProcesses: leftBehind }),
      };
    };
  }

  #outcomeOf<Result extends ExecFacts>(
    end: CommandEnd,
    input: ExecInput,
    result: Result,
  ) {
    const told = this.#failureOf(end, input, result)?.told;
    const operation = "exec" as const;
    const hint = result.killedProcesses === undefined ? {} : { hint: KEEP_IT };
    return told === undefined
      ? { ok: true as const, operation, input, ...hint, result }
      : { ok: false as const, operation, input, ...hint, ...told, result };
  }

  #failureOf(
    { killedFor, status }: CommandEnd,
    { timeoutMs, maxBufferBytes }: ExecInput,
    { exitCode, signal }: ExecFacts,
  ): HostOpFailure | undefined {
    switch (killedFor) {
      case "timeout":
        return new HostOpFailure(
          "EXEC_TIMEOUT",
          `Command timed out after ${timeoutMs}ms.`,
          {
            retryable: true,
            details: { timeoutMs },
            hint:
              "Send it again with a larger timeoutMs (0: no limit), or queue it: POST /v1/tasks with kind exec and this request as payload.",
          },
        );
      case "maxBufferBytes":
        return new HostOpFailure(
          "EXEC_OUTPUT_LIMIT",
          `Command output exceeded maxBufferBytes=${maxBufferBytes}.`,
          {
            details: { maxBufferBytes },
            hint:
              "Send it again with its output redirected to a file, and read parts of that by POST /v1/files/read with offset and maxBytes.",
          },
        );
      case "budget":
        return new HostOpFailure(
          "EXEC_OUTPUT_LIMIT",
          "Command output exceeded what all running operations together may hold.",
          {
            retryable: true,
            details: { maxBufferedBytes: this.#options.budget.limit },
            hint:
              "Send it again when fewer operations run, or with its output redirected to a file.",
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
            "CANCELED",
            "Command was killed: its caller left or canceled it.",
            { details: { reason: "canceled" } },
          );
    }
    if (status?.success) return undefined;
    return new HostOpFailure(
      "EXEC_EXIT_NON_ZERO",
      signal === null
        ? `Command exited with code ${exitCode}.`
        : `Command was ended by ${signal}.`,
      { details: signal === null ? { exitCode } : { exitCode, signal } },
    );
  }
}

interface ExecOptions {
  readonly processes: ProcessGroups;
  readonly shell: string;
  readonly budget: ByteBudget;
  readonly clock: Clock;
  /** Tells why commands are being aborted, when it is the daemon that does it. */
  readonly stopping: AbortSignal;
}

/** What ends a command early, and where its output goes. */
export type ExecPort = Pick<
  SuperviseOptions,
  "signal" | "stdout" | "stderr" | "onLastWords"
>;

async function failedStart(
  thrown: unknown,
  input: ExecInput,
): Promise<ExecOutcome & ExecExit & { ok: false }> {
  const { told } = await startFailure(thrown, input.cwd);
  return { ok: false, operation: "exec", input, ...told };
}

/** Returns what a shell takes for a command, also where it begins like an option. */
function notAnOption(command = ""): string {
  return /^[-+]/.test(command) ? ` ${command}` : command;
}
