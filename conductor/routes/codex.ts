import { z } from "zod";
import {
  codexdEvents,
  CodexdStatus,
  codexdStatus,
  CodexEvent,
  EVENT_TYPES,
  EventsQuery,
  listSessions,
  openSession,
  readSession,
  runTurn,
  statusOf,
  turnFacts,
  turnTarget,
} from "../../shared/contracts/mod.ts";
import {
  Reply,
  type RouteContext,
  type RouteFacts,
  type Schema,
  type StreamEvent,
} from "../../shared/http/mod.ts";
import type { RelayNews } from "../codex/mod.ts";
import { type Deps, route } from "../deps.ts";
import { afterOf } from "./poll.ts";

/** codexd's own routes, and what leads to them here. */
const FORMAL_ROUTES = [
  [codexdStatus, "/v1/codex"],
  [listSessions, "/v1/codex/sessions"],
  [readSession, "/v1/codex/sessions/:session_id"],
  [openSession, "/v1/codex/sessions"],
  [runTurn, "/v1/codex/turn"],
  [codexdEvents, "/v1/codex/events"],
] as const;

const common = {
  surface: "business",
  exposure: "local",
  scope: "codex",
} as const;

/** Why nothing can be read of Codex now. */
const away = ({ codex }: Deps) => codex.health.away;
/** Why no session can be opened and no turn be run now. */
const unavailable = ({ codex }: Deps) => codex.health.unavailable;

/** Returns what answers a route by the route of codexd's that it stands for. */
function relayTo<P extends `/${string}`, Q, B, D extends Schema>(
  contract: RouteFacts<P, Q, B, D>,
) {
  return async (context: RouteContext<Deps, P, Q, B>) => {
    const answer = await context.deps.codex.api.relay(contract, context);
    return new Reply(answer, { status: statusOf(answer) });
  };
}

const Away = z.object({ reason: z.string() });

/** Codex, as codexd serves it. */
export const codexRoutes = [
  route({
    ...common,
    id: "codex.get",
    method: "GET",
    path: "/v1/codex",
    kind: "read",
    summary: "Read whether Codex can be reached, its status, its formal routes",
    notes: ["Answers while codexd is away, too: state and reason say so."],
    data: z.object({
      reachable: z.boolean(),
      state: z.enum(["unknown", "healthy", "degraded", "down"]),
      reason: z.string().nullable(),
      since: z.iso.datetime(),
      base: z.string(),
      codexd: CodexdStatus.nullable(),
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
    path: "/v1/codex/turn",
    unavailable,
    auditTarget: turnTarget,
    auditFacts: turnFacts,
    handler: relayTo(runTurn),
  }),
  route({
    ...common,
    id: "codex.events",
    method: "GET",
    path: "/v1/codex/events",
    kind: "read",
    produces: "sse",
    summary: "Follow Codex: sessions, turns, messages, commands, approvals",
    notes: [
      "Begins now, behind after=<seq>, or behind Last-Event-ID. data is the whole event: seq, session_id, turn_id, type, at, data.",
      "A notification of Codex's that has no name here comes as codex.<method>.",
      "While codexd is away the stream stays open and says so once (relay.away); nothing is missed.",
      "Approvals are answered over codexd's own WebSocket.",
    ],
    query: EventsQuery,
    data: z.string(),
    events: {
      ...Object.fromEntries(
        Object.keys(EVENT_TYPES).map((it) => [it, CodexEvent]),
      ),
      "relay.away": Away,
    },
    headers: { "last-event-id": "The seq of the last event that was read." },
    errors: ["CODEXD_UNAVAILABLE"],
    unavailable: away,
    async stream({ deps: { codex }, query, headers, signal }) {
      // Asked first: a codexd that is away is a failure, not an empty stream.
      const { events } = await codex.api.call(codexdStatus, {}, { signal });
      const after = afterOf(headers, query) ?? events.seq;
      return toEvents(codex.follow({ ...query, after }, signal));
    },
  }),
];

async function* toEvents(
  news: AsyncIterable<RelayNews>,
): AsyncGenerator<StreamEvent> {
  for await (const it of news) {
    yield it.kind === "away"
      ? { event: "relay.away", data: { reason: it.reason } }
      : { event: it.event.type, id: it.event.seq, data: it.event };
  }
}
