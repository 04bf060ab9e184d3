import { z } from "zod";
import { BareFailure, type Route, routeFor, seesWork } from "../http/mod.ts";
import { Health, type SelfDeps } from "./self.ts";

export function probeRoutes<Deps extends SelfDeps>(): Route<Deps>[] {
  const route = routeFor<Deps>();
  const probe = {
    method: "GET",
    kind: "read",
    exposure: "public",
    scope: "none",
    answersInOutage: true,
  } as const;
  return [
    route({
      ...probe,
      id: "probe.healthz",
      path: "/healthz",
      surface: "control",
      produces: "text",
      summary: "Answer ok while the process serves",
      data: z.literal("ok"),
      handler: () => "ok" as const,
    }),
    route({
      ...probe,
      id: "probe.readyz",
      path: "/readyz",
      surface: "control",
      produces: "text",
      summary: "Answer ready, or 503 not_ready",
      data: z.literal("ready"),
      errors: ["NOT_READY"],
      handler({ deps }) {
        if (deps.self.condition().ready) return "ready" as const;
        throw new BareFailure(503, "not_ready");
      },
    }),
    route({
      ...probe,
      id: "service.health",
      path: "/health",
      surface: "common",
      summary: "Read the daemon's condition, and why",
      data: Health,
      notes: ["To who may not see the work: status, version, uptime."],
      handler(context) {
        const { self } = context.deps;
        const { status, ready, reasons, ...trouble } = self.condition();
        const degraded = [...trouble.degraded, ...trouble.away];
        return {
          status,
          ...(seesWork(context) && { ready, reasons, degraded }),
          version: self.version,
          uptime_ms: self.uptimeMs(),
        };
      },
    }),
    route({
      ...probe,
      id: "service.version",
      path: "/version",
      surface: "common",
      summary: "Read the daemon's name and version",
      data: z.object({ name: z.string(), version: z.string() }),
      handler: ({ deps: { self } }) => ({
        name: self.name,
        version: self.version,
      }),
    }),
  ];
}
