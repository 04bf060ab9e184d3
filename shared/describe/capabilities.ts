import { z } from "zod";
import type { AppError } from "../errors.ts";
import { missingScope, type RouteContext, type Viewer } from "../http/mod.ts";

/** A route as `/v1/capabilities` shows it. */
export const CapabilityLine = z.object({
  id: z.string(),
  method: z.string(),
  path: z.string(),
  summary: z.string(),
  exposure: z.enum(["public", "token", "local"]),
  available: z.boolean().describe("whether it works now"),
  unavailable_reason: z.string().optional(),
});

/** Returns the routes of one kind, each with whether it works now for this caller, and why not. */
export function capabilityLines<Deps extends { readonly self: Outages }>(
  context: Pick<RouteContext<Deps>, "routes" | "deps" | "scopes" | "zone">,
  kind: "read" | "write",
): z.input<typeof CapabilityLine>[] {
  const outage = context.deps.self.outage(context)?.message;
  return context.routes.filter((it) => it.kind === kind).map((route) => {
    // Who may not call it is told that alone.
    const reason = missingScope(context, route.scope) === undefined
      ? (route.answersInOutage ? undefined : outage) ??
        route.unavailable?.(context.deps)
      : `needs a token with the scope "${route.scope}"`;
    return {
      id: route.id,
      method: route.method,
      path: route.path,
      summary: route.summary,
      exposure: route.exposure,
      available: reason === undefined,
      unavailable_reason: reason,
    };
  });
}

/** Who knows what refuses all work now. */
interface Outages {
  outage(viewer: Viewer): Pick<AppError, "message"> | undefined;
}
