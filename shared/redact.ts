const HIDDEN = "***";
const SECRET_KEY =
  /^(proxy-)?authorization$|cookie|token$|secret|password|passwd|api[-_]?key|credential|sec-websocket-protocol/i;
const SECRET_TEXT: readonly [RegExp, string][] = [
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{4,}/gi, `$1 ${HIDDEN}`],
  [
    /\b((?:proxy-)?authorization|cookie|set-cookie|x-api-key)(["']?\s*[:=]\s*)["']?[^"'\r\n]+/gi,
    `$1$2${HIDDEN}`,
  ],
  [/\bbaa\.token\.[A-Za-z0-9_-]+/g, `baa.token.${HIDDEN}`],
  [/\b(sk|ghp|gho|xox[abp])[-_][A-Za-z0-9_-]{12,}/g, HIDDEN],
];
const MAX_DEPTH = 6;

/** Takes secrets out of what is about to be written to a log or an audit row. */
export class Redactor {
  readonly #known: readonly string[];

  /** `known`: secrets that are hidden wherever they stand. */
  constructor(known: readonly (string | undefined)[] = []) {
    this.#known = known.filter((it) => it !== undefined && it.length >= 4)
      .map(String);
  }

  /** Hides secrets in a text. */
  text(text: string): string {
    let hidden = text;
    for (const secret of this.#known) {
      if (hidden.includes(secret)) hidden = hidden.replaceAll(secret, HIDDEN);
    }
    for (const [pattern, replacement] of SECRET_TEXT) {
      hidden = hidden.replace(pattern, replacement);
    }
    return hidden;
  }

  /** Hides secrets in facts, by their key or by their form; errors become plain. */
  fields(
    fields: Readonly<Record<string, unknown>>,
  ): Record<string, unknown> {
    return this.#object(fields, 0);
  }

  #value(value: unknown, depth: number): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value === "bigint") return String(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth >= MAX_DEPTH) return "…";
    if (value instanceof Error) {
      return this.#object({
        name: value.name,
        message: value.message,
        stack: value.stack,
        ...(value.cause !== undefined && { cause: value.cause }),
      }, depth);
    }
    if (Array.isArray(value)) {
      return value.map((it) => this.#value(it, depth + 1));
    }
    return this.#object(value as Record<string, unknown>, depth);
  }

  #object(
    object: Readonly<Record<string, unknown>>,
    depth: number,
  ): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(object).map(([key, value]) => [
        key,
        SECRET_KEY.test(key) && value !== null && value !== undefined
          ? HIDDEN
          : this.#value(value, depth + 1),
      ]),
    );
  }
}
