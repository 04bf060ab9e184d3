import { z } from "zod";
import { invalidInput } from "../../shared/errors.ts";
import type { Route } from "../../shared/http/mod.ts";
import { type AuditFilter, AuditRow } from "../store/mod.ts";
import { POLL_QUERY } from "./poll.ts";

/** Which rows of the audit are wanted. */
export const AuditQuery = z.strictObject({
  action: z.string().optional()
    .describe("What was done: an operation, e.g. exec, or the id of a route."),
  route: z.string().optional()
    .describe("The id of the route that was called, e.g. host.exec."),
  request_id: z.string().optional(),
  task_id: z.string().optional(),
  actor: z.string().optional().describe(
    "owner, local, the name of a token or daemon, scheduler, extension.",
  ),
  source: AuditRow.shape.source.optional(),
  since: z.iso.datetime({ offset: true }).optional()
    .describe("Only rows from this time on, e.g. 2026-01-31T08:00:00Z."),
  ...POLL_QUERY,
});

/**
 * Returns what the query asks of the rows.
 * @throws {AppError} `INVALID_INPUT` for an action or a route that is none
 */
export function auditFilter<Deps>(
  query: z.infer<typeof AuditQuery>,
  routes: readonly Route<Deps>[],
  audit: { knows(action: string): boolean },
): AuditFilter {
  const { action, route, since, request_id, task_id, actor, source } = query;
  const actionsOf = new Map<string, readonly string[]>(
    routes.flatMap(({ id, kind, auditsItself }) =>
      kind === "write" || auditsItself !== undefined
        ? [[id, auditsItself ?? [id]] as const]
        : []
    ),
  );
  const actions = new Set([...actionsOf.values()].flat());
  if (action !== undefined && !actions.has(action) && !audit.knows(action)) {
    throw unknown(
      "action",
      actionsOf.has(action) ? [`route=${action}`] : actions,
    );
  }
  const called = route === undefined ? undefined : actionsOf.get(route);
  if (route !== undefined && called === undefined) {
    throw unknown("route", actionsOf.keys());
  }
  return {
    request_id,
    task_id,
    actor,
    // What a route did was asked for over HTTP.
    source: source ?? (called === undefined ? undefined : "http"),
    since: since === undefined ? undefined : Date.parse(since),
    actions: action === undefined
      ? called
      : called === undefined || called.includes(action)
      ? [action]
      : [],
  };
}

function unknown(field: string, known: Iterable<string>) {
  const names = [...known].sort().join(", ");
  return invalidInput(field, `is none of the audit's; ask for ${names}`, {
    message: "Cannot accept the query",
  });
}
