import { canonicalJson, sha256Hex } from "./digest.ts";
import { invalidInput } from "./errors.ts";

/** What an `Idempotency-Key` may be, in words. */
export const IDEMPOTENCY_KEY_RULE = "1 to 255 visible ASCII characters";

/** Who needs no keys of his own: all of these are the owner. */
const OWNERS: readonly string[] = ["owner", "local", "conductor"];

/**
 * Returns the `Idempotency-Key` of a request, if it has one: the holder of a
 * named token has his own keys, so that none tells him of anybody else's work.
 * @throws {AppError} INVALID_INPUT
 */
export function idempotencyKeyOf(
  { headers, actor }: {
    readonly headers: Headers;
    readonly actor: string;
  },
): string | undefined {
  const key = headers.get("idempotency-key");
  if (key === null) return undefined;
  if (/^[\x21-\x7e]{1,255}$/.test(key)) {
    return OWNERS.includes(actor)
      ? key
      : sha256Hex(canonicalJson([actor, key]));
  }
  throw invalidInput("idempotency-key", `must be ${IDEMPOTENCY_KEY_RULE}`, {
    message: "Cannot accept the Idempotency-Key",
  });
}
