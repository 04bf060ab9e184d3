import { createHash } from "node:crypto";

/** The page's only style sheet. Light and dark by the reader's own setting. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --panel: #fff; --line: #e1e4e9;
  --text: #1b1f27; --quiet: #626b79;
  --good: #1a7f4b; --warn: #9a6300; --bad: #c0362c;
  --good-soft: #e2f4ea; --warn-soft: #fbf0db; --bad-soft: #fbe7e5;
  --link: #1d5fbf; --bar: #eceef2; --bar-good: #56b48a; --bar-bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #101318; --panel: #181c23; --line: #2a303a;
    --text: #e8ebf0; --quiet: #9aa4b2;
    --good: #4cc38a; --warn: #e3b341; --bad: #f2766b;
    --good-soft: #14301f; --warn-soft: #33270d; --bad-soft: #3a1815;
    --link: #7db3ff; --bar: #222832; --bar-good: #3d8f69; --bar-bad: #ff9d94;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: clamp(1rem, 4vw, 2.5rem); background: var(--ground);
  color: var(--text); overflow-wrap: anywhere;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
nav, main { max-width: 68rem; margin: 0 auto; }
main { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); }
a { color: var(--link); text-underline-offset: .15em; text-decoration-thickness: from-font; }
nav { display: flex; flex-wrap: wrap; gap: .125rem; position: relative; left: -.75rem; margin-bottom: 1.25rem; font-size: .9375rem; }
nav a { padding: .375rem .75rem; border-radius: .5rem; color: var(--quiet); text-decoration: none; }
nav a:hover { background: var(--bar); color: var(--text); }
nav a[aria-current] { background: var(--panel); color: var(--text); font-weight: 600; box-shadow: inset 0 0 0 1px var(--line); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
h1, h2, h3, p, dl, dd { margin: 0; }
h1 { font-size: clamp(1.75rem, 5vw, 2.5rem); line-height: 1.1; letter-spacing: -.02em; }
h1.long { font-size: 1.25rem; line-height: 1.3; letter-spacing: 0; }
h2 { font-size: 1rem; font-weight: 600; }
h3 { font-size: .8125rem; font-weight: 500; color: var(--quiet); }
code { font: .875em ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.quiet { color: var(--quiet); }
.row { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; justify-content: space-between; }
.hero { display: flex; gap: 1rem; align-items: flex-start; padding: .5rem 0; }
.hero > div { display: grid; gap: .375rem; min-width: 0; }
.lamp { flex: none; width: 1rem; height: 1rem; margin-top: .6rem; border-radius: 50%; background: var(--good); box-shadow: 0 0 0 .35rem var(--good-soft); }
.lamp.warn { background: var(--warn); box-shadow: 0 0 0 .35rem var(--warn-soft); }
.lamp.bad { background: var(--bad); box-shadow: 0 0 0 .35rem var(--bad-soft); }
.panel, .card { background: var(--panel); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem 1.125rem; min-width: 0; }
.panel { display: grid; gap: .75rem; }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(2, minmax(0, 1fr)); }
@media (min-width: 40rem) { .cards { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
@media (min-width: 60rem) { .cards { grid-template-columns: repeat(4, minmax(0, 1fr)); } }
.card { display: grid; gap: .125rem; align-content: start; }
.card strong { font-size: 1.25rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
.card p { font-size: .875rem; color: var(--quiet); }
.good-text { color: var(--good); } .warn-text { color: var(--warn); } .bad-text { color: var(--bad); }
.notes { margin: 0; padding: .75rem 1.125rem; list-style: none; display: grid; gap: .25rem; border-radius: .75rem; background: var(--warn-soft); }
.notes.bad { background: var(--bad-soft); }
.chart { position: relative; height: 7.5rem; }
.chart svg { display: block; width: 100%; height: 100%; }
.ground { fill: var(--bar); } rect.good { fill: var(--bar-good); } rect.bad { fill: var(--bar-bad); }
g:hover .ground { fill: var(--line); }
.empty { position: absolute; inset: 0; display: grid; place-items: center; font-size: .875rem; color: var(--quiet); }
.empty span { padding: .125rem .75rem; border-radius: 1rem; background: var(--panel); }
.axis { display: flex; justify-content: space-between; font-size: .8125rem; color: var(--quiet); font-variant-numeric: tabular-nums; }
.legend { font-size: .875rem; color: var(--quiet); }
.key { display: inline-block; width: .625rem; height: .625rem; margin: 0 .375rem 0 .625rem; border-radius: .1875rem; }
.key:first-child { margin-left: 0; }
.key.good { background: var(--bar-good); } .key.bad { background: var(--bar-bad); }
.lanes { display: grid; gap: .625rem; margin: 0; padding: 0; list-style: none; }
.lanes li { display: grid; gap: .25rem; min-width: 0; font-size: .875rem; font-variant-numeric: tabular-nums; }
.lanes svg { display: block; width: 100%; height: .625rem; border-radius: .1875rem; }
.lanes .row > :first-child { min-width: 0; }
.list { display: grid; gap: .75rem; margin: 0; padding: 0; list-style: none; }
.list li { display: grid; gap: .125rem; padding-top: .75rem; border-top: 1px solid var(--line); }
.list p { font-size: .875rem; }
.list .row > :first-child { font-weight: 500; min-width: 0; }
.list .row > :last-child { font-size: .875rem; }
small { font-size: .8125rem; }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
th { text-align: left; font-size: .8125rem; font-weight: 500; color: var(--quiet); }
th, td { padding: .5rem .75rem; vertical-align: baseline; unicode-bidi: isolate; }
th { padding-top: 0; } tbody tr { border-top: 1px solid var(--line); }
th:first-child, td:first-child { padding-left: 0; } th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td > div { min-width: 6rem; } td.n > div { min-width: 0; }
td .badge, td time { white-space: nowrap; }
.badge::before { content: ""; display: inline-block; width: .5rem; height: .5rem; margin-right: .4375rem; border-radius: 50%; background: currentColor; }
.badge { color: var(--quiet); } .badge.good { color: var(--good); } .badge.warn { color: var(--warn); } .badge.bad { color: var(--bad); }
.facts { display: grid; gap: .75rem 1.5rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 13rem), 1fr)); }
.facts dt { font-size: .8125rem; color: var(--quiet); }
.facts dd { font-variant-numeric: tabular-nums; unicode-bidi: isolate; }
.filters { display: flex; flex-wrap: wrap; gap: .75rem 1.5rem; align-items: center; font-size: .9375rem; }
.choices { display: flex; flex-wrap: wrap; gap: .125rem; }
.choices a { padding: .25rem .625rem; border-radius: .5rem; color: var(--quiet); text-decoration: none; }
.choices a:hover { background: var(--bar); color: var(--text); }
.choices a[aria-current] { background: var(--bar); color: var(--text); font-weight: 600; }
.pager { display: flex; justify-content: space-between; }
label { color: var(--quiet); }
input, textarea, select, button { font: inherit; color: inherit; max-width: 100%; padding: .25rem .625rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--panel); }
button { cursor: pointer; font-weight: 500; } button:hover { background: var(--bar); }
.output { max-height: 24rem; overflow: auto; border-radius: .5rem; background: var(--ground); }
.output.tail { display: flex; flex-direction: column-reverse; }
pre { margin: 0; padding: .75rem 1rem; font: .8125rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; white-space: pre-wrap; unicode-bidi: plaintext; }
summary { cursor: pointer; font-weight: 600; }
.message { white-space: pre-wrap; }
.copy { user-select: all; }
@media (max-width: 48rem) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody { display: block; }
  tr { display: flex; flex-wrap: wrap; gap: .125rem .875rem; padding: .5rem 0; }
  tbody tr:first-child { border-top: 0; padding-top: 0; }
  td { display: block; padding: 0; min-width: 0; max-width: 100%; text-align: left; font-size: .875rem; white-space: normal; }
  td[data-head]::before { content: attr(data-head) " "; color: var(--quiet); }
  td br { display: none; } td br + small { margin-left: .375rem; }
  td > div { display: inline; }
  td.n { text-align: left; }
  td:first-child:not(.n) { flex: 1 0 100%; font-size: .9375rem; font-weight: 500; } td:first-child:not(.n)::before { content: none; }
  .facts { gap: .625rem 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 8rem), 1fr)); }
  td.none { display: none; }
}
.form, .form label { grid-template-columns: minmax(0, 1fr); justify-items: start; }
.form > label { color: inherit; } .form ul { margin: 0; padding-left: 1.25rem; font-size: .875rem; }
.form input:not([type=radio]), .form select { width: min(24rem, 100%); padding: .5rem .75rem; background: var(--ground); }
.asked { display: grid; gap: .5rem; grid-template-columns: minmax(0, 1fr); } .asked + .asked { padding-top: 1rem; border-top: 1px solid var(--line); } .asked .form { padding: 0; border: 0; }
.form label { display: grid; gap: .25rem; justify-items: start; }
nav form { margin-left: auto; }
nav button { color: var(--quiet); background: none; border-color: transparent; }
footer { font-size: .8125rem; color: var(--quiet); }
`;

const hash = createHash("sha256").update(STYLE).digest("base64");

/** What a browser may do with a page: show it with this style, nothing else. */
export const PAGE_HEADERS = headers("form-action 'none'");

/**
 * The same of a page with forms, which lead back here. A page that sent no
 * referrer would send its forms with `Origin: null`.
 */
export const FORM_PAGE_HEADERS = {
  ...headers("form-action 'self'"),
  "referrer-policy": "same-origin",
};

function headers(formAction: string): Readonly<Record<string, string>> {
  return {
    "content-security-policy": [
      "default-src 'none'",
      `style-src 'sha256-${hash}'`,
      "img-src data:",
      "base-uri 'none'",
      formAction,
      "frame-ancestors 'none'",
    ].join("; "),
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
  };
}
