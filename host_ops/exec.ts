import { type Clock, isoTime } from "../shared/clock.ts";
import type { ByteBudget, Hold } from "../shared/byte_budget.ts";
import { endOf, execFailure } from "./exec_failure.ts";
import { startFailure } from "./failure.ts";
import { HeadAndTail } from "./head_and_tail.ts";
import { KeptOutput } from "./kept_output.ts";
import {
  type ChildProcess,
  type CommandEnd,
  type Job,
  type ProcessGroups,
  supervise,
  type SuperviseOptions,
} from "./process/mod.ts";
import type { ExecExit, ExecFacts, ExecInput, ExecOutcome } from "./results.ts";

/** How many shells may die under one command before it has begun. */
const MOST_TRIES = 4;

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
    const { headBytes = input.maxBufferBytes } = input;
    const heads = {
      stdout: new KeptOutput(budget, headBytes),
      stderr: new KeptOutput(budget, headBytes),
    };
    const outputs = this.#outputs(input, heads);
    const factsOf = this.#measure(input);
    try {
      const end = await this.#seeThrough(input, { signal, ...outputs });
      const textOf = (from: "stdout" | "stderr") => {
        const { omittedBytes } = outputs[from];
        const isCut = omittedBytes > 0 || end[from].dropped !== undefined;
        const behind = outputs[from].tail();
        return heads[from].text({ isCut, behind, hold });
      };
      return this.#outcomeOf(end, input, {
        stdout: textOf("stdout"),
        stderr: textOf("stderr"),
        ...factsOf(end, outputs),
      });
    } catch (error) {
      return await failedStart(error, input);
    } finally {
      // Its text is as large as the output was, until it has been passed on.
      const all = [...Object.values(heads), ...Object.values(outputs)];
      const cost = all.reduce((sum, it) => sum + it.surrender(), 0);
      budget.giveWhenPassedOn(cost, hold);
    }
  }

  /**
   * Runs a command whose output goes elsewhere while it runs: what stands behind
   * the heads only at its end.
   */
  async stream(input: ExecInput, port: ExecPort): Promise<ExecExit> {
    const { budget } = this.#options;
    const outputs = this.#outputs(input, port);
    const factsOf = this.#measure(input);
    try {
      const end = await this.#seeThrough(input, { ...port, ...outputs });
      const exit = this.#outcomeOf(end, input, factsOf(end, outputs));
      if (input.onLimit !== "discard") return exit;
      port.onTails?.();
      for (const output of Object.values(outputs)) {
        await output.handOn(port.signal);
      }
      return exit;
    } catch (error) {
      return await failedStart(error, input);
    } finally {
      for (const it of Object.values(outputs)) budget.give(it.surrender());
    }
  }

  #outputs(input: ExecInput, heads: Pick<ExecPort, "stdout" | "stderr">) {
    const { budget } = this.#options;
    const { maxBufferBytes: maxBytes } = input;
    const { headBytes = maxBytes, tailBytes = 0 } = input;
    const limits = { maxBytes, headBytes, tailBytes };
    return {
      stdout: new HeadAndTail(heads.stdout, { ...limits, budget }),
      stderr: new HeadAndTail(heads.stderr, { ...limits, budget }),
    };
  }

  async #seeThrough(input: ExecInput, port: ExecPort): Promise<CommandEnd> {
    const { processes, stopping } = this.#options;
    if (port.signal.aborted) {
      const how = {
        killedFor: "aborted",
        exitCode: null,
        signal: null,
      } as const;
      throw execFailure(how, input, { isStopping: stopping.aborted });
    }
    const job = jobOf(input, this.#options.shell);
    let end = await this.#supervise(await processes.start(job), input, port);
    for (let tries = 1; tries < MOST_TRIES; tries++) {
      if (!end.neverBegan || end.killedFor !== undefined) break;
      // a shell of its own will run it, or say why not
      const fresh = await processes.startFresh(job);
      end = await this.#supervise(fresh, input, port);
    }
    return end;
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
      maxBytes: input.onLimit === "discard" ? Infinity : input.maxBufferBytes,
    });
  }

  /** Looks at the clock; returns what tells the facts at the end. */
  #measure({ onLimit }: ExecInput) {
    const { clock } = this.#options;
    const startedAt = clock.now();
    const since = clock.monotonic();
    return (end: CommandEnd, outputs: Outputs): ExecFacts => {
      const { status, leftBehind, stdout, stderr } = end;
      const durationMs = Math.round(clock.monotonic() - since);
      const omitted = {
        stdoutOmittedBytes: outputs.stdout.omittedBytes,
        stderrOmittedBytes: outputs.stderr.omittedBytes,
      };
      return {
        exitCode: status === undefined || status.signal ? null : status.code,
        signal: status?.signal ?? null,
        durationMs,
        startedAt: isoTime(startedAt),
        finishedAt: isoTime(startedAt + durationMs),
        timedOut: end.killedFor === "timeout",
        stdoutBytes: stdout.total,
        stderrBytes: stderr.total,
        ...(onLimit === "discard" && omitted),
        truncated: end.isCut ||
          [stdout, stderr].some((it) => it.dropped !== undefined) ||
          Object.values(omitted).some((it) => it > 0),
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
    const { budget, stopping } = this.#options;
    const isStopping = stopping.aborted;
    const how = { ...result, killedFor: end.killedFor };
    const failure = execFailure(how, input, { budget, isStopping });
    return endOf(input, { result, failure });
  }
}

/** By the name of the output. */
type Outputs = Readonly<Record<"stdout" | "stderr", HeadAndTail>>;

interface ExecOptions {
  readonly processes: ProcessGroups;
  readonly shell: string;
  readonly budget: ByteBudget;
  readonly clock: Clock;
  /** Tells why commands are being aborted, when it is the daemon that does it. */
  readonly stopping: AbortSignal;
}

/** What ends a command early, and where its output goes. */
export interface ExecPort extends
  Pick<
    SuperviseOptions,
    "signal" | "stdout" | "stderr" | "onLastWords"
  > {
  /** Called when the command is over and what stands behind the heads comes. */
  readonly onTails?: () => void;
}

/** A path and words in which no shell sees more: it would become that program at once. */
const IS_PLAIN = /^\/[\w./+-]*( [\w./:,@+-][\w./:,@+=-]*)*$/;

/** Returns the program that does what a request of `exec` says. */
export function jobOf(input: ExecInput, shell: string): Job {
  const { args, command = "", cwd, env, stdin } = input;
  return {
    argv: args ??
      (IS_PLAIN.test(command)
        ? command.split(" ")
        : [shell, "-c", notAnOption(command)]),
    cwd,
    ...(env !== undefined && { env }),
    ...(stdin !== undefined && { stdin }),
  };
}

/** Returns what comes of a command that could not be started. */
export async function failedStart(
  thrown: unknown,
  input: ExecInput,
): Promise<ExecOutcome & ExecExit & { ok: false }> {
  const { told } = await startFailure(thrown, input.cwd);
  return { ok: false, operation: "exec", input, ...told };
}

/** Returns what a shell takes for a command, also where it begins like an option. */
function notAnOption(command: string): string {
  return /^[-+]/.test(command) ? ` ${command}` : command;
}
