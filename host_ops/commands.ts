import type { AuditedCaller } from "../shared/audit.ts";
import type { Clock } from "../shared/clock.ts";
import { AppError } from "../shared/errors.ts";
import { hasParents } from "../shared/user_path.ts";
import { execTarget, finishAudit } from "./audit.ts";
import { EventQueue, type OutputEvent } from "./event_queue.ts";
import type { Exec, ExecPort } from "./exec.ts";
import { failureOf, type HostOpFailure, inputFailure } from "./failure.ts";
import type { FolderShells } from "./folder_shells.ts";
import { normaliseExec } from "./input.ts";
import type { HostOpPorts } from "./host_op_ports.ts";
import type { KeptCommands, KeptWatch } from "./kept_commands.ts";
import type { ExecExit, ExecInput, ExecOutcome } from "./results.ts";
import type { Slots } from "./slots.ts";

/** Admits commands, runs them, and says how it went. */
export class Commands {
  readonly #options: CommandsOptions;

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  /**
   * Runs a command to its end.
   *
   * @throws {AppError} `TOO_MANY_REQUESTS`, `SHUTTING_DOWN`, `NOT_READY`.
   */
  execute(request: unknown, context: AuditedCaller): Promise<ExecOutcome> {
    const { exec } = this.#options;
    return this.#carryOut(
      request,
      context,
      (input, signal) => exec.run(input, signal, context.hold),
    );
  }

  /**
   * Runs a command whose output goes to `port` as it comes, byte for byte.
   *
   * @throws {AppError} as `execute()`.
   */
  capture(
    request: unknown,
    context: AuditedCaller,
    port: Omit<ExecPort, "signal">,
  ): Promise<ExecExit> {
    const { exec } = this.#options;
    return this.#carryOut(
      request,
      context,
      (input, signal) => exec.stream(input, { ...port, signal }),
    );
  }

  /**
   * Runs a command and tells what it prints as it prints it; the `exit` event
   * is the last. Leaving the iteration kills the command.
   *
   * @throws {AppError} as `execute()`, before anything runs.
   */
  async stream(
    request: unknown,
    context: AuditedCaller,
  ): Promise<AsyncIterable<OutputEvent>> {
    const { clock, exec, inFlight, slots, stallMs, stopping } = this.#options;
    const left = new AbortController();
    let isOver = false;
    const queue = new EventQueue({
      stallMs,
      clock,
      onLeave: () => {
        left.abort();
        if (isOver) queue.release();
      },
    });
    const { input, refused } = await this.#admit(request, context);
    if (refused !== undefined) {
      queue.finish(refused);
      return queue;
    }
    const signal = AbortSignal.any([context.signal, stopping, left.signal]);
    const hasWaited = slots.isFull;
    const leave = await slots.enter(signal);
    try {
      const entry = await this.#begin(input, context);
      await context.begun?.({ hasWaited });
      const stdout = queue.sink("stdout");
      const stderr = queue.sink("stderr");
      const onLastWords = () => queue.release();
      const onTails = () => {
        isOver = true;
        queue.holdBack();
      };
      const port = { signal, stdout, stderr, onLastWords, onTails };
      inFlight.track(exec.stream(input, port)).then(async (exit) => {
        leave();
        stdout.flush();
        stderr.flush();
        await finishAudit(entry, exit);
        queue.finish(exit);
      });
      return queue;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /**
   * Runs a command that outlives the daemon, or watches one of an earlier start
   * to its end; undefined when it is left while it runs.
   *
   * @throws {AppError} as `execute()`; {KeptLost}
   */
  async keep(
    request: unknown,
    context: AuditedCaller,
    watch: Omit<KeptWatch, "signal">,
  ): Promise<ExecExit | undefined> {
    const { inFlight, kept, slots } = this.#options;
    const { signal } = context;
    const { input, refused } = await this.#admit(request, context);
    if (refused !== undefined) return refused;
    const leave = await kept.hasBegun(watch)
      ? slots.claim()
      : await slots.enter(AbortSignal.any([signal, watch.leave]));
    try {
      const entry = await this.#begin(input, context);
      const end = await inFlight.track(kept.run(input, { ...watch, signal }));
      if (end !== undefined) finishAudit(entry, end);
      else entry.finish({ ok: true, facts: { left_running: true } });
      return end;
    } finally {
      leave();
    }
  }

  /**
   * Waits until there is a place for one more command.
   *
   * @throws {AppError} `TOO_MANY_REQUESTS`.
   */
  async place(signal: AbortSignal): Promise<void> {
    (await this.#options.slots.enter(signal))();
  }

  async #carryOut<Outcome extends ExecOutcome | ExecExit>(
    request: unknown,
    context: AuditedCaller,
    work: (input: ExecInput, signal: AbortSignal) => Promise<Outcome>,
  ) {
    const { inFlight, slots, stopping } = this.#options;
    const { input, refused } = await this.#admit(request, context);
    if (refused !== undefined) return refused;
    const signal = AbortSignal.any([context.signal, stopping]);
    const hasWaited = slots.isFull;
    const leave = await slots.enter(signal);
    try {
      const entry = await this.#begin(input, context);
      await context.begun?.({ hasWaited });
      const outcome = await inFlight.track(work(input, signal));
      await finishAudit(entry, outcome);
      return outcome;
    } finally {
      leave();
    }
  }

  /** Reads a request; a wrong one is on record, and answered, at once. */
  async #admit(request: unknown, context: AuditedCaller) {
    const { stopping } = this.#options;
    if (stopping.aborted) throw new AppError("SHUTTING_DOWN");
    const { input: given, issues: wrong } = normaliseExec(
      request,
      this.#options,
    );
    const issues = given.detach && wrong.length === 0 ? [CANNOT_DETACH] : wrong;
    const { input, failure } = issues.length > 0
      ? { input: given, failure: inputFailure(issues, "exec") }
      : await this.#followParents(given);
    if (failure === undefined) return { input, refused: undefined };
    const entry = await this.#begin(input, context);
    const { told } = failure;
    const refused = { ok: false, operation: "exec", input, ...told } as const;
    await finishAudit(entry, refused);
    return { input, refused };
  }

  /** The runtime would follow a `..` by name, and not as the kernel does. */
  async #followParents(
    input: ExecInput,
  ): Promise<{ readonly input: ExecInput; readonly failure?: HostOpFailure }> {
    if (!hasParents(input.cwd)) return { input };
    try {
      const cwd = await this.#options.shells.realFolder(input.cwd);
      if (cwd !== undefined) return { input: { ...input, cwd } };
      throw new Error(
        `its cwd ${input.cwd} does not exist or may not be entered`,
      );
    } catch (thrown) {
      const doing = "start the command";
      return {
        input,
        failure: failureOf(thrown, { code: "EXEC_FAILED", doing }),
      };
    }
  }

  #begin(input: ExecInput, { actor }: AuditedCaller) {
    const target = { operation: "exec", ...execTarget(input) };
    return this.#options.audit.begin({ action: "exec", actor, target });
  }
}

/** Only whoever keeps tasks can detach a command: a route of conductor's. */
const CANNOT_DETACH = {
  path: "detach",
  message:
    "exec.detach is for POST /v1/exec, not for an event stream or a task.",
};

interface CommandsOptions extends HostOpPorts {
  readonly shells: Pick<FolderShells, "realFolder">;
  readonly exec: Exec;
  readonly kept: KeptCommands;
  readonly slots: Slots;
  /** Milliseconds that a stream's reader may take nothing. */
  readonly stallMs: number;
  readonly clock: Clock;
}
