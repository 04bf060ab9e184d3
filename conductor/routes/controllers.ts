import { z } from "zod";
import { Controller } from "../store/mod.ts";
import { route } from "../deps.ts";
import { listAnswer, listData, PAGE_QUERY } from "./list.ts";

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
    data: listData("controllers", Controller),
    example: { query: { limit: "20" } },
    handler: ({ deps, query }) =>
      listAnswer("controllers", deps.controllers(query)),
  }),
];
