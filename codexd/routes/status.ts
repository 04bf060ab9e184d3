import { z } from "zod";
import { route } from "../deps.ts";

export const statusRoutes = [
  route({
    id: "codexd.status",
    method: "GET",
    path: "/v1/codexd/status",
    kind: "read",
    surface: "business",
    exposure: "local",
    summary: "Read the state of codexd and of its app-server",
    data: z.object({
      app_server: z.object({ state: z.literal("missing") }),
      degraded_reasons: z.array(z.string()),
    }),
    handler: ({ deps }) => ({
      app_server: { state: "missing" as const },
      degraded_reasons: [deps.codexFault],
    }),
  }),
];
