import { type AuditEntry, type AuditPort, AuditRefused } from "../audit.ts";
import { AppError } from "../errors.ts";
import type { Call } from "./call.ts";
import type { RouteContext } from "./route.ts";

/**
 * Records that a write is about to run.
 * @throws {AppError} NOT_READY when it must be recorded and cannot be
 */
export function beginAudit<Deps>(
  audit: AuditPort,
  call: Call<Deps>,
): AuditEntry {
  const { route, caller, params } = call;
  const target = route.auditTarget?.(call as unknown as RouteContext<Deps>);
  try {
    return audit.begin({
      action: route.id,
      actor: {
        source: "http",
        request_id: caller.requestId,
        remote_address: caller.remoteAddress,
      },
      target: { ...params, ...target },
    });
  } catch (cause) {
    if (!(cause instanceof AuditRefused)) throw cause;
    throw new AppError("NOT_READY", cause.message, { cause });
  }
}
