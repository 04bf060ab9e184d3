import { cut, type Markup, markup, type Value } from "./markup.ts";
import type { Tone } from "./shell.ts";
import { ago, dateAndTime, duration } from "./words.ts";

const NOTES = 10;
const NOTE_BYTES = 800;
/** Characters of an id. */
const ID_SHOWN = 16;

/** A column: its head, whether it holds numbers. */
export interface Column {
  readonly head: string;
  readonly isNumber?: true;
  /** Whether what it holds needs no head on a phone. */
  readonly isClear?: true;
}

/** Renders a part of a page under its own heading. */
export function panel(title: string, ...parts: readonly Value[]): Markup {
  return markup`
<section class="panel"><h2>${title}</h2>${parts}
</section>`;
}

/** Renders rows; on a phone each becomes a small list of its own. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Value[])[],
  { empty }: { readonly empty: string },
): Markup {
  if (rows.length === 0) return markup`<p class="quiet">${empty}</p>`;
  const classOf = (at: number, isNone = false) => {
    const names = [columns[at]?.isNumber && "n", isNone && "none"]
      .filter((it) => it);
    return names.length > 0 && markup` class="${names.join(" ")}"`;
  };
  const heads = columns.map(({ head }, at) =>
    markup`<th scope="col"${classOf(at)}>${head}</th>`
  );
  const lines = rows.map((row) => {
    const cells = row.map((cell, at) => {
      const isNone = !cell && cell !== 0;
      const { head, isClear } = columns[at] ?? {};
      return markup`<td${!isClear && markup` data-head="${head}"`}${
        classOf(at, isNone)
      }><div>${isNone ? "–" : cell}</div></td>`;
    });
    return markup`
<tr>${cells}</tr>`;
  });
  return markup`
<table><thead><tr>${heads}</tr></thead><tbody>${lines}
</tbody></table>`;
}

/** Renders names with their values; what has none is left out. */
export function facts(pairs: Readonly<Record<string, Value>>): Markup {
  const items = Object.entries(pairs)
    .filter(([, value]) => value || value === 0)
    .map(([name, value]) =>
      markup`
<div><dt>${name}</dt><dd>${value}</dd></div>`
    );
  return markup`<dl class="facts">${items}
</dl>`;
}

/** Renders a state: its colour, and in words what it is. */
export function badge(text: string, tone: Tone): Markup {
  return markup`<span class="badge ${tone}">${cut(text, 80)}</span>`;
}

/** Renders the first of sentences that stand out; texts may be any length. */
export function notes(
  lines: readonly (Markup | string)[],
  tone: "warn" | "bad",
): Markup | false {
  const items = lines.slice(0, NOTES).map((line) =>
    markup`<li>${typeof line === "string" ? cut(line, NOTE_BYTES) : line}</li>`
  );
  return items.length > 0 && markup`
<ul class="notes ${tone}">${items}</ul>`;
}

/** Renders how long ago a time was, or when it comes; the time itself stands in its title. */
export function when(at: string | null | undefined, now: number): Value {
  if (at === null || at === undefined) return null;
  const left = Date.parse(at) - now;
  const words = left > 0 ? `in ${duration(left)}` : ago(at, now);
  return markup`<time datetime="${at}" title="${
    dateAndTime(at)
  }">${words}</time>`;
}

/** Renders an id or a hash by its start; the whole stands in its title. */
export function shortId(id: string): Markup {
  return id.length > ID_SHOWN + 4 && /^[\w:.-]+$/.test(id)
    ? markup`<span title="${cut(id, 80)}">${id.slice(0, ID_SHOWN)}…</span>`
    : cut(id, 120);
}

/** Renders the ways to a list's first page and to what follows this one. */
export function pager(
  { path, query, next }: {
    readonly path: string;
    readonly query: Readonly<Record<string, string | undefined>>;
    /** The cursor of what follows; null: nothing does. */
    readonly next: string | null;
  },
): Markup | false {
  const first = query.cursor !== undefined &&
    markup`<a href="${
      linkTo(path, { ...query, cursor: undefined })
    }">← Newest</a>`;
  const older = next !== null &&
    markup`<a href="${
      linkTo(path, { ...query, cursor: next })
    }" rel="next">Older →</a>`;
  return (first || older) && markup`
<p class="pager">${first || markup`<span></span>`}${older}</p>`;
}

/** Returns the address of a page with what is set of a query. */
export function linkTo(
  path: string,
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const set = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as [string, string]]
  );
  return set.length === 0 ? path : `${path}?${new URLSearchParams(set)}`;
}

/** Renders text of a program's as it stands, as much of it as `bytes` hold. */
export function output(
  text: string,
  bytes: number,
  { keep = "end" }: { readonly keep?: "start" | "end" } = {},
): Markup {
  // Colours are for terminals.
  const plain = text.replaceAll("\r\n", "\n")
    // deno-lint-ignore no-control-regex -- that is what begins one
    .replaceAll(/\x1b\[[0-9;]{0,20}m/g, "");
  return markup`
<div class="output${keep === "end" && " tail"}" tabindex="0"><pre>${
    cut(plain, bytes, { keep })
  }</pre></div>`;
}

/** What could not be read, and why. */
export class Unread {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

/** Renders what was read, or says that it was not. */
export function ifRead<T>(
  read: T | Unread,
  render: (it: T) => Value,
): Value {
  return read instanceof Unread
    ? notes([`This cannot be read now: ${read.why}`], "warn")
    : render(read);
}
