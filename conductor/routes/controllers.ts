import { z } from "zod";
import { Controller, PAGE_QUERY } from "../store/mod.ts";
import { route } from "../deps.ts";

export const controllerRoutes = [
  route({
    id: "controllers.list",
    method: "GET",
    path: "/v1/controllers",
    kind: "read",
    surface: "business",
    exposure: "token",
    summary: "List the conductor processes, newest first, and who leads",
    query: z.strictObject(PAGE_QUERY),
    data: z.strictObject({
      count: z.int(),
      controllers: z.array(Controller),
      next_cursor: z.string().nullable(),
    }),
    example: { query: { limit: "20" } },
    handler({ deps, query }) {
      const { items, next_cursor } = deps.controllers.list(query);
      return { count: items.length, controllers: [...items], next_cursor };
    },
  }),
];
