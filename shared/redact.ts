import { MASK, maskSecrets } from "./mask_secrets.ts";
import { isPlainValue, isSecretName } from "./secret_names.ts";

/** Takes secrets out of what is about to be written or shown. */
export class Redactor {
  readonly #known: readonly string[];

  /** `known`: secrets that are hidden wherever they stand, encoded too. */
  constructor(known: readonly (string | undefined)[] = []) {
    const secrets = known.filter((it) => it !== undefined && it.length >= 4);
    this.#known = [...new Set(secrets.flatMap((it) => formsOf(String(it))))];
  }

  /** Hides secrets in a text, and cuts it when it is very long. */
  text(text: string): string {
    return this.#text(text, BRIEF);
  }

  /**
   * Hides secrets in facts, by their name, their place and their look; errors
   * become plain, and what is very long or deep is cut.
   */
  fields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return this.#object(fields, { bounds: BRIEF, depth: 0 });
  }

  /** Hides secrets in JSON as {@linkcode fields} does, and cuts nothing. */
  json<T extends Readonly<Record<string, unknown>>>(json: T): T {
    return this.#object(json, { bounds: WHOLE, depth: 0 }) as T;
  }

  #withoutKnown(text: string): string {
    let hidden = text;
    for (const secret of this.#known) hidden = hidden.replaceAll(secret, MASK);
    return hidden;
  }

  #text(text: string, { chars }: Bounds): string {
    // Cut last: half of a secret would not be recognised. So of a text of which
    // only the beginning is read, the end of that is not shown.
    const read = text.slice(0, chars * READ_BEYOND_CUT);
    const hidden = maskSecrets(this.#withoutKnown(read));
    if (read.length === text.length) return cutText(hidden, chars);
    const sure = Math.max(0, hidden.length - DOUBTFUL_END);
    return `${hidden.slice(0, Math.min(chars - 1, sure))}…`;
  }

  #value(value: unknown, place: Place): unknown {
    const { bounds, depth, under } = place;
    if (typeof value === "string") {
      const isSecret = under !== undefined && !isPlainValue(value, under);
      return isSecret ? MASK : this.#text(value, bounds);
    }
    if (typeof value === "bigint") return String(value);
    if (typeof value === "function" || typeof value === "symbol") {
      return `<${typeof value}>`;
    }
    if (typeof value !== "object" || value === null) return value;
    if (depth >= bounds.depth) return "…";
    if (value instanceof Date || value instanceof URL) {
      return this.#value(JSON.stringify(value).slice(1, -1), place);
    }
    if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
    if (value instanceof Map || value instanceof Headers) {
      return this.#object(Object.fromEntries(value), place);
    }
    if (value instanceof Set) return this.#value([...value], place);
    if (value instanceof Error) {
      return this.#object({
        name: value.name,
        ...("code" in value && { code: value.code }),
        message: value.message,
        stack: value.stack,
        ...(value.cause !== undefined && { cause: value.cause }),
      }, place);
    }
    if (Array.isArray(value)) return this.#list(value, place);
    return this.#object(value as Record<string, unknown>, place);
  }

  /** The arguments of a command are read together: one names the next. */
  #list(list: readonly unknown[], place: Place): unknown[] {
    const isOfTexts = list.length > 1 && place.under === undefined &&
      list.every((it) => typeof it === "string");
    if (isOfTexts) {
      const texts = maskSecrets(this.#withoutKnown(list.join(SEPARATOR)))
        .split(SEPARATOR);
      if (texts.length === list.length) {
        return texts.map((it) => cutText(it, place.bounds.chars));
      }
    }
    const inside = { ...place, depth: place.depth + 1 };
    return list.map((it) => this.#value(it, inside));
  }

  #object(
    object: Readonly<Record<string, unknown>>,
    place: Place,
  ): Record<string, unknown> {
    const depth = place.depth + 1;
    // `{name: "cookie", value: "…"}`
    const named = typeof object.name === "string" && isSecretName(object.name)
      ? object.name
      : undefined;
    const inside = { ...place, depth };
    return Object.fromEntries(
      Object.entries(object).map(([key, value]) => {
        const own = isSecretName(key)
          ? key
          : key === "value"
          ? named
          : undefined;
        const isSecret = own !== undefined && isSecretNumber(value, own);
        const isUnder = own !== undefined && place.under === undefined;
        const shown = isSecret
          ? MASK
          : this.#value(value, isUnder ? { ...inside, under: own } : inside);
        return [this.#withoutKnown(key), shown];
      }),
    );
  }
}

/** How much of what is given is copied. */
interface Bounds {
  readonly depth: number;
  readonly chars: number;
}

/** So many times what is shown of a text is read of it: masks are short. */
const READ_BEYOND_CUT = 4;

/** More than a secret has, in characters. */
const DOUBTFUL_END = 4_096;

const BRIEF: Bounds = { depth: 6, chars: 16_384 };
/** Deeper JSON is nobody's, and every level costs stack. */
const WHOLE: Bounds = { depth: 100, chars: Infinity };

interface Place {
  readonly bounds: Bounds;
  readonly depth: number;
  /** The name of a secret that it stands under. */
  readonly under?: string;
}

/** Stands between texts that are read together, and in none of them. */
const SEPARATOR = "\0";

/** Returns at most so many characters of a text; the last tells of more. */
export function cutText(text: string, chars: number): string {
  return text.length > chars ? `${text.slice(0, chars - 1)}…` : text;
}

/** Small numbers count something, and so do those under a plural. */
function isSecretNumber(value: unknown, name: string): boolean {
  return typeof value === "number" && value > 999 && !/s$/i.test(name);
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
