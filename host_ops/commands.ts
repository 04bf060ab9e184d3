import type { AuditPort } from "../shared/audit.ts";
import type { Clock } from "../shared/clock.ts";
import type { InputIssue } from "../shared/errors.ts";
import type { InFlight } from "../shared/wait.ts";
import { beginAudit, execTarget, finishAudit } from "./audit.ts";
import { EventQueue, type OutputEvent } from "./event_queue.ts";
import type { Exec } from "./exec.ts";
import { normaliseExec } from "./input.ts";
import { type HostOpContext, inputFailure } from "./operation.ts";
import type { ExecExit, ExecInput, ExecOutcome } from "./results.ts";
import type { Slots } from "./slots.ts";

/** Options of {@linkcode Commands}. */
export interface CommandsOptions {
  /** Where a command runs that does not say, absolute. */
  readonly cwd: string;
  readonly exec: Exec;
  readonly slots: Slots;
  readonly inFlight: InFlight;
  /** Milliseconds that a stream's reader may take nothing. */
  readonly stallMs: number;
  /** Aborts when the daemon stops. */
  readonly stopping: AbortSignal;
  readonly audit: AuditPort;
  readonly clock: Clock;
}

type Refusal = ExecOutcome & ExecExit & { readonly ok: false };

/** Bytes of a stream's output that may wait for its reader. */
const MOST_WAITING_BYTES = 262_144;

/** Admits commands, runs them, and says how it went. */
export class Commands {
  readonly #options: CommandsOptions;

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  /** @throws {AppError} `TOO_MANY_REQUESTS`, `NOT_READY`. */
  async execute(
    request: unknown,
    context: HostOpContext,
  ): Promise<ExecOutcome> {
    const { exec, inFlight, slots } = this.#options;
    const { input, issues } = normaliseExec(request, this.#options.cwd);
    if (issues.length > 0) return this.#refuse(input, issues, context);
    const signal = this.#signalOf(context);
    const leave = await slots.enter(signal);
    try {
      const entry = this.#begin(input, context);
      const outcome = await inFlight.track(
        exec.run(input, signal, context.hold),
      );
      finishAudit(entry, outcome);
      return outcome;
    } finally {
      leave();
    }
  }

  /** @throws {AppError} `TOO_MANY_REQUESTS`, `NOT_READY`. */
  async stream(
    request: unknown,
    context: HostOpContext,
  ): Promise<AsyncIterable<OutputEvent<ExecExit>>> {
    const { clock, exec, inFlight, slots, stallMs } = this.#options;
    const left = new AbortController();
    const queue = new EventQueue<ExecExit>({
      mostWaiting: MOST_WAITING_BYTES,
      stallMs,
      clock,
      onLeave: () => left.abort(),
    });
    const { input, issues } = normaliseExec(request, this.#options.cwd);
    if (issues.length > 0) {
      queue.finish(this.#refuse(input, issues, context));
      return queue;
    }
    const signal = AbortSignal.any([this.#signalOf(context), left.signal]);
    const leave = await slots.enter(signal);
    try {
      const entry = this.#begin(input, context);
      const stdout = queue.sink("stdout");
      const stderr = queue.sink("stderr");
      const sinks = { stdout, stderr, onLeaderEnd: () => queue.release() };
      inFlight.track(exec.stream(input, { signal, sinks })).then((exit) => {
        leave();
        stdout.flush();
        stderr.flush();
        finishAudit(entry, exit);
        queue.finish(exit);
      });
      return queue;
    } catch (error) {
      leave();
      throw error;
    }
  }

  #signalOf(context: HostOpContext): AbortSignal {
    const { stopping } = this.#options;
    if (context.signal === undefined) return stopping;
    return AbortSignal.any([context.signal, stopping]);
  }

  #begin(input: ExecInput, context: HostOpContext) {
    const { actor } = context;
    const target = execTarget(input);
    return beginAudit(this.#options.audit, {
      operation: "exec",
      actor,
      target,
    });
  }

  #refuse(
    input: ExecInput,
    issues: readonly InputIssue[],
    context: HostOpContext,
  ): Refusal {
    const entry = this.#begin(input, context);
    const error = inputFailure(issues).toError();
    const outcome: Refusal = { ok: false, operation: "exec", input, error };
    finishAudit(entry, outcome);
    return outcome;
  }
}
