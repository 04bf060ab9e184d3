import { z } from "zod";
import type { RouteInfo } from "../http/mod.ts";

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

/** Returns the routes of one kind, each with whether it works now and why not. */
export function capabilityLines<Deps>(
  routes: readonly (RouteInfo & {
    unavailable?(deps: Deps): string | undefined;
  })[],
  kind: "read" | "write",
  deps: Deps,
): z.input<typeof CapabilityLine>[] {
  return routes.filter((it) => it.kind === kind).map((route) => {
    const reason = route.unavailable?.(deps);
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
