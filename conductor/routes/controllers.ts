import { z } from "zod";
import { Controller } from "../store/mod.ts";
import { route } from "../deps.ts";
import { listAnswer, listData, PAGE_QUERY, TOKEN_READ } from "./list.ts";

export const controllerRoutes = [
  route({
    ...TOKEN_READ,
    id: "controllers.list",
    path: "/v1/controllers",
    summary: "List conductor processes, and who leads",
    query: z.strictObject(PAGE_QUERY),
    data: listData("controllers", Controller),
    example: { query: { limit: "20" } },
    handler: ({ deps, query }) =>
      listAnswer("controllers", deps.controllers(query)),
  }),
];
