import type { ApprovalDecision } from "../../shared/contracts/mod.ts";

type Params = Readonly<Record<string, unknown>>;

/** A kind of question that the app-server may ask, and how it is answered. */
export interface Question {
  /** What it is about, for the events. */
  readonly kind: string;
  /** What of its params is told, beside ids. */
  readonly facts: readonly string[];
  /** What may be decided; without `accept` there is nobody to fill it in. */
  readonly decisions: readonly ApprovalDecision[];
  /** Returns the result that stands for a decision. */
  answer(decision: OnceDecision, params: Params): unknown;
}

/** What Codex is told: of nothing that it would remember. */
type OnceDecision = Exclude<ApprovalDecision, "accept_for_session">;

const ANY = ["accept", "accept_for_session", "decline", "cancel"] as const;
const COMMAND = {
  kind: "command",
  facts: ["command", "cwd", "reason"],
  decisions: ANY,
} as const;
const FILE_CHANGE = {
  kind: "file_change",
  facts: ["reason", "grantRoot"],
  decisions: ANY,
} as const;

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
    ...COMMAND,
    facts: [
      ...COMMAND.facts,
      "networkApprovalContext",
      "additionalPermissions",
    ],
    answer: byDecision,
  },
  "item/fileChange/requestApproval": { ...FILE_CHANGE, answer: byDecision },
  "item/permissions/requestApproval": {
    kind: "permissions",
    facts: ["reason", "cwd", "permissions"],
    decisions: ["accept", "accept_for_session", "decline"],
    answer: (decision, { permissions }) => ({
      permissions: decision === "accept" ? permissions ?? {} : {},
      scope: "turn",
    }),
  },
  "item/tool/requestUserInput": {
    kind: "user_input",
    facts: ["questions"],
    decisions: ["decline"],
    answer: () => ({ answers: {} }),
  },
  "mcpServer/elicitation/request": {
    kind: "elicitation",
    facts: ["serverName", "mode", "message", "url"],
    decisions: ["decline", "cancel"],
    answer: (action) => ({ action, content: null, _meta: null }),
  },
  execCommandApproval: { ...COMMAND, answer: byReview },
  applyPatchApproval: { ...FILE_CHANGE, answer: byReview },
};
