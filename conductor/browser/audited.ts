import {
  type AuditEntry,
  type AuditIntent,
  type AuditPort,
  AuditRefused,
} from "../../shared/audit.ts";
import { AppError } from "../../shared/errors.ts";

/**
 * Records what is about to be done.
 * @throws {AppError} NOT_READY when it cannot be recorded, and has to be.
 */
export function beginAudit(audit: AuditPort, intent: AuditIntent): AuditEntry {
  try {
    return audit.begin(intent);
  } catch (cause) {
    if (!(cause instanceof AuditRefused)) throw cause;
    throw new AppError("NOT_READY", cause.message, { cause });
  }
}

/** Does `work`, and records before and after it. */
export async function audited<T>(
  audit: AuditPort,
  intent: AuditIntent,
  work: () => Promise<T>,
): Promise<T> {
  const entry = beginAudit(audit, intent);
  try {
    const result = await work();
    entry.finish({ ok: true });
    return result;
  } catch (error) {
    entry.finish({ ok: false, code: codeOf(error) });
    throw error;
  }
}

/** The code that an audit row says of a failure. */
export function codeOf(error: unknown): string {
  return error instanceof AppError ? error.code : "INTERNAL";
}
