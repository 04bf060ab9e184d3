import { z } from "zod";
import { AuditRow, PAGE_QUERY } from "../store/mod.ts";
import { route } from "../deps.ts";

export const auditRoutes = [
  route({
    id: "audit.list",
    method: "GET",
    path: "/v1/audit",
    kind: "read",
    surface: "control",
    exposure: "local",
    summary: "List what was done and how it ended, newest first",
    notes: [
      "Each write, exec and file operation has an intent row before it and an outcome row after it, with one entry_id.",
      "hash covers the row and the hash of the row before: edits show. Contents are never recorded.",
    ],
    query: z.strictObject({
      action: z.string().optional()
        .describe("A route id or an operation, e.g. exec."),
      request_id: z.string().optional(),
      ...PAGE_QUERY,
    }),
    data: z.strictObject({
      count: z.int(),
      entries: z.array(AuditRow),
      next_cursor: z.string().nullable(),
    }),
    example: { query: { limit: "20" } },
    handler({ deps, query: { limit, cursor, ...filter } }) {
      const { items, next_cursor } = deps.audit.list(filter, { limit, cursor });
      return { count: items.length, entries: [...items], next_cursor };
    },
  }),
];
