import { type AuditEntry, type AuditPort, AuditRefused } from "../audit.ts";
import { AppError } from "../errors.ts";
import type { Call } from "./call.ts";

/**
 * Records that a write is about to run.
 * @throws {AppError} NOT_READY when it must be recorded and cannot be
 */
export function beginAudit<Deps>(
  audit: AuditPort,
  { route, caller, params }: Call<Deps>,
): AuditEntry {
  try {
    return audit.begin({
      action: route.id,
      actor: {
        source: "http",
        request_id: caller.requestId,
        remote_address: caller.remoteAddress,
      },
      target: { ...params },
    });
  } catch (cause) {
    if (!(cause instanceof AuditRefused)) throw cause;
    throw new AppError("NOT_READY", cause.message, { cause });
  }
}
