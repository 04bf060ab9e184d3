import type { z } from "zod";
import type { OutputStream } from "./run_outputs.ts";
import type { ScopeName } from "../../shared/http/mod.ts";
import type { LogLevel } from "../../shared/log.ts";
import type { Failure, LogStream, RunOutcome, WaitsFor } from "../store/mod.ts";

/** Why a run is told to end before its time; the reason of its signal. */
export class RunStopped extends Error {
  override readonly name = "RunStopped";
  /** The code of its outcome, unless the work was done all the same. */
  readonly code: "CANCELED" | "TASK_TIMEOUT" | "RUN_LOST";

  constructor(code: RunStopped["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Work that survives goes on alone: whoever leads next sees the run to its end. */
export class RunLeft extends Error {
  override readonly name = "RunLeft";
}

/** The outcome of a run whose work was done. */
export function succeededRun(result: RunOutcome["result"]): RunOutcome {
  return { ok: true, code: null, message: null, result };
}

/** The outcome of a run that failed, with what it has to show all the same. */
export function failedRun(
  { code, message }: Failure,
  result: RunOutcome["result"] = null,
): RunOutcome {
  return { ok: false, code, message, result };
}

/** What a run is given to do its work with. */
export interface RunContext {
  readonly task_id: string;
  readonly run_id: string;
  readonly attempt: number;
  /** The task's own limit; the run is stopped by its signal when it is over. */
  readonly timeout_ms: number | null;
  readonly command?: CommandOptions;
  /** Aborts with a {@linkcode RunStopped}; the work must then end soon. */
  readonly signal: AbortSignal;
  /**
   * Adds output to the task's log, a line an entry. Never waits: what comes
   * faster than it can be written is dropped, by whole lines, and counted.
   */
  log(stream: LogStream, text: string, place?: number): void;
  /** Adds a line of conductor's own to the task's log. */
  note(level: LogLevel, message: string): void;
  /** Tells for which answers of people it waits now; the task shows it. */
  waitFor?(answers: readonly WaitsFor[]): void;
}

export interface CommandOptions {
  /** Whether it is to outlive this process. */
  readonly survive: boolean;
  /** Whether the run began in another term. */
  readonly isTakenUp: boolean;
  readonly max_output_bytes: number | null;
  /** How far each output stands in the log since an earlier watch, in bytes. */
  readonly logged: { readonly stdout: number; readonly stderr: number };
  /** Shows what has come of a line that has not ended. */
  readonly open: (stream: OutputStream, text: string) => void;
  /** Tells that lines are left out of the log. */
  readonly skip: (stream: LogStream, lines: number) => void;
  /** Tells that all is printed: what has not ended a line is one. */
  readonly endOutput: () => void;
}

/**
 * A kind of task: what its payload is, and how it is run. A feature adds one to
 * the table; nothing else knows kinds.
 */
export interface TaskKind<P = unknown> {
  /** As in `POST /v1/tasks`. */
  readonly kind: string;
  readonly summary: string;
  /** What whoever makes such a task must hold beside `automate`. */
  readonly scope: ScopeName;
  readonly payload: z.ZodType<P>;
  /** The names of its fields, where the schema itself does not tell. */
  readonly fields?: readonly string[];
  /** What the schema takes, but a new task does not: it would not count. */
  readonly refused?: {
    readonly fields: readonly string[];
    readonly message: string;
  };
  /** A payload that the schema takes. */
  readonly example: Readonly<Record<string, z.core.util.JSONType>>;
  /** Runs one attempt. What it throws becomes a failed outcome. */
  run(payload: P, context: RunContext): Promise<RunOutcome>;
}

/** The kinds of this daemon, by name. */
export type TaskKinds = ReadonlyMap<string, TaskKind>;

export function taskKinds(kinds: readonly TaskKind[]): TaskKinds {
  return new Map(kinds.map((it) => [it.kind, it]));
}
