import { z } from "zod";
import { ELSEWHERE } from "../../shared/describe/mod.ts";
import {
  codexdEvents,
  CodexdStatus,
  codexdStatus,
  CodexEvent,
  EVENT_FILTER,
  EVENT_TYPES,
  listSessions,
  openSession,
  readSession,
  runTurn,
  statusOf,
  turnFacts,
  type TurnRequest,
  turnTarget,
  UsageGrouping,
  UsageReport,
} from "../../shared/contracts/mod.ts";
import { AppError } from "../../shared/errors.ts";
import {
  missingScope,
  Reply,
  type RouteContext,
  type RouteFacts,
  type Schema,
  type StreamEvent,
} from "../../shared/http/mod.ts";
import { readCursor } from "../../shared/page.ts";
import { CODEX_EVENTS, type RelayNews } from "../codex/mod.ts";
import { type Deps, route } from "../deps.ts";
import {
  afterOf,
  POLL_HEADERS,
  POLL_NOTE,
  POLL_QUERY,
  pollAnswer,
  pollData,
} from "./poll.ts";

/** codexd's own routes, and what leads to them here. */
const FORMAL_ROUTES = [
  [codexdStatus, "/v1/codex"],
  [listSessions, "/v1/codex/sessions"],
  [readSession, "/v1/codex/sessions/:session_id"],
  [openSession, "/v1/codex/sessions"],
  [runTurn, "/v1/codex/turn"],
  [codexdEvents, "/v1/codex/events"],
] as const;

/** What the routes of Codex have in common. */
export const CODEX_ROUTE = {
  surface: "business",
  exposure: "local",
  scope: "codex",
} as const;

/** Why nothing can be read of Codex now. */
export const away = ({ codex }: Deps) => codex.health.away;
/** Why no session can be opened and no turn be run now. */
const unavailable = ({ codex }: Deps) => codex.health.unavailable;

/** Returns what answers a route by the route of codexd's that it stands for. */
function relayTo<P extends `/${string}`, Q, B, D extends Schema>(
  contract: RouteFacts<P, Q, B, D>,
) {
  return async (context: RouteContext<Deps, P, Q, B>) => {
    const answer = await context.deps.codex.api.relay(contract, context);
    return contract.status === undefined
      ? answer
      : new Reply(answer, { status: statusOf(answer) });
  };
}

/**
 * Whoever lets Codex go beyond its sandbox runs commands by it: that takes the
 * scope of who does.
 * @throws {AppError} SCOPE_REQUIRED
 */
export async function checkAnswerScope(
  { deps: { codex }, scopes, signal }: Pick<
    RouteContext<Deps>,
    "deps" | "scopes" | "signal"
  >,
  { approval_id, decision }: Pick<TurnRequest, "approval_id" | "decision">,
): Promise<void> {
  const missing = missingScope({ scopes }, "exec");
  if (missing === undefined || !decision?.startsWith("accept")) return;
  const { approvals } = await codex.api.call(codexdStatus, {}, { signal });
  const asked = approvals.items.find((it) => it.approval_id === approval_id);
  if (asked?.beyond_max_sandbox) throw missing;
}

const Away = z.object({ reason: z.string() });

/** Codex, as codexd serves it. */
export const codexRoutes = [
  route({
    ...CODEX_ROUTE,
    id: "codex.get",
    next: ["codex.sessions.open", "codex.sessions.list"],
    method: "GET",
    path: "/v1/codex",
    kind: "read",
    summary: "Read whether Codex works, and its status",
    notes: ["Answers while codexd is away, too: state and reason say so."],
    data: z.object({
      reachable: z.boolean(),
      state: z.enum(["unknown", "healthy", "degraded", "down"]),
      reason: z.string().nullable(),
      since: z.iso.datetime(),
      base: z.string(),
      codexd: CodexdStatus.meta({ [ELSEWHERE]: true }).nullable()
        .describe("as codexd's own GET /v1/codexd/status"),
      routes: z.array(z.object({
        method: z.string(),
        path: z.string().describe("here"),
        codexd_path: z.string(),
        summary: z.string(),
      })),
    }),
    async handler({ deps: { codex } }) {
      const { state, reason, since, status } = await codex.look();
      return {
        reachable: state === "healthy" || state === "degraded",
        state,
        reason,
        since,
        base: codex.api.base.origin,
        codexd: status,
        routes: FORMAL_ROUTES.map(([formal, path]) => ({
          method: formal.method,
          path,
          codexd_path: formal.path,
          summary: formal.summary,
        })),
      };
    },
  }),
  route({
    ...CODEX_ROUTE,
    id: "codex.usage",
    method: "GET",
    path: "/v1/codex/usage",
    kind: "read",
    summary: "Sum Codex's tokens by day, session or task",
    notes: [
      "Tokens as Codex counts them, no money. Those of a review and of sub-agents it does not tell.",
      "Turns that codexd ran, as long as it keeps events; days are UTC.",
    ],
    query: z.strictObject({
      since: z.union([z.iso.datetime({ offset: true }), z.iso.date()], {
        error: "must be a time or a day, e.g. 2026-01-31T08:00:00Z",
      }).optional().describe("Only turns that began then or later."),
      group_by: UsageGrouping.default("day"),
    }),
    data: UsageReport.extend({
      since: z.string().nullable(),
      group_by: UsageGrouping,
    }),
    example: { query: { group_by: "session" } },
    errors: ["CODEXD_UNAVAILABLE", "UPSTREAM_FAILED"],
    unavailable: away,
    async handler({ deps: { codex }, query: { since, group_by }, signal }) {
      const usage_since = since && new Date(since).toISOString();
      const query = { usage_by: group_by, usage_since };
      const status = await codex.api.call(codexdStatus, { query }, { signal });
      if (status.usage !== undefined) {
        return { since: since ?? null, group_by, ...status.usage };
      }
      const message = `Cannot sum tokens: codexd ${status.version} cannot`;
      throw new AppError("UPSTREAM_FAILED", message, { retryable: false });
    },
  }),
  route({
    ...listSessions,
    id: "codex.sessions.list",
    path: "/v1/codex/sessions",
    errors: ["CODEXD_UNAVAILABLE"],
    unavailable: away,
    handler: relayTo(listSessions),
  }),
  route({
    ...readSession,
    id: "codex.sessions.read",
    path: "/v1/codex/sessions/:session_id",
    unavailable: away,
    handler: relayTo(readSession),
  }),
  route({
    ...openSession,
    id: "codex.sessions.open",
    next: ["codex.turn", "codex.events", "codex.approvals.list"],
    path: "/v1/codex/sessions",
    unavailable,
    // A session_id looks like a login's in the audit: Codex's own word does not.
    auditTarget: ({ body: { session_id, cwd, sandbox } }) => ({
      thread_id: session_id ?? null,
      cwd: cwd ?? null,
      sandbox: sandbox ?? null,
    }),
    auditFacts: ({ session_id }) => ({ thread_id: session_id }),
    handler: relayTo(openSession),
  }),
  route({
    ...runTurn,
    id: "codex.turn",
    destructive: true,
    next: ["codex.events", "codex.approvals.list", "codex.sessions.read"],
    path: "/v1/codex/turn",
    unavailable,
    auditTarget: turnTarget,
    auditFacts: turnFacts,
    async handler(context) {
      await checkAnswerScope(context, context.body);
      return await relayTo(runTurn)(context);
    },
  }),
  route({
    ...CODEX_ROUTE,
    id: "codex.events",
    method: "GET",
    path: "/v1/codex/events",
    kind: "read",
    summary: "Read or follow turns, messages, approvals",
    notes: [
      POLL_NOTE,
      "Oldest first. Without after: those among the last limit events. An event has seq, session_id, turn_id, type, at, data.",
      "With Accept: text/event-stream it follows, from now on, or behind after or Last-Event-ID; data is the whole event.",
      "A notification of Codex's that has no name here comes as codex.<method>.",
      "While codexd is away the stream stays open and says so once (relay.away); nothing is missed.",
    ],
    query: z.strictObject({ ...POLL_QUERY, ...EVENT_FILTER }),
    data: pollData("events", CodexEvent),
    events: {
      ...Object.fromEntries(
        Object.keys(EVENT_TYPES).map((it) => [it, CodexEvent]),
      ),
      "relay.away": Away,
    },
    headers: POLL_HEADERS,
    errors: ["CODEXD_UNAVAILABLE", "TOO_MANY_REQUESTS"],
    unavailable: away,
    example: { query: { limit: "20" } },
    async handler({ deps: { codex }, query, headers, signal }) {
      const { limit, wait_ms: waitMs, session_id, types } = query;
      const after = afterOf(headers, query, placeOf);
      const wanted = {
        session_id,
        types,
        ...(after !== undefined && { after }),
      };
      const poll = await codex.poll(wanted, { limit, waitMs, signal });
      return pollAnswer("events", poll);
    },
    async stream({ deps: { codex }, query, headers, signal }) {
      // Asked first: a codexd that is away is a failure, not an empty stream.
      const { events } = await codex.api.call(codexdStatus, {}, { signal });
      const { session_id, types } = query;
      const after = afterOf(headers, query, placeOf) ?? events.seq;
      return toEvents(codex.follow({ after, session_id, types }, signal));
    },
  }),
];

function placeOf(cursor: string): number {
  return readCursor(cursor, { list: CODEX_EVENTS, place: z.int() });
}

async function* toEvents(
  news: AsyncIterable<RelayNews>,
): AsyncGenerator<StreamEvent> {
  for await (const it of news) {
    yield it.kind === "away"
      ? { event: "relay.away", data: { reason: it.reason } }
      : { event: it.event.type, id: it.event.seq, data: it.event };
  }
}
