import type { HostOpContext } from "../../host_ops/mod.ts";
import type { RouteContext } from "../../shared/http/mod.ts";
import type { Deps } from "../deps.ts";

/** Returns who asks, for services: the actor of the audit, when it leaves, when it has its answer. */
export function callerOf(
  context: Pick<
    RouteContext<Deps>,
    "requestId" | "remoteAddress" | "signal" | "hold"
  >,
): Required<HostOpContext> {
  const { requestId, remoteAddress, signal } = context;
  return {
    actor: {
      source: "http",
      request_id: requestId,
      remote_address: remoteAddress,
    },
    signal,
    hold: (release) => context.hold(release),
  };
}
