import {
  ACTOR_HEADER,
  codexdEvents,
  codexdStatus,
  listSessions,
  openSession,
  readSession,
  runTurn,
  statusOf,
  turnFacts,
  turnTarget,
} from "../../shared/contracts/mod.ts";
import {
  describeRoutes,
  probeRoutes,
  type SelfDeps,
} from "../../shared/daemon/mod.ts";
import { Reply, type Route, routeFor } from "../../shared/http/mod.ts";
import { idempotencyKeyOf } from "../../shared/idempotency.ts";
import type {
  EventSubscriptions,
  IdempotentRequests,
  SessionLister,
  SessionReader,
  StatusReport,
} from "../sessions/mod.ts";

export { CODEXD_GUIDANCE } from "./guidance.ts";

/** What codexd's routes may use. */
interface CodexdDeps extends SelfDeps {
  readonly requests: Pick<IdempotentRequests, "openSession" | "runTurn">;
  readonly lister: Pick<SessionLister, "list">;
  readonly reader: Pick<SessionReader, "read">;
  readonly subscriptions: Pick<EventSubscriptions, "accept">;
  readonly status: Pick<StatusReport, "read" | "fault">;
}

const route = routeFor<CodexdDeps>();

/** Who asks; conductor, which alone comes over the socket, says for whom. */
function callerOf(
  { actor, headers }: { readonly actor: string; readonly headers: Headers },
): string {
  const name = actor === "conductor" ? headers.get(ACTOR_HEADER) : null;
  return name === null ? actor : decodeURIComponent(name);
}

/** Why no session can be opened and no turn be run now. */
const unavailable = ({ status }: CodexdDeps) => status.fault;

/** The table of contents of codexd's API. */
export const codexdRoutes: readonly Route<CodexdDeps>[] = [
  ...describeRoutes<CodexdDeps>(),
  ...probeRoutes<CodexdDeps>(),
  route({
    ...codexdStatus,
    handler: ({ deps, query }) => deps.status.read(query),
  }),
  route({
    ...listSessions,
    handler: ({ deps, query }) => deps.lister.list(query),
  }),
  route({
    ...readSession,
    handler: ({ deps, params, query }) =>
      deps.reader.read(params.session_id, query),
  }),
  route({
    ...openSession,
    unavailable,
    async handler(context) {
      const { deps, body } = context;
      const key = idempotencyKeyOf(context);
      const answer = await deps.requests.openSession(body, key);
      return new Reply(answer, { status: statusOf(answer) });
    },
  }),
  route({
    ...runTurn,
    unavailable,
    auditTarget: turnTarget,
    auditFacts: turnFacts,
    async handler(context) {
      const { deps, body, signal } = context;
      const key = idempotencyKeyOf(context);
      const caller = { key, actor: callerOf(context), signal };
      const answer = await deps.requests.runTurn(body, caller);
      return new Reply(answer, { status: statusOf(answer) });
    },
  }),
  route({
    ...codexdEvents,
    produces: "websocket",
    socket: ({ deps, query, actor: name, requestId, remoteAddress }) => ({
      accept: (socket) =>
        deps.subscriptions.accept(socket, {
          actor: {
            name,
            source: "websocket",
            request_id: requestId,
            remote_address: remoteAddress,
          },
          query,
        }),
    }),
  }),
];
