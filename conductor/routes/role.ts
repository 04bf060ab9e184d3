import { z } from "zod";
import { route } from "../deps.ts";

export const roleRoutes = [
  route({
    id: "probe.rolez",
    method: "GET",
    path: "/rolez",
    kind: "read",
    surface: "control",
    exposure: "public",
    produces: "text",
    summary: "Answer leader or standby",
    data: z.enum(["leader", "standby"]),
    handler: ({ deps }) => deps.role(),
  }),
];
