import { printable } from "../../shared/printable.ts";

/** Markup: what is in it has been escaped. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** What markup is built of. */
export type Value =
  | Markup
  | string
  | number
  | false
  | null
  | undefined
  | readonly Value[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Builds markup; every value that is not markup itself is escaped. */
export function markup(
  strings: TemplateStringsArray,
  ...values: readonly Value[]
): Markup {
  const text = strings.map((it, at) => it + markupOf(values[at]));
  return new Markup(text.join(""));
}

function markupOf(value: Value): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(markupOf).join("");
  return String(value).replaceAll(/[^\n\t]+/g, printable)
    .replace(/[&<>"']/g, (it) => ENTITIES[it] ?? "");
}

/**
 * Escapes a text, cut so that it takes about `bytes` of a page at most: its
 * start is kept, or its end.
 */
export function cut(
  text: string | null | undefined,
  bytes = 240,
  { keep = "start" }: { readonly keep?: "start" | "end" } = {},
): Markup {
  const whole = text ?? "";
  // No character takes less than a byte.
  const near = keep === "start" ? whole.slice(0, bytes) : whole.slice(-bytes);
  const characters = [...near];
  if (keep === "end") characters.reverse();
  let left = bytes;
  const kept: string[] = [];
  for (const character of characters) {
    const piece = markupOf(character);
    left -= ENCODER.encode(piece).length;
    if (left < 0) break;
    kept.push(piece);
  }
  if (keep === "end") kept.reverse();
  const shown = kept.join("");
  if (left >= 0 && near.length === whole.length) return new Markup(shown);
  return new Markup(keep === "start" ? `${shown}…` : `…${shown}`);
}

const ENCODER = new TextEncoder();
