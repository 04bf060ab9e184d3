import type { AuditActor } from "../../shared/audit.ts";
import type { Caller } from "../../shared/http/mod.ts";

/** Returns who asks, for services: the actor of the audit, when it leaves, when it has its answer. */
export function callerOf(
  context: Pick<Caller, "requestId" | "remoteAddress"> & {
    readonly signal: AbortSignal;
    hold(release: () => void): void;
  },
): {
  readonly actor: AuditActor;
  readonly signal: AbortSignal;
  hold(release: () => void): void;
} {
  return {
    actor: {
      source: "http",
      request_id: context.requestId,
      remote_address: context.remoteAddress,
    },
    signal: context.signal,
    hold: (release) => context.hold(release),
  };
}
