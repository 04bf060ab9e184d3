import { resolve } from "@std/path";
import type { AuditPort } from "../shared/audit.ts";
import type { Clock } from "../shared/clock.ts";
import { AppError } from "../shared/errors.ts";
import type { Logger } from "../shared/log.ts";
import { ByteBudget } from "../shared/byte_budget.ts";
import { InFlight } from "../shared/wait.ts";
import { Commands } from "./commands.ts";
import type { OutputEvent } from "./event_queue.ts";
import { Exec } from "./exec.ts";
import { Files } from "./files.ts";
import {
  DEFAULT_MAX_BUFFERED_BYTES,
  DEFAULT_MAX_CONCURRENT_EXECS,
} from "./limits.ts";
import type { HostOpContext } from "./operation.ts";
import { PathLocks } from "./path_locks.ts";
import { PathPolicy } from "./policy.ts";
import { ProcessGroups } from "./process/mod.ts";
import type {
  ExecExit,
  ExecOutcome,
  FileReadOutcome,
  FileWriteOutcome,
  HostOpResult,
} from "./results.ts";
import type { HostOperation } from "./schemas.ts";
import { Slots } from "./slots.ts";
import { Sweeper } from "./temporary_file.ts";

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
  /** Milliseconds that a command waits for its turn. Default 5000. */
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

/** A host operation with its request. */
export interface HostOpRequest {
  readonly operation: HostOperation;
  readonly input: unknown;
}

/** How many commands may wait for each one that may run. */
const MOST_WAITING_EACH = 4;

/**
 * Runs commands, reads and writes files of this machine. What goes wrong with
 * an operation is in its result; thrown is only what refuses it altogether:
 * too many at once, the end of the daemon, audit that cannot be written.
 */
export class HostOps implements AsyncDisposable {
  readonly #processes: ProcessGroups;
  readonly #commands: Commands;
  readonly #files: Files;
  readonly #inFlight = new InFlight();
  readonly #stopping = new AbortController();

  constructor(options: HostOpsOptions) {
    const { audit, clock, cwd, shell } = options;
    const budget = new ByteBudget(
      options.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES,
    );
    const stopping = this.#stopping.signal;
    const fromCwd = (path: string) => resolve(cwd, path);
    this.#processes = new ProcessGroups({
      ...options,
      ...(options.warmShells !== undefined && { warm: options.warmShells }),
    });
    const exec = new Exec({
      processes: this.#processes,
      shell,
      budget,
      clock,
      killGraceMs: options.killGraceMs ?? 500,
      drainMs: options.drainMs ?? 200,
      stopping,
    });
    const size = options.maxConcurrentExecs ?? DEFAULT_MAX_CONCURRENT_EXECS;
    const slots = new Slots({
      size,
      mostWaiting: size * MOST_WAITING_EACH,
      waitMs: options.maxWaitMs ?? 5_000,
      clock,
    });
    this.#commands = new Commands({
      cwd,
      exec,
      slots,
      inFlight: this.#inFlight,
      stallMs: options.stallMs ?? 30_000,
      stopping,
      audit,
      clock,
    });
    this.#files = new Files({
      cwd,
      audit,
      budget,
      policy: new PathPolicy({
        readRoots: options.readRoots?.map(fromCwd),
        writeRoots: options.writeRoots?.map(fromCwd),
        ownPaths: options.ownPaths.map(fromCwd),
      }),
      locks: new PathLocks(),
      sweeper: new Sweeper(clock),
    });
  }

  /** The process id of the reaper, once a command has run. */
  get reaperId(): number | undefined {
    return this.#processes.reaperId;
  }

  /** Starts what the first command would have to wait for. Never rejects. */
  async prepare(): Promise<void> {
    await this.#processes.prepare();
  }

  /**
   * Does any operation by its name.
   *
   * @throws {AppError} as the operation's own method.
   */
  async runHostOperation(
    request: HostOpRequest,
    context: HostOpContext,
  ): Promise<HostOpResult> {
    switch (request.operation) {
      case "exec":
        return await this.executeCommand(request.input, context);
      case "files/read":
        return await this.readTextFile(request.input, context);
      case "files/write":
        return await this.writeTextFile(request.input, context);
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
    return await this.#commands.execute(request, context);
  }

  /**
   * Runs a command and tells what it prints as it prints it; the `exit` event
   * is the last. Leaving the iteration kills the command.
   *
   * @throws {AppError} as `executeCommand()`, before anything runs.
   */
  async streamCommand(
    request: unknown,
    context: HostOpContext,
  ): Promise<AsyncIterable<OutputEvent<ExecExit>>> {
    this.#expectOpen();
    return await this.#commands.stream(request, context);
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
    return await this.#inFlight.track(this.#files.read(request, context));
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
    return await this.#inFlight.track(this.#files.write(request, context));
  }

  /** Kills what runs, waits for its end, and takes nothing more. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#inFlight.idle();
    await this.#processes.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #expectOpen(): void {
    if (this.#stopping.signal.aborted) throw new AppError("SHUTTING_DOWN");
  }
}
