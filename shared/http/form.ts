import { invalidInput } from "../errors.ts";

/** No form of the pages is longer. */
export const MAX_FORM_BYTES = 32_768;

/**
 * Parses `application/x-www-form-urlencoded`. `name[key]=…` becomes a field of
 * the object `name`. A name that is not `known`, which may be a secret in the
 * wrong place, is not repeated.
 * @throws {AppError} INVALID_INPUT
 */
export function parseForm(
  text: string,
  known: readonly string[],
): Record<string, unknown> {
  const fields: Record<string, unknown> = Object.create(null);
  for (const pair of text.split("&")) {
    const [, name = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(pair) ?? [];
    const [, field = "", key] = NAME.exec(decoded(name)) ?? [];
    if (!known.includes(field)) {
      throw refusal("", `Unknown field; known: ${known.join(", ")}`);
    }
    if (key === undefined) put(fields, { field, name: field }, decoded(value));
    else {
      const group = fields[field] ??= Object.create(null);
      if (typeof group === "string") throw refusal(field, TWICE);
      put(
        group as Record<string, unknown>,
        { field, name: key },
        decoded(value),
      );
    }
  }
  return fields;
}

/** `name`, or `name[key]`. */
const NAME = /^([^[\]]*)(?:\[(.*)\])?$/s;

const TWICE = "Given more than once";

function put(
  group: Record<string, unknown>,
  { field, name }: { readonly field: string; readonly name: string },
  value: string,
): void {
  if (name in group) throw refusal(field, TWICE);
  group[name] = value;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll("+", " "));
  } catch {
    throw refusal("", "Bad percent-encoding");
  }
}

function refusal(path: string, message: string) {
  return invalidInput(path, message, { message: "Cannot accept the form" });
}
