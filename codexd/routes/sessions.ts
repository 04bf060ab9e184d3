import {
  listSessions,
  openSession,
  readSession,
} from "../../shared/contracts/mod.ts";
import { Reply } from "../../shared/http/mod.ts";
import { idempotencyKeyOf } from "../../shared/idempotency.ts";
import { route } from "../deps.ts";

export const sessionRoutes = [
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
    unavailable: (deps) => deps.codexFault(),
    async handler({ deps, body, headers }) {
      const key = idempotencyKeyOf(headers);
      const answer = await deps.requests.openSession(body, key);
      return new Reply(answer, { status: answer.created ? 201 : 200 });
    },
  }),
];
