import { runTurn } from "../../shared/contracts/mod.ts";
import { Reply } from "../../shared/http/mod.ts";
import { idempotencyKeyOf } from "../../shared/idempotency.ts";
import { route } from "../deps.ts";

export const turnRoutes = [
  route({
    ...runTurn,
    unavailable: (deps) => deps.codexFault(),
    async handler({ deps, body, headers, signal }) {
      const key = idempotencyKeyOf(headers);
      const answer = await deps.requests.runTurn(body, key, signal);
      const status = answer.status === "in_progress" ? 202 : 200;
      return new Reply(answer, { status });
    },
  }),
];
