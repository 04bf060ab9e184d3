import { resolve } from "@std/path";
import type { AuditedCaller, AuditPort } from "../shared/audit.ts";
import { ByteBudget } from "../shared/byte_budget.ts";
import { InFlight } from "../shared/wait.ts";
import { Commands } from "./commands.ts";
import { Exec } from "./exec.ts";
import { FileGuard } from "./file_guard.ts";
import { FileLocks } from "./file_locks.ts";
import { Files } from "./files.ts";
import { FolderShells } from "./folder_shells.ts";
import { KeptCommands } from "./kept_commands.ts";
import { PathPolicy, type PathPolicyOptions } from "./policy.ts";
import {
  type GroupWayName,
  ProcessGroups,
  type ProcessGroupsOptions,
} from "./process/mod.ts";
import type { HostOpResult } from "./results.ts";
import type { HostOperation } from "./schemas.ts";
import { Slots } from "./slots.ts";
import { Staging } from "./staging.ts";

/**
 * Runs commands, reads, writes and edits files of this machine. What goes wrong with
 * an operation is in its result; thrown is only what refuses it altogether:
 * too many at once, the end of the daemon, audit that cannot be written.
 */
export interface HostOps extends AsyncDisposable {
  /** The process id of the reaper, once a command has run. */
  readonly reaperId: number | undefined;
  /** How many shells wait for a command just now. */
  readonly waitingShells: number;
  /**
   * What makes the process groups of commands here; null while no shell can be
   * started. Never rejects.
   */
  groupWay(): Promise<GroupWayName | null>;
  readonly executeCommand: Commands["execute"];
  readonly streamCommand: Commands["stream"];
  readonly captureCommand: Commands["capture"];
  readonly keepCommand: Commands["keep"];
  /** Waits for a place, as a command does that is about to start. */
  readonly placeForCommand: Commands["place"];
  readonly readTextFile: Files["read"];
  readonly writeTextFile: Files["write"];
  readonly editTextFile: Files["edit"];
  /** Starts what the first command would have to wait for. Never rejects. */
  prepare(): Promise<void>;
  /** Does any operation by its name, as its own method does. */
  runHostOperation(
    request: { readonly operation: HostOperation; readonly input: unknown },
    context: AuditedCaller,
  ): Promise<HostOpResult>;
  /** Kills what runs, waits for its end, and takes nothing more. */
  close(): Promise<void>;
}

/** How many commands may wait for each one that may run. */
const MOST_WAITING_EACH = 4;

/** Returns the host operations of this machine; close them to kill what runs. */
export function createHostOps(options: HostOpsOptions): HostOps {
  const { audit, clock, cwd, shell, maxConcurrentExecs } = options;
  const budget = new ByteBudget(options.maxBufferedBytes);
  const stop = new AbortController();
  const stopping = stop.signal;
  const inFlight = new InFlight();
  const home = options.environment.HOME;
  const ports = { cwd, home, audit, inFlight, stopping };
  const shells = new FolderShells({ shell, clock });
  const processes = new ProcessGroups(options);
  const exec = new Exec({ processes, shell, budget, clock, stopping });
  const slots = new Slots({
    size: maxConcurrentExecs,
    mostWaiting: maxConcurrentExecs * MOST_WAITING_EACH,
    waitMs: options.maxWaitMs ?? 5_000,
    clock,
  });
  const stallMs = options.stallMs ?? 30_000;
  const commands = new Commands({
    ...ports,
    exec,
    kept: new KeptCommands({ processes, shell, clock }),
    shells,
    slots,
    stallMs,
    clock,
  });
  const fromCwd = (path: string) => resolve(cwd, path);
  const policy = new PathPolicy({
    readRoots: options.readRoots?.map(fromCwd),
    writeRoots: options.writeRoots?.map(fromCwd),
    ownPaths: options.ownPaths.map(fromCwd),
    leftOut: options.leftOut?.map(fromCwd),
    staging: fromCwd(options.staging),
  });
  const staging = new Staging(fromCwd(options.staging), clock);
  const files = new Files({
    ...ports,
    budget,
    guard: new FileGuard({ policy, shells }),
    staging,
    locks: new FileLocks(),
    clock,
  });
  const operations = {
    exec: commands.execute.bind(commands),
    "files/read": files.read.bind(files),
    "files/write": files.write.bind(files),
    "files/edit": files.edit.bind(files),
  };
  const close = async () => {
    stop.abort();
    await inFlight.idle();
    await Promise.all([processes.close(), shells.close(), staging.close()]);
  };
  return {
    get reaperId() {
      return processes.reaperId;
    },
    get waitingShells() {
      return processes.waitingShells;
    },
    groupWay: () => processes.groupWay(),
    executeCommand: operations.exec,
    streamCommand: commands.stream.bind(commands),
    captureCommand: commands.capture.bind(commands),
    keepCommand: commands.keep.bind(commands),
    placeForCommand: commands.place.bind(commands),
    readTextFile: operations["files/read"],
    writeTextFile: operations["files/write"],
    editTextFile: operations["files/edit"],
    prepare: async () => {
      await Promise.all([processes.prepare(), shells.prepare()]);
    },
    runHostOperation: ({ operation, input }, context) =>
      operations[operation](input, context),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What commands and files are given to work with, and their limits. */
export interface HostOpsOptions
  extends Omit<ProcessGroupsOptions, "cleanup">, PathPolicyOptions {
  /** Where relative paths begin, absolute. */
  readonly cwd: string;
  /**
   * Where files are completed before they take their place: a folder below one
   * of `ownPaths`, made when it is needed.
   */
  readonly staging: string;
  /** Bytes that all running operations together may hold. */
  readonly maxBufferedBytes: number;
  /** Commands that run at once. */
  readonly maxConcurrentExecs: number;
  /** Milliseconds that a command waits for its turn. Default 5000. */
  readonly maxWaitMs?: number;
  /** Milliseconds that a stream's reader may take nothing. Default 30000. */
  readonly stallMs?: number;
  readonly audit: AuditPort;
}
