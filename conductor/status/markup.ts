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

type Value =
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
  return String(value).replace(/[&<>"']/g, (it) => ENTITIES[it] ?? "");
}
