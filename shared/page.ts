import { z } from "zod";
import { invalidInput } from "./errors.ts";

/** Which part of a list is wanted: a place in it, and how much from there. */
export interface PageRequest {
  readonly limit: number;
  /** None: the first page. */
  readonly cursor?: string | undefined;
}

/** Events that a reader had not seen are not there any more, or never were. */
export const Gap = z.strictObject({
  /** The first and the last sequence number that is missing. */
  from_seq: z.int(),
  to_seq: z.int(),
});
export type Gap = z.infer<typeof Gap>;

/**
 * Returns the cursor of a place in a list, safe in a URL. Callers must not
 * build cursors, so that what stands in them may change.
 */
export function writeCursor(list: string, place: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify([list, place]));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * Returns the place in a cursor that {@linkcode writeCursor} made.
 * @throws {AppError} INVALID_INPUT for any other text, also another list's
 */
export function readCursor<S extends z.ZodType>(
  cursor: string,
  { list, place }: { readonly list: string; readonly place: S },
): z.output<S> {
  try {
    const bytes = Uint8Array.fromBase64(cursor, { alphabet: "base64url" });
    const [, value] = JSON.parse(new TextDecoder().decode(bytes));
    if (writeCursor(list, value) === cursor) return place.parse(value);
  } catch { /* it is none of ours */ }
  throw invalidInput(
    "cursor",
    "must be the next_cursor of this list's page before",
  );
}
