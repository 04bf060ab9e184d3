import { Redactor } from "../../shared/redact.ts";
import { isCredentialName } from "./extension/mod.js";

const HIDDEN = "***";
const MAX_DEPTH = 8;
const redactor = new Redactor();

/**
 * Returns what an extension reported of an action without what could be a
 * credential: a text under such a name, or of such a form. Counts stay.
 */
export function withoutSecrets(
  result: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return ofObject(result, { hidden: false, depth: 0 });
}

/** A text in an error of the extension's, without what could be a credential. */
export function textWithoutSecrets(text: string): string {
  return redactor.text(text);
}

interface Place {
  /** Whether it stands under the name of a credential. */
  readonly hidden: boolean;
  readonly depth: number;
}

function ofObject(object: object, place: Place): Record<string, unknown> {
  const depth = place.depth + 1;
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [
      key,
      ofValue(value, { hidden: place.hidden || isSecretKey(key), depth }),
    ]),
  );
}

function ofValue(value: unknown, { hidden, depth }: Place): unknown {
  if (typeof value === "string") return hidden ? HIDDEN : redactor.text(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return "…";
  if (!Array.isArray(value)) return ofObject(value, { hidden, depth });
  return value.map((it) => ofValue(it, { hidden, depth: depth + 1 }));
}

/** `accessToken` is named as `access-token` is. */
function isSecretKey(key: string): boolean {
  return isCredentialName(key.replace(/([a-z0-9])([A-Z])/g, "$1-$2"));
}
