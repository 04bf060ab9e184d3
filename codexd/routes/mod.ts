import {
  codexdEvents,
  codexdStatus,
  listSessions,
  openSession,
  readSession,
  runTurn,
  statusOf,
} from "../../shared/contracts/mod.ts";
import { describeRoutes, probeRoutes } from "../../shared/daemon/mod.ts";
import { capabilityLines } from "../../shared/describe/mod.ts";
import { Reply, type Route } from "../../shared/http/mod.ts";
import { idempotencyKeyOf } from "../../shared/idempotency.ts";
import { type CodexdDeps, codexdRoute } from "../deps.ts";

export { CODEXD_GUIDANCE } from "./guidance.ts";

/** Why no session can be opened and no turn be run now. */
const unavailable = ({ status }: CodexdDeps) => status.fault;

/** The table of contents of codexd's API. */
export const codexdRoutes: readonly Route<CodexdDeps>[] = [
  ...describeRoutes<CodexdDeps>({
    capabilities: ({ routes, deps }) => ({
      read_endpoints: capabilityLines(routes, "read", deps),
      write_endpoints: capabilityLines(routes, "write", deps),
    }),
  }),
  ...probeRoutes<CodexdDeps>(),
  codexdRoute({
    ...codexdStatus,
    handler: ({ deps }) => deps.status.read(),
  }),
  codexdRoute({
    ...listSessions,
    handler: ({ deps, query }) => deps.lister.list(query),
  }),
  codexdRoute({
    ...readSession,
    handler: ({ deps, params, query }) =>
      deps.reader.read(params.session_id, query),
  }),
  codexdRoute({
    ...openSession,
    unavailable,
    async handler({ deps, body, headers }) {
      const key = idempotencyKeyOf(headers);
      const answer = await deps.requests.openSession(body, key);
      return new Reply(answer, { status: statusOf(answer) });
    },
  }),
  codexdRoute({
    ...runTurn,
    unavailable,
    async handler({ deps, body, headers, signal }) {
      const key = idempotencyKeyOf(headers);
      const answer = await deps.requests.runTurn(body, key, signal);
      return new Reply(answer, { status: statusOf(answer) });
    },
  }),
  codexdRoute({
    ...codexdEvents,
    produces: "websocket",
    socket: ({ deps, query }) => ({
      accept: (socket) =>
        deps.subscriptions.accept(socket, {
          after: query.after,
          sessionId: query.session_id,
        }),
    }),
  }),
];
