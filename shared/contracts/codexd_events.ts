import { z } from "zod";
import { answerProblem, ApprovalAnswer } from "./codexd.ts";

/**
 * One event. `type` is one of {@linkcode EVENT_TYPES}, or `codex.<method>` for
 * a notification of the app-server that has no name here.
 */
export const CodexEvent = z.object({
  seq: z.int().describe("grows by one; survives restarts"),
  session_id: z.string().nullable(),
  turn_id: z.string().nullable(),
  type: z.string(),
  at: z.iso.datetime(),
  data: z.record(z.string(), z.unknown()),
});
export type CodexEvent = z.infer<typeof CodexEvent>;

/** The stable event names and what their `data` holds. */
export const EVENT_TYPES = {
  "session.started": "session",
  "session.status": "status",
  "session.renamed": "title",
  "session.closed": "nothing",
  "session.archived": "archived",
  "turn.started": "turn",
  "turn.completed": "turn, status, reason, error, final_message, usage",
  "turn.error": "message, info, will_retry: trouble that does not end the turn",
  "turn.diff": "diff",
  "turn.plan": "explanation, plan",
  "item.started": "item",
  "item.completed": "item",
  "message.delta": "item_id, delta",
  "reasoning.delta": "item_id, delta",
  "command.output": "item_id, delta",
  "usage.updated": "usage",
  "approval.requested":
    "approval_id, kind, command, cwd, reason, questions, …, decisions, approvals, beyond_max_sandbox: accepting may go beyond BAA_CODEX_MAX_SANDBOX, expires_at",
  "approval.resolved":
    "approval_id, decision, by, decided_by, decided_at, beyond_max_sandbox",
  "rate_limits.updated": "rate_limits",
  "account.updated": "logged_in, auth_mode, plan_type, fingerprint",
  "app_server.state": "state, pid, version, reason",
  "app_server.outdated": "reason: it is started anew once no turn runs",
  "app_server.exited": "pid, code, signal, reason, stderr_tail, orphans_ended",
  "warning": "message",
  "gap": "from_seq, to_seq: the events that are not kept, both included",
} as const;
export type CodexEventType = keyof typeof EVENT_TYPES;

/** What a client may send over the event socket. */
export const ClientMessage = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("approval.respond"),
    approval_id: z.string().min(1).max(200),
    ...ApprovalAnswer,
    /** Comes back in the reply. */
    request_id: z.string().max(200).optional(),
  }).superRefine((it, context) => {
    const message = answerProblem(it);
    if (message === undefined) return;
    context.addIssue({ code: "custom", path: ["decision"], message });
  }),
  z.strictObject({
    type: z.literal("turn.interrupt"),
    session_id: z.string().min(1).max(200).optional(),
    turn_id: z.string().min(1).max(200).optional(),
    request_id: z.string().max(200).optional(),
  }).refine((it) => it.session_id !== undefined || it.turn_id !== undefined, {
    message: "give session_id or turn_id",
  }),
]);
export type ClientMessage = z.infer<typeof ClientMessage>;

/** The answer to a {@linkcode ClientMessage}; it is no event and has no `seq`. */
export const ClientReply = z.object({
  type: z.literal("reply"),
  to: z.string(),
  request_id: z.string().nullable(),
  ok: z.boolean(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type ClientReply = z.infer<typeof ClientReply>;
