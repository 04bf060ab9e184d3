const HIDDEN = "***";
const SECRET_KEY =
  /^(proxy-)?authorization$|cookie|token$|csrf|xsrf|^jwt$|secret|password|passwd|passphrase|(api|private|access)[-_]?key|credential|sec-websocket-protocol/i;
const SECRET_TEXT: readonly [RegExp, string][] = [
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{4,}/gi, `$1 ${HIDDEN}`],
  [
    /\b((?:proxy-)?authorization|cookie|set-cookie|x-api-key)(["']?\s*[:=]\s*)["']?[^"'\r\n]+/gi,
    `$1$2${HIDDEN}`,
  ],
  [
    /\b((?:[a-z]+[-_])?(?:token|secret|password|passwd|api[-_]?key|csrf|session))=[^&\s"'<>]+/gi,
    `$1=${HIDDEN}`,
  ],
  // A header, or a field of JSON within a text.
  [
    /\b([a-z0-9_-]*(?:token|secret|password|passwd|passphrase|credential|api[-_]?key|auth))(["']?\s*:\s*["']?)[^\s"',;}]+/gi,
    `$1$2${HIDDEN}`,
  ],
  [/(:\/\/)[^\s/?#@"']*:[^\s/?#@"']*@/g, `$1${HIDDEN}@`],
  [/\bbaa\.token\.[A-Za-z0-9_-]+/g, `baa.token.${HIDDEN}`],
  [/\b(sk|ghp|gho|xox[abp])[-_][A-Za-z0-9_-]{12,}/g, HIDDEN],
];
const MAX_DEPTH = 6;
const MAX_CHARS = 16_384;

/** Takes secrets out of what is about to be written to a log or an audit row. */
export class Redactor {
  readonly #known: readonly string[];

  /** `known`: secrets that are hidden wherever they stand, encoded too. */
  constructor(known: readonly (string | undefined)[] = []) {
    const secrets = known.filter((it) => it !== undefined && it.length >= 4);
    this.#known = [...new Set(secrets.flatMap((it) => formsOf(String(it))))];
  }

  /** Hides secrets in a text. */
  text(text: string): string {
    let hidden = this.#withoutKnown(text);
    // Cut only now: half of a secret would not be recognised.
    if (hidden.length > MAX_CHARS) hidden = `${hidden.slice(0, MAX_CHARS)}…`;
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

  #withoutKnown(text: string): string {
    let hidden = text;
    for (const secret of this.#known) {
      if (hidden.includes(secret)) hidden = hidden.replaceAll(secret, HIDDEN);
    }
    return hidden;
  }

  #value(value: unknown, depth: number): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value === "bigint") return String(value);
    if (typeof value === "function" || typeof value === "symbol") {
      return `<${typeof value}>`;
    }
    if (typeof value !== "object" || value === null) return value;
    if (depth >= MAX_DEPTH) return "…";
    if (value instanceof Date || value instanceof URL) {
      return this.text(JSON.stringify(value).slice(1, -1));
    }
    if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
    if (value instanceof Map || value instanceof Headers) {
      return this.#object(Object.fromEntries(value), depth);
    }
    if (value instanceof Set) return this.#value([...value], depth);
    if (value instanceof Error) {
      return this.#object({
        name: value.name,
        ...("code" in value && { code: value.code }),
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
        this.#withoutKnown(key),
        SECRET_KEY.test(key) && value !== null && value !== undefined
          ? HIDDEN
          : this.#value(value, depth + 1),
      ]),
    );
  }
}

/** A secret as it stands in headers, in JSON, in URLs and in base64. */
function formsOf(secret: string): string[] {
  const base64 = btoa(unescapedBytes(secret)).replace(/=+$/, "");
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    base64,
    base64.replaceAll("+", "-").replaceAll("/", "_"),
  ];
}

function unescapedBytes(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}
