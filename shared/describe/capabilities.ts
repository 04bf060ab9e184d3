import { z } from "zod";
import type { AppError } from "../errors.ts";
import {
  missingScope,
  type Route,
  type RouteContext,
  type Viewer,
} from "../http/mod.ts";

/** A route as `/v1/capabilities` shows it. */
export const CapabilityLine = z.object({
  id: z.string(),
  path: z.string(),
  available: z.boolean().describe("whether it works now"),
  unavailable_reason: z.string().optional(),
});

/** A route as the index documents show it: `/describe/<id>` tells the rest. */
export const RouteLine = z.object({
  id: z.string(),
  method: z.string(),
  path: z.string(),
  summary: z.string(),
  available: z.literal(false).optional().describe(
    "stands where it does not work now",
  ),
  unavailable_reason: z.string().optional(),
});

/** Returns the routes of one kind, each with whether it works now for this caller. */
export function capabilityLines<Deps extends { readonly self: Outages }>(
  context: DescribedContext<Deps>,
  kind: "read" | "write",
): z.input<typeof CapabilityLine>[] {
  const why = whyUnavailable(context);
  return context.routes.filter((it) => it.kind === kind).map((route) => {
    const reason = why(route);
    const { id, path } = route;
    return {
      ...{ id, path },
      available: reason === undefined,
      unavailable_reason: reason,
    };
  });
}

/** Returns a line for each of `routes`. */
export function routeLines<Deps extends { readonly self: Outages }>(
  context: DescribedContext<Deps>,
  routes: readonly Route<Deps>[],
): z.input<typeof RouteLine>[] {
  const why = toldOnce(whyUnavailable(context));
  return routes.map((route) => {
    const { id, method, path, summary } = route;
    const reason = why(route);
    return {
      ...{ id, method, path, summary },
      ...(reason !== undefined && {
        available: false,
        unavailable_reason: reason,
      }),
    };
  });
}

/** A reason that a line before gives already is told by that line's id. */
function toldOnce<R extends { readonly id: string }>(
  why: (route: R) => string | undefined,
) {
  const told = new Map<string, string>();
  return (route: R) => {
    const reason = why(route);
    if (reason === undefined) return undefined;
    const first = told.get(reason);
    if (first === undefined) told.set(reason, route.id);
    return first === undefined ? reason : `as ${first}`;
  };
}

/** Tells why a route does not work now for this caller; undefined when it does. */
export function whyUnavailable<Deps extends { readonly self: Outages }>(
  context: DescribedContext<Deps>,
) {
  const outage = context.deps.self.outage(context)?.message;
  return (route: Route<Deps>) =>
    // Who may not call it is told that alone.
    missingScope(context, route.scope) !== undefined
      ? `needs a token with the scope "${route.scope}"`
      : (route.answersInOutage ? undefined : outage) ??
        route.unavailable?.(context.deps);
}

type DescribedContext<Deps> = Pick<
  RouteContext<Deps>,
  "routes" | "deps" | "scopes" | "zone"
>;

/** Who knows what refuses all work now. */
interface Outages {
  outage(viewer: Viewer): Pick<AppError, "message"> | undefined;
}
