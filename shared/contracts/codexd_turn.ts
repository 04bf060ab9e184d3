import { z } from "zod";
import {
  answerProblem,
  ApprovalAnswer,
  ApprovalOutcome,
  Turn,
  TurnStatus,
  Usage,
} from "./codexd.ts";

const InputText = z.string().min(1).max(1_048_576);

/** One part of what a turn is given, by its `type`. */
const INPUT_ITEMS = [
  z.strictObject({ type: z.literal("text"), text: InputText }),
  z.strictObject({
    type: z.literal("image"),
    url: z.string().refine(
      (it) => /^data:image\/(png|jpeg|gif|webp);base64,/i.test(it),
      {
        message:
          "must be data:image/png;base64,… (or jpeg, gif, webp): Codex fetches no image",
        params: {
          hint:
            'Download the image and send {"type":"local_image","path":"…"}, or its bytes as a data: URL.',
        },
      },
    ),
  }),
  z.strictObject({
    type: z.literal("local_image"),
    path: z.string().min(1).max(4096),
  }),
] as const;

/** What a turn is given: a text, or items. */
export const TurnInput = z.union([
  InputText,
  z.array(z.discriminatedUnion("type", INPUT_ITEMS, {
    error: () => `must be one of: ${INPUT_KINDS.join(", ")}`,
  })).min(1).max(64),
], { error: "must be a text, or an array of items" }).describe(
  'a text, or items: {"type":"text","text"}, {"type":"image","url": data:image/…;base64,…}, {"type":"local_image","path": of a PNG, JPEG, GIF or WebP, from the session\'s cwd}',
);
export type TurnInput = z.infer<typeof TurnInput>;

const INPUT_KINDS = INPUT_ITEMS.map(({ shape }) => shape.type.value);

/** `input` goes by the name of `prompt`, too: one of them is meant. */
export const INPUT_FIELDS = {
  input: TurnInput.optional(),
  prompt: TurnInput.optional().describe("the same as input"),
};

/** Refuses two inputs; zod empties what `refine` is given: give it a copy. */
export const ONE_INPUT = {
  path: ["prompt"],
  message: "is the same as input: give one of them",
};

/** Tells whether at most one input is given, by whichever name. */
export function hasOneInput(
  { input, prompt }: { readonly input?: unknown; readonly prompt?: unknown },
): boolean {
  return input === undefined || prompt === undefined;
}

/** What a turn is run with. */
export const TURN_OPTIONS = {
  model: z.string().min(1).max(200).optional().describe(
    "for this turn and those after it; see models of the status",
  ),
  effort: z.string().regex(/^[a-z]{1,20}$/, "must be a word, e.g. low")
    .optional().describe(
      "of reasoning, for this turn and those after it; see models of the status",
    ),
  output_schema: z.record(z.string(), z.json()).optional().describe(
    "a JSON Schema that the final message follows",
  ),
  max_total_tokens: z.int().min(1).optional().describe(
    "a turn that has used more ends as interrupted, with reason BUDGET_EXCEEDED; it is looked at after each response of the model",
  ),
};

/** What is reviewed; without it, and without input: uncommitted changes. */
const ReviewTarget = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("uncommitted_changes") }),
  z.strictObject({
    type: z.literal("base_branch"),
    branch: z.string().min(1).max(500),
  }),
  z.strictObject({
    type: z.literal("commit"),
    sha: z.string().regex(/^[0-9a-f]{4,64}$/i, "must be a commit's hash"),
  }),
], {
  error: () =>
    'must be {"type":"uncommitted_changes"}, {"type":"base_branch","branch"} or {"type":"commit","sha"}; or give input',
});

/**
 * `respond`: answer what a running turn waits for; `compact`: shorten what the
 * model is told of the session; `review`: have changes reviewed, see `target`.
 */
const TurnAction = z.enum([
  "start",
  "steer",
  "interrupt",
  "respond",
  "compact",
  "review",
]);

/** Fields that go with one action only. */
const GO_WITH = {
  approval_id: "respond",
  decision: "respond",
  answers: "respond",
  model: "start",
  effort: "start",
  output_schema: "start",
  max_total_tokens: "start",
  target: "review",
} as const;

/** Body of `POST /v1/codexd/turn`. */
export const TurnRequest = z.strictObject({
  session_id: z.string().min(1).max(200).optional().describe(
    "required, but with respond",
  ),
  action: TurnAction.default("start"),
  ...INPUT_FIELDS,
  turn_id: z.string().min(1).max(200).optional().describe(
    "steer, interrupt: only when this turn is the running one",
  ),
  wait: z.boolean().default(false).describe(
    "answer when the turn has ended, or after timeout_ms",
  ),
  timeout_ms: z.int().min(1).max(2_147_483_647).optional().describe(
    "with wait; the turn itself goes on. Default: until it ends",
  ),
  ...TURN_OPTIONS,
  target: ReviewTarget.optional().describe(
    "review: what; or give instructions as input. Default: uncommitted changes",
  ),
  task_id: z.string().min(1).max(200).optional().describe(
    "what its tokens are counted for; of a task of conductor's: it ends with its run",
  ),
  approval_id: z.string().min(1).max(200).optional().describe("respond"),
  ...ApprovalAnswer,
}).superRefine((it, context) => {
  const refuse = (path: string, message: string) =>
    context.addIssue({ code: "custom", path: [path], message });
  if (!hasOneInput(it)) context.addIssue({ code: "custom", ...ONE_INPUT });
  for (const [path, action] of Object.entries(GO_WITH)) {
    const isGiven = it[path as keyof typeof GO_WITH] !== undefined;
    if (!isGiven || it.action === action) continue;
    refuse(path, `goes with action "${action}" only`);
  }
  if (it.target !== undefined && (it.input ?? it.prompt) !== undefined) {
    refuse("target", "goes without input, which are instructions of your own");
  }
  if (it.action !== "respond") {
    if (it.session_id === undefined) refuse("session_id", "Required");
    return;
  }
  const problem = answerProblem(it);
  if (it.approval_id === undefined) refuse("approval_id", "Required");
  if (problem !== undefined) refuse("decision", problem);
});
export type TurnRequest = z.infer<typeof TurnRequest>;

/** Data of `POST /v1/codexd/turn`. */
export const TurnAnswer = z.object({
  session_id: z.string(),
  turn_id: z.string(),
  action: TurnAction,
  status: TurnStatus,
  turn: Turn,
  final_message: z.string().nullable().describe(
    "of a turn that was interrupted: what had been said",
  ),
  usage: Usage.nullable(),
  timed_out: z.boolean().describe("wait ended before the turn did"),
  approval: ApprovalOutcome.optional().describe("respond: what was decided"),
});
export type TurnAnswer = z.infer<typeof TurnAnswer>;
