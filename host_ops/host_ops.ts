import { resolve } from "@std/path";
import type { AuditActor, AuditFacts, AuditPort } from "../shared/audit.ts";
import type { Clock } from "../shared/clock.ts";
import { AppError } from "../shared/errors.ts";
import type { Logger } from "../shared/log.ts";
import { beginAudit, execTarget, finishAudit } from "./audit.ts";
import { ByteBudget } from "./budget.ts";
import { EventQueue, type OutputEvent } from "./event_queue.ts";
import { Exec } from "./exec.ts";
import { failureOf, HostOpFailure } from "./failure.ts";
import {
  type InputIssue,
  normaliseExec,
  normaliseFileRead,
  normaliseFileWrite,
} from "./input.ts";
import {
  DEFAULT_MAX_BUFFERED_BYTES,
  DEFAULT_MAX_CONCURRENT_EXECS,
} from "./limits.ts";
import { PathLocks } from "./path_locks.ts";
import { PathPolicy } from "./policy.ts";
import { ProcessGroups } from "./process.ts";
import { readFile } from "./read_file.ts";
import type {
  ExecExit,
  ExecInput,
  ExecOutcome,
  FileReadOutcome,
  FileWriteOutcome,
  HostOpResult,
} from "./results.ts";
import type { HostOperation } from "./schemas.ts";
import { Slots } from "./slots.ts";
import { Sweeper } from "./temporary_file.ts";
import { writeFile } from "./write_file.ts";

/** Options of {@linkcode HostOps}. */
export interface HostOpsOptions {
  /** Where relative paths begin, absolute. */
  readonly cwd: string;
  /** `BAA_SHELL`, an absolute path. */
  readonly shell: string;
  /** The whole environment of a command; see `childEnvironment()`. */
  readonly environment: Readonly<Record<string, string>>;
  /** The daemon's own state, logs and token file, which nobody may touch. */
  readonly ownPaths: readonly string[];
  /** Folders that may be read; not given: all. */
  readonly readRoots?: readonly string[] | undefined;
  /** Folders that may be written; not given: all. */
  readonly writeRoots?: readonly string[] | undefined;
  /** Bytes that all running operations together may hold. */
  readonly maxBufferedBytes?: number;
  /** Commands that run at once. */
  readonly maxConcurrentExecs?: number;
  /** Milliseconds that a command waits for its turn. Default 2000. */
  readonly maxWaitMs?: number;
  /** Milliseconds between SIGTERM and SIGKILL. Default 500. */
  readonly killGraceMs?: number;
  /** Milliseconds that outputs may stay open after all was killed. Default 200. */
  readonly drainMs?: number;
  /** Milliseconds that a stream's reader may take nothing. Default 30000. */
  readonly stallMs?: number;
  /** Shells that are started ahead of the commands that they will run. Default 2. */
  readonly warmShells?: number;
  readonly audit: AuditPort;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Who asks, and how long for. */
export interface HostOpContext {
  readonly actor: AuditActor;
  /** Kills the command when it aborts. */
  readonly signal?: AbortSignal;
}

/** A host operation with its request. */
export interface HostOpRequest {
  readonly operation: HostOperation;
  readonly input: unknown;
}

/** Bytes of a stream's output that may wait for its reader. */
const MOST_WAITING_BYTES = 262_144;

const NEVER = new AbortController().signal;

/**
 * Runs commands, reads and writes files of this machine. What goes wrong with
 * an operation is in its result; thrown is only what refuses it altogether:
 * too many at once, the end of the daemon, audit that cannot be written.
 */
export class HostOps implements AsyncDisposable {
  readonly #options: HostOpsOptions;
  readonly #budget: ByteBudget;
  readonly #policy: PathPolicy;
  readonly #processes: ProcessGroups;
  readonly #exec: Exec;
  readonly #slots: Slots;
  readonly #locks = new PathLocks();
  readonly #sweeper: Sweeper;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(options: HostOpsOptions) {
    const { clock } = options;
    this.#options = options;
    this.#budget = new ByteBudget(
      options.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES,
    );
    this.#policy = new PathPolicy(options);
    this.#sweeper = new Sweeper(clock);
    this.#processes = new ProcessGroups({
      ...options,
      ...(options.warmShells !== undefined && { warm: options.warmShells }),
    });
    this.#exec = new Exec({
      processes: this.#processes,
      shell: options.shell,
      budget: this.#budget,
      clock,
      killGraceMs: options.killGraceMs ?? 500,
      drainMs: options.drainMs ?? 200,
      stopping: this.#stopping.signal,
    });
    const size = options.maxConcurrentExecs ?? DEFAULT_MAX_CONCURRENT_EXECS;
    this.#slots = new Slots({
      size,
      mostWaiting: size * 4,
      waitMs: options.maxWaitMs ?? 2_000,
      clock,
    });
  }

  /** Whether the daemon holds the permission to run the shell. */
  prepare(): void {
    this.#processes.prepare();
  }

  /** The process id of the reaper, once a command has run. */
  get reaperId(): number | undefined {
    return this.#processes.reaperId;
  }

  /** Does any operation by its name. */
  runHostOperation(
    request: HostOpRequest,
    context: HostOpContext,
  ): Promise<HostOpResult> {
    switch (request.operation) {
      case "exec":
        return this.executeCommand(request.input, context);
      case "files/read":
        return this.readTextFile(request.input, context);
      case "files/write":
        return this.writeTextFile(request.input, context);
    }
  }

  /**
   * Runs a command to its end.
   *
   * @throws {AppError} `TOO_MANY_REQUESTS`, `SHUTTING_DOWN`, `NOT_READY`.
   */
  async executeCommand(
    request: unknown,
    context: HostOpContext,
  ): Promise<ExecOutcome> {
    this.#expectOpen();
    const { input, issues } = normaliseExec(request, this.#options.cwd);
    if (issues.length > 0) return this.#refuseExec(input, issues, context);
    const signal = this.#signalOf(context);
    const leave = await this.#slots.enter(signal);
    try {
      const entry = this.#begin("exec", context, execTarget(input));
      const outcome = await this.#track(this.#exec.run(input, signal));
      finishAudit(entry, outcome);
      return outcome;
    } finally {
      leave();
    }
  }

  /**
   * Runs a command and tells what it prints as it prints it. Leaving the
   * iteration kills the command.
   *
   * @throws {AppError} as `executeCommand()`, before anything runs.
   */
  async streamCommand(
    request: unknown,
    context: HostOpContext,
  ): Promise<AsyncIterable<OutputEvent<ExecExit>>> {
    this.#expectOpen();
    const left = new AbortController();
    const queue = new EventQueue<ExecExit>({
      mostWaiting: MOST_WAITING_BYTES,
      stallMs: this.#options.stallMs ?? 30_000,
      clock: this.#options.clock,
      onLeave: () => left.abort(),
    });
    const { input, issues } = normaliseExec(request, this.#options.cwd);
    if (issues.length > 0) {
      queue.end(this.#refuseExec(input, issues, context));
      return queue;
    }
    const signal = AbortSignal.any([this.#signalOf(context), left.signal]);
    const leave = await this.#slots.enter(signal);
    try {
      const entry = this.#begin("exec", context, execTarget(input));
      const stdout = queue.sink("stdout");
      const stderr = queue.sink("stderr");
      const sinks = { stdout, stderr, onLeaderEnd: () => queue.release() };
      this.#track(this.#exec.stream(input, { signal, sinks })).then((exit) => {
        leave();
        stdout.flush();
        stderr.flush();
        finishAudit(entry, exit);
        queue.end(exit);
      });
      return queue;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /**
   * Reads a file.
   *
   * @throws {AppError} `SHUTTING_DOWN`, `NOT_READY`.
   */
  async readTextFile(
    request: unknown,
    context: HostOpContext,
  ): Promise<FileReadOutcome> {
    this.#expectOpen();
    const { input, issues } = normaliseFileRead(request, this.#options.cwd);
    const operation = "files/read";
    const absolutePath = resolve(input.cwd, input.path);
    const entry = this.#begin(operation, context, { path: absolutePath });
    let outcome: FileReadOutcome;
    try {
      if (issues.length > 0) throw invalid(issues);
      const result = await this.#track(
        readFile({ ...input, absolutePath }, {
          policy: this.#policy,
          budget: this.#budget,
        }),
      );
      outcome = { ok: true, operation, input, result };
    } catch (thrown) {
      const failure = failureOf(thrown, {
        code: "FILE_READ_FAILED",
        doing: `read ${absolutePath}`,
      });
      const known = failure.code !== "INVALID_INPUT";
      outcome = {
        ok: false,
        operation,
        input,
        error: failure.toError(),
        ...(known && { result: { absolutePath, encoding: input.encoding } }),
      };
    }
    finishAudit(entry, outcome);
    return outcome;
  }

  /**
   * Writes a file.
   *
   * @throws {AppError} `SHUTTING_DOWN`, `NOT_READY`.
   */
  async writeTextFile(
    request: unknown,
    context: HostOpContext,
  ): Promise<FileWriteOutcome> {
    this.#expectOpen();
    const { input, issues } = normaliseFileWrite(request, this.#options.cwd);
    const operation = "files/write";
    const absolutePath = resolve(input.cwd, input.path);
    const entry = this.#begin(operation, context, { path: absolutePath });
    let outcome: FileWriteOutcome;
    try {
      if (issues.length > 0) throw invalid(issues);
      const write = { ...input, absolutePath, bytes: bytesOf(input) };
      const result = await this.#track(
        writeFile(write, {
          policy: this.#policy,
          budget: this.#budget,
          locks: this.#locks,
          sweeper: this.#sweeper,
        }),
      );
      outcome = { ok: true, operation, input, result };
    } catch (thrown) {
      const failure = failureOf(thrown, {
        code: "FILE_WRITE_FAILED",
        doing: `write ${absolutePath}`,
      });
      const known = failure.code !== "INVALID_INPUT";
      outcome = {
        ok: false,
        operation,
        input,
        error: failure.toError(),
        ...(known && { result: { absolutePath, encoding: input.encoding } }),
      };
    }
    finishAudit(entry, outcome);
    return outcome;
  }

  /** Kills what runs, waits for its end, and takes nothing more. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#running);
    await this.#processes.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #expectOpen(): void {
    if (this.#stopping.signal.aborted) throw new AppError("SHUTTING_DOWN");
  }

  #signalOf(context: HostOpContext): AbortSignal {
    return AbortSignal.any([context.signal ?? NEVER, this.#stopping.signal]);
  }

  #begin(
    operation: HostOperation,
    context: HostOpContext,
    target: AuditFacts,
  ) {
    const { actor } = context;
    return beginAudit(this.#options.audit, { operation, actor, target });
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(() => {}, () => {});
    this.#running.add(settled);
    settled.then(() => this.#running.delete(settled));
    return work;
  }

  #refuseExec(
    input: ExecInput,
    issues: readonly InputIssue[],
    context: HostOpContext,
  ): ExecOutcome & ExecExit & { ok: false } {
    const entry = this.#begin("exec", context, execTarget(input));
    const error = invalid(issues).toError();
    const outcome = { ok: false, operation: "exec", input, error } as const;
    finishAudit(entry, outcome);
    return outcome;
  }
}

function invalid(issues: readonly InputIssue[]): HostOpFailure {
  const [first, ...more] = issues;
  const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
  return new HostOpFailure("INVALID_INPUT", `${first?.message}${others}`, {
    details: { issues },
  });
}

/** @throws {HostOpFailure} `INVALID_INPUT` when the content is no base64. */
function bytesOf(
  input: { readonly content: string; readonly encoding: "utf8" | "base64" },
): Uint8Array {
  if (input.encoding === "utf8") return new TextEncoder().encode(input.content);
  try {
    return Uint8Array.fromBase64(input.content);
  } catch {
    throw invalid([{
      path: "content",
      message: "files/write.content must be base64, as encoding says.",
    }]);
  }
}
