import { z } from "zod";
import { CapabilityLine, capabilityLines } from "../../shared/describe/mod.ts";
import { route } from "../deps.ts";

const Json = z.record(z.string(), z.unknown());

export const capabilityRoutes = [
  route({
    id: "system.capabilities",
    method: "GET",
    path: "/v1/capabilities",
    kind: "read",
    surface: "common",
    exposure: "public",
    scope: "none",
    answersInOutage: true,
    summary: "Read which routes work now, and why not",
    data: z.object({
      read_endpoints: z.array(CapabilityLine),
      write_endpoints: z.array(CapabilityLine),
      system: Json,
      transports: Json,
      host_operations: Json.optional(),
      recommended_flow: z.array(z.string()),
      notes: z.array(z.string()),
    }),
    handler(context) {
      const { routes, deps: { self } } = context;
      const { flow, notes } = self.guidance(context, "all");
      const { origin: url } = self.curlOptions(context);
      return {
        read_endpoints: capabilityLines(context, "read"),
        write_endpoints: capabilityLines(context, "write"),
        system: self.system(context),
        transports: {
          http: { auth: self.hasToken ? "bearer" : "none", url },
          websocket: self.websocket(context),
        },
        host_operations: self.hostOperations(routes, context),
        recommended_flow: [...flow],
        notes: [...notes],
      };
    },
  }),
];
