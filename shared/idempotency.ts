import { invalidInput } from "./errors.ts";

/** What an `Idempotency-Key` may be, in words. */
export const IDEMPOTENCY_KEY_RULE = "1 to 255 visible ASCII characters";

/**
 * Returns the `Idempotency-Key` of a request, if it has one.
 * @throws {AppError} INVALID_INPUT
 */
export function idempotencyKeyOf(headers: Headers): string | undefined {
  const key = headers.get("idempotency-key");
  if (key === null) return undefined;
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw invalidInput("idempotency-key", `must be ${IDEMPOTENCY_KEY_RULE}`, {
    message: "Cannot accept the Idempotency-Key",
  });
}
