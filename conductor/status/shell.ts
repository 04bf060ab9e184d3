import { Markup, markup, type Value } from "./markup.ts";
import { STYLE } from "./style.ts";
import { dateAndTime } from "./words.ts";

/** The owner's pages, and where they stand. */
export const PAGES = {
  status: ["Status", "/v1/status/ui"],
  tasks: ["Tasks", "/v1/status/ui/tasks"],
  schedules: ["Schedules", "/v1/status/ui/schedules"],
  codex: ["Codex", "/v1/status/ui/codex"],
  browser: ["Browser", "/v1/status/ui/browser"],
  audit: ["Audit", "/v1/status/ui/audit"],
  node: ["Node", "/v1/status/ui/node"],
} as const;
/** Where the forms of a session go: to open one, and to end it. */
export const SIGN_IN_PATH = "/v1/status/session";

/** Where a task's page is. */
export function taskLink(taskId: string): string {
  return `${PAGES.tasks[1]}/${encodeURIComponent(taskId)}`;
}

export type PageName = keyof typeof PAGES;

export type Tone = "good" | "warn" | "bad" | "plain";

const LAMPS: Readonly<Record<Tone, string>> = {
  good: "#1a7f4b",
  warn: "#c98a04",
  bad: "#d1453b",
  plain: "#7a8494",
};

/** Renders a whole page: its frame around `parts`. */
export function shell(
  { title, tone, here, isSignedIn = false, refreshS, parts }: {
    readonly title: Value;
    /** The colour of the lamp that stands for the page in a tab. */
    readonly tone: Tone;
    /** The page that is marked in the navigation; without it there is none. */
    readonly here?: PageName | undefined;
    /** Whether its reader has a session, and may end it. */
    readonly isSignedIn?: boolean | undefined;
    /** Seconds between two loads; a page that is typed into has none. */
    readonly refreshS?: number | undefined;
    readonly parts: readonly Value[];
  },
): string {
  const refresh = refreshS &&
    markup`
<meta http-equiv="refresh" content="${refreshS}">`;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">${refresh}
<title>${title}</title>
<link rel="icon" href="${icon(LAMPS[tone])}">
<style>${new Markup(STYLE)}</style>
</head>
<body>
${here && navigation(here, isSignedIn)}<main>${parts}
</main>
</body>
</html>
`.text;
}

/** A longer title is set smaller. */
const LONG_TITLE = 80;

/** Renders the head of a page: its lamp, its name, and a word on it. */
export function hero(
  { tone, title, line }: {
    readonly tone: Tone;
    readonly title: Value;
    readonly line?: Value;
  },
): Markup {
  return markup`
<header class="hero">${
    tone !== "plain" && markup`<span class="lamp ${tone}"></span>`
  }<div>
<h1${String(title).length > LONG_TITLE && markup` class="long"`}>${title}</h1>${
    line && markup`
<p>${line}</p>`
  }
</div></header>`;
}

/** Renders the foot of a page: as of when, whose figures, how often it loads. */
export function foot(
  { at, source, refreshS }: {
    readonly at?: string | undefined;
    /** Whose figures these are, e.g. `conductor`. */
    readonly source: string;
    readonly refreshS?: number | undefined;
  },
): Markup {
  const time = at &&
    markup`As of <time datetime="${at}">${dateAndTime(at)}</time>, from `;
  const again = refreshS && ` · loads again every ${refreshS} s`;
  return markup`
<footer>${time}${source}${again}</footer>`;
}

function navigation(here: PageName, isSignedIn: boolean): Markup {
  const links = Object.entries(PAGES).map(([name, [label, path]]) =>
    name === here
      ? markup`<a href="${path}" aria-current="page">${label}</a>`
      : markup`<a href="${path}">${label}</a>`
  );
  const signOut = isSignedIn && markup`
<form method="post" action="${SIGN_IN_PATH}"><input type="hidden" name="sign_out" value="1"><button>Sign out</button></form>`;
  return markup`<nav aria-label="Pages">${links}${signOut}</nav>
`;
}

/** The lamp once more, for a tab that nobody looks at. */
function icon(color: string): string {
  const circle = `<circle cx="8" cy="8" r="6" fill="${color}"/>`;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${circle}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
