import type { AuditActor } from "../../shared/audit.ts";
import type { Caller } from "../../shared/http/route.ts";

/** Returns who asks, for services: the actor of the audit, and when it leaves. */
export function callerOf(
  context: Pick<Caller, "requestId" | "remoteAddress"> & {
    readonly signal: AbortSignal;
  },
): { readonly actor: AuditActor; readonly signal: AbortSignal } {
  return {
    actor: {
      source: "http",
      request_id: context.requestId,
      remote_address: context.remoteAddress,
    },
    signal: context.signal,
  };
}
