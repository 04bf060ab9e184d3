import { z } from "zod";
import {
  answerProblem,
  Approval,
  ApprovalAnswer,
  ApprovalOutcome,
  runTurn,
  type TurnRequest,
} from "../../shared/contracts/mod.ts";
import { AppError } from "../../shared/errors.ts";
import { IDEMPOTENCY_KEY_RULE } from "../../shared/idempotency.ts";
import type { RouteContext } from "../../shared/http/mod.ts";
import { type Deps, route } from "../deps.ts";
import { away, checkAnswerScope, CODEX_ROUTE } from "./codex.ts";
import { POLL_QUERY } from "./poll.ts";

/** What the routes that answer an approval have in common. */
export const ANSWER = {
  data: ApprovalOutcome.extend({
    session_id: z.string(),
    turn_id: z.string(),
  }),
  errors: ["NOT_FOUND", "CONFLICT", "CODEXD_UNAVAILABLE", "UPSTREAM_FAILED"],
  unavailable: away,
  destructive: true,
  auditTarget: ({ body: { decision } }: { readonly body: Given }) => ({
    decision: decision ?? "answered",
  }),
  auditFacts: ({ turn_id, by, beyond_max_sandbox }: Answered) => ({
    turn_id,
    by,
    beyond_max_sandbox,
  }),
} as const;

type Given = Pick<TurnRequest, "decision" | "answers">;
type Answered = ApprovalOutcome & { session_id: string; turn_id: string };

/** Returns the schema of an answer that comes with `more`. */
export function answerBody<T extends z.ZodRawShape>(more: T) {
  return z.strictObject({ ...ApprovalAnswer, ...more })
    .superRefine((it, context) => {
      const message = answerProblem(it as Given);
      if (message === undefined) return;
      context.addIssue({ code: "custom", path: ["decision"], message });
    });
}

/**
 * Passes an answer on to Codex; the first one wins.
 * @throws {AppError} those of {@linkcode ANSWER}; SCOPE_REQUIRED; INVALID_INPUT
 */
export async function answerApproval(
  context: Pick<
    RouteContext<Deps, "/:approval_id">,
    | "deps"
    | "scopes"
    | "params"
    | "actor"
    | "headers"
    | "signal"
    | "requestId"
  >,
  { decision, answers }: Given,
): Promise<Answered> {
  const { deps, params, actor, headers, signal, requestId } = context;
  await checkAnswerScope(context, { ...params, decision });
  const answer = await deps.codex.api.relay(runTurn, {
    actor,
    headers,
    signal,
    requestId,
    params: {},
    query: {},
    body: { action: "respond", ...params, decision, answers },
  });
  // Its task must not go on telling that it waits.
  await deps.codex.health.refresh();
  const { session_id, turn_id, approval } = answer;
  if (approval !== undefined) return { ...approval, session_id, turn_id };
  throw new AppError("UPSTREAM_FAILED");
}

/** What Codex asks, and the answers of people. */
export const codexApprovalRoutes = [
  route({
    ...CODEX_ROUTE,
    id: "codex.approvals.list",
    method: "GET",
    path: "/v1/codex/approvals",
    kind: "read",
    summary: "List what Codex asks: approvals, questions",
    notes: [
      "wait_ms holds the answer until something waits. Each is answered by POST /v1/codex/approvals/:approval_id before expires_at; then it is declined.",
      "Nothing waits unless BAA_CODEX_APPROVALS is ask, or accept and the session asks for ask.",
    ],
    query: z.strictObject({ wait_ms: POLL_QUERY.wait_ms }),
    data: z.object({ count: z.int(), approvals: z.array(Approval) }),
    errors: ["CODEXD_UNAVAILABLE", "TOO_MANY_REQUESTS"],
    unavailable: away,
    next: ["codex.approvals.answer"],
    async handler({ deps: { codex }, query: { wait_ms: waitMs }, signal }) {
      const approvals = [...await codex.approvals({ waitMs, signal })];
      return { count: approvals.length, approvals };
    },
  }),
  route({
    ...CODEX_ROUTE,
    id: "codex.approvals.answer",
    method: "POST",
    path: "/v1/codex/approvals/:approval_id",
    kind: "write",
    summary: "Decide or answer what Codex asks",
    notes: [
      "The first answer wins; a later one is CONFLICT, and says who decided, when and what.",
      "A decision may go beyond BAA_CODEX_MAX_SANDBOX: the audit says so (beyond_max_sandbox), and to accept that takes the scope exec, too.",
    ],
    headers: { "idempotency-key": IDEMPOTENCY_KEY_RULE },
    body: answerBody({}),
    ...ANSWER,
    next: ["codex.approvals.list"],
    example: {
      params: { approval_id: "{approval}" },
      body: { decision: "decline" },
    },
    handler: (context) => answerApproval(context, context.body),
  }),
];
