/** Who asked: an HTTP caller, or work that the daemon started by itself. */
export interface AuditActor {
  /** `http`, `websocket` or `task`. */
  readonly source: "http" | "websocket" | "task";
  readonly request_id?: string;
  readonly remote_address?: string;
  readonly task_id?: string;
  readonly run_id?: string;
}

/** Names, sizes and hashes of what is acted on; never contents, never secrets. */
export type AuditFacts = Readonly<
  Record<string, string | number | boolean | null>
>;

/** What is about to happen. */
export interface AuditIntent {
  /** A route id or an operation, e.g. `exec`, `files/write`, `system.pause`. */
  readonly action: string;
  readonly actor: AuditActor;
  readonly target: AuditFacts;
}

/** How it ended. */
export interface AuditOutcome {
  readonly ok: boolean;
  /** The error code of a failure. */
  readonly code?: string;
  /** Byte counts, exit codes, durations. */
  readonly facts?: AuditFacts;
}

/** An intent that was recorded and waits for its outcome. */
export interface AuditEntry {
  /** Records the outcome. Never throws: what happened has happened. */
  finish(outcome: AuditOutcome): void;
}

/** Where each write, exec and host operation is reported, before and after. */
export interface AuditPort {
  /**
   * Records the intent before the work starts.
   * @throws {AuditRefused} when it cannot be recorded and recording is enforced.
   */
  begin(intent: AuditIntent): AuditEntry;
}

/** Enforced audit could not record an intent, so the work must not start. */
export class AuditRefused extends Error {
  override readonly name = "AuditRefused";
}
