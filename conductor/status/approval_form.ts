import { z } from "zod";
import type { Approval } from "../../shared/contracts/mod.ts";
import { cut, type Markup, markup } from "./markup.ts";
import { facts, notes, output, when } from "./pieces.ts";
import { counted } from "./words.ts";

/** Of what is asked is shown so much, in bytes: it is decided by what is seen. */
const SHOWN = 4000;
/** Questions of one approval that get a field. */
const MOST_QUESTIONS = 8;
const MOST_OPTIONS = 20;

const DECISIONS = {
  accept: "Accept",
  accept_for_session: "Accept for the session",
  decline: "Decline",
  cancel: "Decline and end the turn",
} as const;

/** Of a page's bytes the forms take so many. */
const ROOM = 40_000;

/** Renders what Codex asks, as much as a page has room for, the oldest first. */
export function approvalForms(
  approvals: readonly Approval[],
  { issue, now }: {
    /** Makes a key for the form of one approval. */
    readonly issue: (approvalId: string) => string;
    readonly now: number;
  },
): readonly Markup[] {
  let left = ROOM;
  const forms: Markup[] = [];
  for (const approval of approvals) {
    const newKey = () => issue(approval.approval_id);
    const form = approvalForm(approval, { newKey, now });
    left -= new TextEncoder().encode(form.text).length;
    if (left < 0) break;
    forms.push(form);
  }
  const more = approvals.length - forms.length;
  if (more > 0) {
    const many = `${counted(more, "approval")} more`;
    forms.push(markup`
<p>${many}: see GET /v1/codex/approvals.</p>`);
  }
  return forms;
}

/** Renders what Codex asks, with the forms that answer it; each takes a key of its own. */
function approvalForm(
  approval: Approval,
  { newKey, now }: { readonly newKey: () => string; readonly now: number },
): Markup {
  const { approval_id, kind, request, decisions, session_id } = approval;
  const form = (parts: readonly (Markup | false)[]) =>
    markup`
<form class="panel form" method="post" action="/v1/status/approvals/${
      encodeURIComponent(approval_id)
    }"><input type="hidden" name="key" value="${newKey()}">${parts}</form>`;
  const questions = questionsOf(request);
  const asked = Object.entries(request)
    .filter(([name]) => name !== "questions" || questions === undefined)
    .map(([name, value]) => [name, readable(value)] as const);
  const isLong = asked.some(([, text]) =>
    cut(text, SHOWN).text !== markup`${text}`.text
  );
  const buttons = decisions.map((it) =>
    markup`<button name="decision" value="${it}">${DECISIONS[it]}</button> `
  );
  return markup`
<section class="asked" id="${cut(approval_id)}">
<h3>${cut(kind.replaceAll("_", " "), 60)}</h3>${
    notes(
      [
        approval.beyond_max_sandbox &&
        "To accept may let Codex go beyond BAA_CODEX_MAX_SANDBOX.",
        isLong &&
        "More is asked than is shown here: read all of it by GET /v1/codex/approvals first.",
      ].filter((it) => it !== false),
      "warn",
    )
  }${
    asked.map(([name, text]) =>
      markup`
<p class="quiet">${cut(name, 60)}</p>${output(text, SHOWN, { keep: "start" })}`
    )
  }
${
    facts({
      Session: session_id && markup`<code>${cut(session_id, 80)}</code>`,
      Approval: markup`<code>${cut(approval_id, 80)}</code>`,
      Asked: when(approval.asked_at, now),
      "Declined unless answered": when(approval.expires_at, now),
    })
  }${
    questions !== undefined &&
    form([
      ...questions.map(field),
      markup`
<p><button>Answer</button></p>`,
    ])
  }${decisions.length > 0 && form([markup`<p>${buttons}</p>`])}
</section>`;
}

const Question = z.object({
  id: z.string().min(1).max(200),
  header: z.string().catch(""),
  question: z.string().catch(""),
  isOther: z.boolean().catch(false),
  isSecret: z.boolean().catch(false),
  options: z.array(z.object({
    label: z.string(),
    description: z.string().catch(""),
  })).max(MOST_OPTIONS).nullish().catch(null),
});
type Question = z.infer<typeof Question>;

/** The questions of an approval; undefined when it asks none that a form could show. */
function questionsOf(
  request: Approval["request"],
): readonly Question[] | undefined {
  return z.array(Question).min(1).max(MOST_QUESTIONS)
    .safeParse(request.questions).data;
}

function field(
  { id, header, question, isOther, isSecret, options }: Question,
  at: number,
): Markup {
  const name = `answers[${id}]`;
  const known = options ?? [];
  const lines = known.map(({ label, description }) =>
    markup`
<li>${cut(label, 200)}${description && markup`: ${cut(description, 400)}`}</li>`
  );
  const list = `options-${at}`;
  const choice = markup`
<input name="${name}" required autocomplete="off"${
    isSecret && markup` type="password"`
  }${known.length > 0 && markup` list="${list}"`}>${
    known.length > 0 && markup`
<datalist id="${list}">${
      known.map(({ label }) => markup`<option value="${label}"></option>`)
    }</datalist>`
  }`;
  const options_ = known.map(({ label }) =>
    markup`<option value="${label}">${cut(label, 200)}</option>`
  );
  const select = markup`
<select name="${name}" required><option value=""></option>${options_}</select>`;
  return markup`
<label><strong>${cut(header, 100)}</strong> ${cut(question, 1000)}${
    lines.length > 0 && markup`<ul>${lines}</ul>`
  }
${isOther || known.length === 0 ? choice : select}</label>`;
}

/** Signs that are not seen, or that turn text around, are shown for what they are. */
function readable(value: unknown): string {
  const text = typeof value === "string"
    ? value
    : JSON.stringify(value, null, 1);
  return text.replaceAll(
    /[\p{Cf}\p{Zl}\p{Zp}]|(?![\n\t])\p{Cc}/gu,
    (it) => `\\u{${it.codePointAt(0)?.toString(16)}}`,
  );
}
