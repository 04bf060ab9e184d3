import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { type Principal, Reply } from "../../shared/http/mod.ts";
import { route } from "../deps.ts";
import { linkTo, PAGES } from "../status/mod.ts";
import { ANSWER, answerApproval, answerBody } from "./codex_approvals.ts";
import { OWNERS_PAGE } from "./status_session.ts";

const [, CODEX_PAGE] = PAGES.codex;

/** Whom the key of a form is made for: a session, or where none is needed whoever is here. */
export function holderOf({ session, actor }: Principal): string {
  return session ?? actor;
}

/** The form by which a person answers Codex. */
export const statusApprovalRoutes = [
  route({
    ...OWNERS_PAGE,
    ...ANSWER,
    id: "status.approvals",
    method: "POST",
    path: "/v1/status/approvals/:approval_id",
    kind: "write",
    scope: "codex",
    session: true,
    form: true,
    summary: "Answer what Codex asks by a page's form",
    notes: [
      "A form of the page /v1/status/ui/codex: with the daemon's own Origin, the owner's session where a token is set, and key, which the page gives: for one approval and session, once, for 15 minutes.",
      "Programs answer by POST /v1/codex/approvals/:approval_id. The answer leads back to the page, which says what came of it.",
    ],
    body: answerBody({ key: z.string().min(1).max(200) }),
    status: [303],
    example: {
      params: { approval_id: "{approval}" },
      body: { key: "from the page", decision: "decline" },
    },
    auditAs: "codex.approvals.answer",
    async handler(context) {
      const { deps: { formKeys }, params, body: { key, ...given } } = context;
      const { approval_id: purpose } = params;
      const use = formKeys.spend(key, { holder: holderOf(context), purpose });
      const headers = { location: linkTo(CODEX_PAGE, { done: use }) };
      try {
        const answered = await answerApproval(context, given);
        const { decision, decided_by } = answered;
        formKeys.tell(use, `Answered: ${decision}, by ${decided_by}.`);
        return new Reply(answered, { headers });
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        const { code, message, details = {}, hint, retryable } = error;
        formKeys.tell(use, [message, ...issuesOf(details)].join("; "));
        throw new AppError(code, message, {
          details,
          ...(hint !== undefined && { hint }),
          retryable,
          headers,
          cause: error,
        });
      }
    },
  }),
];

const Issues = z.object({
  issues: z.array(z.object({ path: z.string(), message: z.string() })),
});

/** What is wrong with an answer, as codexd says it. */
function issuesOf(details: Readonly<Record<string, unknown>>): string[] {
  const { data } = Issues.safeParse(details);
  return (data?.issues ?? []).map(({ path, message }) => `${path}: ${message}`);
}
