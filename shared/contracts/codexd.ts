import { z } from "zod";
import { namesAUser, TILDE_RULE } from "../user_path.ts";

/** What becomes of Codex's questions, strictest first. */
export const APPROVAL_MODES = ["deny", "ask", "accept"] as const;
export const ApprovalMode = z.enum(APPROVAL_MODES);
export type ApprovalMode = z.infer<typeof ApprovalMode>;

/** What Codex's own commands may touch, narrowest first. */
export const SANDBOXES = [
  "read-only",
  "workspace-write",
  "danger-full-access",
] as const;
export const Sandbox = z.enum(SANDBOXES);
export type Sandbox = z.infer<typeof Sandbox>;

/** When Codex asks before it runs a command. */
export const ApprovalPolicy = z.enum(["untrusted", "on-request", "never"]);
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>;

/**
 * What a client may answer to a question of Codex's. `accept_for_session`: the
 * same command in the same folder is accepted from now on, until the limits of
 * the session are asked anew; what is no command is accepted once.
 */
export const ApprovalDecision = z.enum([
  "accept",
  "accept_for_session",
  "decline",
  "cancel",
]);
export type ApprovalDecision = z.infer<typeof ApprovalDecision>;

const AnswerText = z.string().min(1).max(65_536);

/** What a client answers to questions of Codex's, by their ids. */
export const Answers = z.record(
  z.string().min(1).max(200),
  z.union([AnswerText, z.array(AnswerText).min(1).max(16)]),
).describe("by question id: the label of an option, or a text of one's own");
export type Answers = z.infer<typeof Answers>;

/** A decision or answers, one of them. */
export const ApprovalAnswer = {
  decision: ApprovalDecision.optional().describe(
    "one of the approval's decisions",
  ),
  answers: Answers.optional().describe(
    "in the place of decision, to questions (kind user_input)",
  ),
};

/** What is wrong with an answer that is neither, or both; undefined: nothing. */
export function answerProblem(
  { decision, answers }: {
    readonly decision?: unknown;
    readonly answers?: unknown;
  },
): string | undefined {
  return (decision === undefined) === (answers === undefined)
    ? `give decision (${ApprovalDecision.options.join(", ")}) or answers`
    : undefined;
}

const Time = z.iso.datetime();

/** What Codex asks and waits for. */
export const Approval = z.object({
  approval_id: z.string(),
  session_id: z.string().nullable(),
  turn_id: z.string().nullable(),
  task_id: z.string().optional().describe("the task whose turn asks"),
  kind: z.string().describe(
    "command, file_change, permissions, user_input or elicitation",
  ),
  request: z.record(z.string(), z.unknown()).describe(
    "what is asked: command, cwd, reason; changes; permissions; questions; …",
  ),
  decisions: z.array(ApprovalDecision).describe(
    "what may be decided; to questions (user_input) answers are given instead",
  ),
  beyond_max_sandbox: z.boolean().describe(
    "accepting may go beyond BAA_CODEX_MAX_SANDBOX",
  ),
  asked_at: Time,
  expires_at: Time.describe("declined then, unless it was answered"),
});
export type Approval = z.infer<typeof Approval>;

/** How an approval ended. */
export const ApprovalOutcome = z.object({
  approval_id: z.string(),
  decision: z.enum([...ApprovalDecision.options, "answered"]).nullable()
    .describe("null: it went away unanswered"),
  by: z.enum(["client", "session", "policy", "timeout", "codex", "restart"])
    .describe("`session`: accepted for all of it; `codex`: its turn had ended"),
  decided_by: z.string().nullable().describe("the client's name"),
  decided_at: Time,
  beyond_max_sandbox: z.boolean().describe(
    "accepted, and perhaps beyond BAA_CODEX_MAX_SANDBOX",
  ),
});
export type ApprovalOutcome = z.infer<typeof ApprovalOutcome>;

/** How a turn stands. All but the first are its end. */
export const TurnStatus = z.enum([
  "in_progress",
  "completed",
  "interrupted",
  "failed",
  "interrupted_by_restart",
]);
export type TurnStatus = z.infer<typeof TurnStatus>;

/** Why a turn failed. `info` is Codex's own classification, e.g. `"usageLimitExceeded"`. */
export const TurnFailure = z.object({
  message: z.string(),
  info: z.unknown().optional(),
  details: z.string().nullish(),
});
export type TurnFailure = z.infer<typeof TurnFailure>;

/** A message, command, file change, …: Codex's own item, its keys in snake_case. */
export const Item = z.looseObject({ id: z.string(), type: z.string() });
export type Item = z.infer<typeof Item>;

/** One exchange in a session. */
export const Turn = z.object({
  turn_id: z.string(),
  status: TurnStatus,
  reason: z.string().nullable().describe(
    "why codexd ended it: `BUDGET_EXCEEDED`, over max_total_tokens",
  ),
  error: TurnFailure.nullable(),
  started_at: Time.nullable(),
  completed_at: Time.nullable(),
  duration_ms: z.number().nullable(),
});
export type Turn = z.infer<typeof Turn>;

export const TurnWithItems = Turn.extend({ items: z.array(Item) });
export type TurnWithItems = z.infer<typeof TurnWithItems>;

/** Tokens, as the model's provider counted them; 0 for what it did not tell. */
export const TokenCounts = z.object({
  total_tokens: z.int(),
  input_tokens: z.int(),
  cached_input_tokens: z.int(),
  output_tokens: z.int(),
  reasoning_output_tokens: z.int(),
});
export type TokenCounts = z.infer<typeof TokenCounts>;

/** What Codex tells of the tokens of a session, and those of this turn alone. */
export const Usage = z.looseObject({ turn: TokenCounts.optional() });
export type Usage = z.infer<typeof Usage>;

/** A Codex thread. */
export const Session = z.object({
  session_id: z.string().describe("the Codex thread id"),
  title: z.string().nullable(),
  preview: z.string().describe("the first prompt, or nothing"),
  state: z.enum(["idle", "running", "not_loaded", "failed", "ended"]).describe(
    "`not_loaded`: resumed at its next use; `failed`: its last turn failed; `ended`: an ephemeral session that is gone",
  ),
  active_turn_id: z.string().nullable(),
  cwd: z.string().nullable(),
  model: z.string().nullable(),
  model_provider: z.string().nullable(),
  approval_policy: z.string().nullable(),
  sandbox: z.string().nullable(),
  approvals: ApprovalMode.describe("what becomes of Codex's questions here"),
  ephemeral: z.boolean(),
  archived: z.boolean(),
  fork_of: z.string().nullable().describe("the session that it began as"),
  created_by: z.string().nullable().describe("the client that made it"),
  created_at: Time,
  updated_at: Time,
});
export type Session = z.infer<typeof Session>;

/** A folder as callers name it. */
export const Folder = z.string().min(1).max(4096)
  .refine((it) => !namesAUser(it), TILDE_RULE);

/** Body of `POST /v1/codexd/sessions`. */
export const SessionRequest = z.strictObject({
  session_id: z.string().min(1).max(200).optional().describe(
    "resume this session; without it a new one is made",
  ),
  fork_of: z.string().min(1).max(200).optional().describe(
    "make a new one that begins with the turns of this session, and with its limits",
  ),
  archived: z.boolean().optional().describe(
    "with session_id: put it away (it is kept, but takes no turn), or fetch it back",
  ),
  cwd: Folder.optional().describe(
    "an existing folder, ~ is the owner's home; default: codexd's working folder",
  ),
  model: z.string().min(1).max(200).optional(),
  approval_policy: ApprovalPolicy.optional(),
  sandbox: Sandbox.optional().describe("at most BAA_CODEX_MAX_SANDBOX"),
  approvals: ApprovalMode.optional().describe(
    "only ever stricter than BAA_CODEX_APPROVALS",
  ),
  title: z.string().min(1).max(200).optional(),
  instructions: z.string().min(1).max(262_144).optional(),
  ephemeral: z.boolean().optional().describe("never on disk, not resumable"),
});
export type SessionRequest = z.infer<typeof SessionRequest>;

/** Data of `GET /v1/codexd/sessions`. */
export const SessionList = z.object({
  count: z.int(),
  next_cursor: z.string().nullable(),
  sessions: z.array(Session),
  complete: z.boolean().describe(
    "false while Codex is away: then only sessions that codexd knows by itself",
  ),
});
export type SessionList = z.infer<typeof SessionList>;

/** Data of `GET /v1/codexd/sessions/:session_id`. */
export const SessionDetail = z.object({
  session_id: z.string(),
  session: Session,
  turns: z.array(TurnWithItems).describe("oldest first"),
  next_cursor: z.string().nullable().describe(
    "leads to the turns before these",
  ),
  history: z.enum(["complete", "none", "unavailable"]).describe(
    "`none`: no turn is on disk; `unavailable`: Codex is away",
  ),
});
export type SessionDetail = z.infer<typeof SessionDetail>;

/** Data of `POST /v1/codexd/sessions`. */
export const SessionAnswer = z.object({
  session_id: z.string(),
  session: Session,
  created: z.boolean().describe("false when it was resumed"),
});
export type SessionAnswer = z.infer<typeof SessionAnswer>;
