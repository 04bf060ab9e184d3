import { runTurn } from "../../shared/contracts/mod.ts";
import { Reply } from "../../shared/http/mod.ts";
import { route } from "../deps.ts";

export const turnRoutes = [
  route({
    ...runTurn,
    unavailable: (deps) => deps.codexFault(),
    async handler({ deps, body, headers, signal }) {
      const key = headers.get("idempotency-key");
      const answer = await deps.requests.runTurn(body, key, signal);
      const status = answer.status === "in_progress" ? 202 : 200;
      return new Reply(answer, { status });
    },
  }),
];
