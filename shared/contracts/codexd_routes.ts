import { z } from "zod";
import { contract, limitQuery, sequenceQuery } from "../http/mod.ts";
import { IDEMPOTENCY_KEY_RULE } from "../idempotency.ts";
import {
  SessionAnswer,
  SessionDetail,
  SessionList,
  SessionRequest,
} from "./codexd.ts";
import { ClientReply, CodexEvent } from "./codexd_events.ts";
import { CodexdStatus, StatusQuery } from "./codexd_status.ts";
import { TurnAnswer, TurnRequest } from "./codexd_turn.ts";

const common = {
  surface: "business",
  exposure: "local",
  scope: "codex",
} as const;
const read = { ...common, method: "GET", kind: "read" } as const;

/** `?limit=` and `?cursor=` of the lists. */
const PageQuery = z.strictObject({
  limit: limitQuery,
  cursor: z.string().min(1).max(4096).optional(),
});

/** Which events are wanted. */
export const EVENT_FILTER = {
  session_id: z.string().min(1).max(200).optional().describe(
    "only this session's events, and those of no session",
  ),
  types: z.string().regex(/^[\w./]+(,[\w./]+)*$/, "types, with commas between")
    .max(2000).optional().describe("only these, e.g. turn.completed,gap"),
};

/** The query of the event stream. */
export const EventsQuery = z.strictObject({
  after: sequenceQuery.optional()
    .describe("the last seq that was seen; without it: from now on"),
  ...EVENT_FILTER,
});

/** Returns what tells whether an event is wanted; a gap always is. */
export function eventFilter(
  { session_id: session, types }: {
    readonly session_id?: string | undefined;
    readonly types?: string | undefined;
  },
): (event: Pick<CodexEvent, "session_id" | "type">) => boolean {
  const wanted = types === undefined ? undefined : new Set(types.split(","));
  return ({ session_id, type }) =>
    (session === undefined || session_id === null || session_id === session) &&
    (wanted === undefined || wanted.has(type) || type === "gap");
}

const write = {
  ...common,
  method: "POST",
  kind: "write",
  headers: {
    "Idempotency-Key":
      `${IDEMPOTENCY_KEY_RULE}; the same key and body give the same answer; another body is CONFLICT`,
  },
  errors: [
    "NOT_FOUND",
    "CONFLICT",
    "CODEXD_UNAVAILABLE",
    "UPSTREAM_FAILED",
    "UPSTREAM_TIMEOUT",
  ],
} as const;

/** Every daemon's probe: it tells that codexd serves, not how Codex stands. */
export const codexdHealthz = contract({
  id: "probe.healthz",
  method: "GET",
  path: "/healthz",
  kind: "read",
  surface: "control",
  exposure: "public",
  scope: "none",
  produces: "text",
  summary: "Answer ok while the process serves",
  data: z.literal("ok"),
});

export const codexdStatus = contract({
  ...read,
  id: "codexd.status",
  path: "/v1/codexd/status",
  summary: "Read the state of codexd, of its app-server and of the login",
  query: StatusQuery,
  data: CodexdStatus,
});

const SessionsQuery = PageQuery.extend({
  archived: z.enum(["true", "false"]).default("false")
    .transform((it) => it === "true")
    .describe("true: those that were put away, and only those"),
});

export const listSessions = contract({
  ...read,
  id: "codexd.sessions.list",
  path: "/v1/codexd/sessions",
  summary: "List Codex sessions of any client",
  query: SessionsQuery,
  data: SessionList,
  example: { query: { limit: "20" } },
});

export const readSession = contract({
  ...read,
  id: "codexd.sessions.read",
  path: "/v1/codexd/sessions/:session_id",
  summary: "Read a session, its turns and their items",
  notes: [
    "`limit` counts turns, the newest ones; `cursor` leads to older ones.",
  ],
  query: PageQuery,
  data: SessionDetail,
  errors: ["NOT_FOUND", "CODEXD_UNAVAILABLE"],
  example: { params: { session_id: "{session}" } },
});

export const openSession = contract({
  ...write,
  id: "codexd.sessions.open",
  path: "/v1/codexd/sessions",
  summary: "Make, fork, resume or archive a session",
  notes: ["201 when it was made, 200 when it was there before."],
  body: SessionRequest,
  data: SessionAnswer,
  status: [201, 200],
  example: {
    body: { cwd: "{cwd}", sandbox: "read-only", title: "A first look" },
  },
});

export const runTurn = contract({
  ...write,
  id: "codexd.turn",
  path: "/v1/codexd/turn",
  summary: "Start, steer or interrupt a turn, or answer it",
  notes: [
    "One turn at a time per session: a second start is CONFLICT and names the running turn.",
    "202 at once; with wait: 200 and the final message when the turn has ended.",
    "A caller that leaves while it waits does not stop the turn.",
    "respond: approval_id of approvals.items[] in the status, with decision or answers. The first answer wins; a later one is CONFLICT and says who decided.",
  ],
  body: TurnRequest,
  data: TurnAnswer,
  status: [202, 200],
  example: {
    body: { session_id: "{session}", input: "Say hello", wait: true },
  },
});

/** The status of what answers {@linkcode openSession} and {@linkcode runTurn}. */
export function statusOf(answer: unknown): 200 | 201 | 202 {
  const { created, status } = answer as Partial<SessionAnswer & TurnAnswer>;
  return created ? 201 : status === "in_progress" ? 202 : 200;
}

/**
 * Who it was that came to conductor, percent-encoded: conductor says it over the
 * socket, where codexd believes it.
 */
export const ACTOR_HEADER = "x-baa-actor";

/** What the audit says of a request for a turn; a session_id looks like a login's there. */
export function turnTarget({ body }: { readonly body: TurnRequest }) {
  const { session_id = null, action, approval_id, decision } = body;
  return {
    thread_id: session_id,
    action,
    ...(approval_id && { approval_id, decision: decision ?? "answered" }),
  };
}

/** What the audit says of its answer. */
export function turnFacts({ turn_id, status, approval }: TurnAnswer) {
  return {
    turn_id,
    status,
    ...(approval && {
      beyond_max_sandbox: approval.beyond_max_sandbox,
      decided_by: approval.decided_by,
    }),
  };
}

export const codexdEvents = contract({
  ...read,
  id: "codexd.events",
  path: "/v1/codexd/events",
  summary: "Follow the events of every session, or of one",
  notes: [
    "Each frame is one event: seq, session_id, turn_id, type, at, data.",
    "A client may send approval.respond and turn.interrupt, and gets a reply frame for each.",
    "A reader that falls too far behind is closed with 1013 and resumes with after=<seq>.",
  ],
  produces: "websocket",
  query: EventsQuery,
  data: z.union([CodexEvent, ClientReply]),
});
