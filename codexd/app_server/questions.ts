import type { ApprovalDecision } from "../../shared/contracts/mod.ts";

type Params = Readonly<Record<string, unknown>>;

/** A kind of question that the app-server may ask, and how it is answered. */
export interface Question {
  /** What it is about, for the events. */
  readonly kind: string;
  /** What of its params is told in the events, beside ids. */
  readonly facts: readonly string[];
  /** There is nobody to fill it in: accepting is not possible. */
  readonly cannotAccept?: true;
  /** Returns the result that stands for a decision. */
  answer(decision: OnceDecision, params: Params): unknown;
}

/** What Codex is told: of nothing that it would remember. */
type OnceDecision = Exclude<ApprovalDecision, "accept_for_session">;

const byDecision: Question["answer"] = (decision) => ({ decision });

/** The older form of the same two questions. */
const byReview: Question["answer"] = (decision) => ({
  decision: {
    accept: "approved",
    decline: { denied: { rejection: "declined" } },
    cancel: "abort",
  }[decision],
});

/** Every question that codexd can answer; any other gets a JSON-RPC error. */
export const QUESTIONS: Readonly<Record<string, Question>> = {
  "item/commandExecution/requestApproval": {
    kind: "command",
    facts: ["command", "cwd", "reason"],
    answer: byDecision,
  },
  "item/fileChange/requestApproval": {
    kind: "file_change",
    facts: ["reason", "grantRoot"],
    answer: byDecision,
  },
  "item/permissions/requestApproval": {
    kind: "permissions",
    facts: ["reason", "cwd", "permissions"],
    answer: (decision, { permissions }) => ({
      permissions: decision === "accept" ? permissions ?? {} : {},
      scope: "turn",
    }),
  },
  "item/tool/requestUserInput": {
    kind: "user_input",
    facts: ["questions"],
    cannotAccept: true,
    answer: () => ({ answers: {} }),
  },
  "mcpServer/elicitation/request": {
    kind: "elicitation",
    facts: ["serverName", "mode", "message", "url"],
    cannotAccept: true,
    answer: (action) => ({ action, content: null, _meta: null }),
  },
  execCommandApproval: {
    kind: "command",
    facts: ["command", "cwd", "reason"],
    answer: byReview,
  },
  applyPatchApproval: {
    kind: "file_change",
    facts: ["reason", "grantRoot"],
    answer: byReview,
  },
};
