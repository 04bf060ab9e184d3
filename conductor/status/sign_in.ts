import type {
  FailedRequest,
  HtmlPage,
  WireError,
} from "../../shared/http/mod.ts";
import { cut, type Markup, markup } from "./markup.ts";
import { hero, PAGES, shell, SIGN_IN_PATH } from "./shell.ts";
import { FORM_PAGE_HEADERS } from "./style.ts";

/** The pages that a form may lead back to: of this daemon, and of a person's. */
export const RETURN_TO =
  /^\/v1\/status\/ui(?:\/[\w-]{1,200}){0,2}(?:\?[\w.~*%=&+:-]{0,500})?$/;

const [, STATUS] = PAGES.status;

/** Shows why a page or its form does not answer; to who must sign in, where to. */
export function failurePage(
  { code, message, hint, details }: WireError,
  { path, query, body }: FailedRequest,
): HtmlPage {
  const isWrong = path === SIGN_IN_PATH;
  const isLocked = details?.locked_seconds !== undefined;
  if (code !== "UNAUTHORIZED" && !isLocked) {
    const lines = [message, hint].map((it) =>
      it && markup`<p>${cut(it, 4000)}</p>`
    );
    const title = code === "NOT_FOUND" ? "Not found" : "Not done";
    return pageOf(title, [
      hero({ tone: "bad", title, line: code }),
      markup`
<section class="panel">${lines}<p><a href="${
        backFrom(path)
      }">Go on</a></p></section>`,
    ]);
  }
  const wanted = isWrong ? returnToOf(body) : query && `${path}?${query}`;
  const to = [wanted, path].find((it) => it && RETURN_TO.test(it)) ?? STATUS;
  const line = isLocked
    ? `Many wrong tokens came from this address. Wait ${details.locked_seconds} s; the right token always passes.`
    : isWrong
    ? "That is not the shared token."
    : "This page is for the owner.";
  const tone = isWrong || isLocked ? "warn" : "plain";
  return pageOf("Sign in", [
    hero({ tone, title: "Sign in", line }),
    signInForm(to),
  ]);
}

function signInForm(to: string): Markup {
  return markup`
<form class="panel form" method="post" action="${SIGN_IN_PATH}">
<label for="token">The shared token of this node</label>
<input autocomplete="username" value="owner" hidden>
<input id="token" name="token" type="password" required autofocus autocomplete="current-password" autocapitalize="none" spellcheck="false">
<input type="hidden" name="return_to" value="${to}">
<p><button>Sign in</button></p>
<p class="quiet">A session lasts 12 hours in this browser, and ends when the token is changed. If you came by a link and have one already, <a href="${to}">open the page</a>.</p>
</form>`;
}

function pageOf(title: string, parts: readonly Markup[]): HtmlPage {
  const html = shell({
    title: `${title} · baa-conductor`,
    tone: "plain",
    parts,
  });
  return { html, headers: FORM_PAGE_HEADERS };
}

/** Where a person goes on from what has failed. */
function backFrom(path: string): string {
  const [, codex] = PAGES.codex;
  return path.startsWith("/v1/status/approvals/") ? codex : STATUS;
}

function returnToOf(body: unknown): string {
  const { return_to } = (body ?? {}) as { readonly return_to?: unknown };
  return String(return_to ?? "");
}
