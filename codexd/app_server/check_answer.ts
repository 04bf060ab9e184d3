import { z } from "zod";
import type { Answers, ApprovalDecision } from "../../shared/contracts/mod.ts";
import {
  type InputIssue,
  invalidInput,
  invalidInputs,
} from "../../shared/errors.ts";
import type { Question } from "./questions.ts";

const CANNOT_ANSWER = { message: "Cannot answer the approval" };

/**
 * Returns the result that Codex is given for a client's answer.
 * @throws {AppError} INVALID_INPUT that says what may be answered
 */
export function checkAnswer(
  { decision, answers }: GivenAnswer,
  { question, params }: {
    readonly question: Question;
    readonly params: Readonly<Record<string, unknown>>;
  },
): unknown {
  const { kind, decisions } = question;
  const allowed = decisions.join(", ");
  if (answers !== undefined) {
    if (kind === "user_input") return answersTo(Asked.parse(params), answers);
    const why = `${kind} takes a decision: ${allowed}`;
    throw invalidInput("answers", why, CANNOT_ANSWER);
  }
  if (decision !== undefined && decisions.includes(decision)) {
    const once = decision === "accept_for_session" ? "accept" : decision;
    return question.answer(once, params);
  }
  const why = kind === "user_input"
    ? `user_input takes answers, or the decision: ${allowed}`
    : `${kind} takes: ${allowed}`;
  throw invalidInput("decision", why, CANNOT_ANSWER);
}

/** What a client answers; one of the two. */
export interface GivenAnswer {
  readonly decision?: ApprovalDecision | undefined;
  readonly answers?: Answers | undefined;
}

const Asked = z.object({
  questions: z.array(z.object({
    id: z.string(),
    question: z.string().catch(""),
    isOther: z.boolean().catch(false),
    options: z.array(z.object({ label: z.string() })).nullish().catch(null),
  })).catch([]),
});
type Asked = z.infer<typeof Asked>;

function answersTo({ questions }: Asked, answers: Answers) {
  const issues: InputIssue[] = [];
  const refuse = (id: string, message: string) =>
    issues.push({ path: `answers.${id}`, message });
  const known = questions.map(({ id }) => id);
  for (const id of Object.keys(answers)) {
    if (!known.includes(id)) {
      refuse(id, `not asked; asked: ${known.join(", ")}`);
    }
  }
  const given = questions.map(({ id, question, isOther, options }) => {
    const texts = [Object.hasOwn(answers, id) ? answers[id] ?? [] : []].flat();
    const labels = options?.map(({ label }) => label) ?? [];
    if (texts.length === 0) refuse(id, `Required: ${question}`);
    else if (!isOther && labels.length > 0) {
      const isOne = texts.length === 1 && labels.includes(texts[0] ?? "");
      if (!isOne) refuse(id, `must be one of: ${labels.join(" | ")}`);
    }
    return [id, { answers: texts }] as const;
  });
  if (issues.length > 0) throw invalidInputs(issues, CANNOT_ANSWER);
  return { answers: Object.fromEntries(given) };
}
