import type { Hold } from "./byte_budget.ts";
import { codeOf } from "./errors.ts";
import type { Logger } from "./log.ts";
import type { Redactor } from "./redact.ts";

/** Where each write, exec and host operation is reported, before and after. */
export interface AuditPort {
  /**
   * Records the intent before the work starts: resolves when it is on the disk.
   * @throws {AppError} NOT_READY when it cannot be recorded, and has to be: the
   * work must not start
   */
  begin(intent: AuditIntent): Promise<AuditEntry>;
}

/** An intent that was recorded and waits for its outcome. */
export interface AuditEntry {
  /**
   * Records the outcome; resolves when it is on the disk, or cannot be now. With
   * `linger` it resolves at once, and the row waits a moment for others to share
   * a commit with. Never throws or rejects: what happened has happened.
   */
  finish(outcome: AuditOutcome, options?: FinishOptions): Promise<void>;
}

/** How an outcome is written. */
interface FinishOptions {
  /** Whether nobody waits for it. Default false. */
  readonly linger?: boolean;
}

/** Who asked: an HTTP caller, or work that the daemon started by itself. */
export interface AuditActor {
  /** Who it was, as the guard knows callers; `scheduler` or `extension` of work without one. */
  readonly name: string;
  readonly source: "http" | "websocket" | "task";
  readonly request_id?: string;
  readonly remote_address?: string;
  readonly task_id?: string;
  readonly run_id?: string;
}

/** Who asks for something, and how long for. */
export interface AuditedCaller {
  readonly actor: AuditActor;
  /** Aborts when the caller has gone: what was asked for ends. */
  readonly signal: AbortSignal;
  /** Takes what frees a large result once it is passed on. Default: it is freed at once. */
  readonly hold?: Hold;
  /** Hears that it is let in and on record: what comes now is its outcome. */
  readonly begun?: (options?: Begun) => Promise<void>;
}

/** How what was asked for was let in. */
export interface Begun {
  /** Whether it had to wait: `signal` then tells, once this is settled, who left meanwhile. */
  readonly hasWaited?: boolean;
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

export interface AuditOutcome {
  readonly ok: boolean;
  /** The error code of a failure. */
  readonly code?: string;
  /** Byte counts, exit codes, durations. */
  readonly facts?: AuditFacts;
}

/** Does `work`, which may note facts of the outcome, and records before and after it. */
export async function audited<T>(
  audit: AuditPort,
  intent: AuditIntent,
  work: (note: (facts: AuditFacts) => void) => Promise<T>,
): Promise<T> {
  const entry = await audit.begin(intent);
  let facts: AuditFacts | undefined;
  try {
    const result = await work((it) => facts = it);
    await entry.finish({ ok: true, ...(facts !== undefined && { facts }) });
    return result;
  } catch (error) {
    await entry.finish({ ok: false, code: codeOf(error) });
    throw error;
  }
}

/** An audit that goes to the log: for a daemon that has no audit table. */
export function logAudit(log: Logger): AuditPort {
  return {
    begin(intent) {
      log.info("Audit: intent", { ...intent });
      return Promise.resolve({
        finish(outcome) {
          log.info("Audit: outcome", {
            action: intent.action,
            actor: intent.actor.name,
            request_id: intent.actor.request_id,
            ...outcome,
          });
          return Promise.resolve();
        },
      });
    },
  };
}

/** An audit that never sees a secret, whoever reports to it. */
export function redactedAudit(port: AuditPort, redactor: Redactor): AuditPort {
  // The redactor keeps scalars scalars.
  const clean = (facts: AuditFacts) => redactor.fields(facts) as AuditFacts;
  return {
    async begin(intent) {
      const target = clean(intent.target);
      const entry = await port.begin({ ...intent, target });
      return {
        finish: ({ facts, ...outcome }, options) =>
          entry.finish({
            ...outcome,
            ...(facts !== undefined && { facts: clean(facts) }),
          }, options),
      };
    },
  };
}
