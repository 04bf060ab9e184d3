import { z } from "zod";
import { AppError } from "../../shared/errors.ts";

/** A place in a list that is ordered by time and then by id. */
const Key = z.tuple([z.number(), z.string()]);
export type Key = z.infer<typeof Key>;

/** How far a list has come in each of its two sources. */
const Cursor = z.object({
  /** Codex's own cursor; null: its beginning. */
  codex: z.string().nullable(),
  /** Whether Codex has no more. */
  done: z.boolean(),
  /** The last of codexd's own that was given. */
  own: Key.nullable(),
});
export type Cursor = z.infer<typeof Cursor>;

export const START: Cursor = { codex: null, done: false, own: null };

/** Returns a cursor as text that is safe in a URL. */
export function writeCursor(cursor: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(cursor));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** @throws {AppError} INVALID_INPUT when it is not one of ours */
export function readCursor(text: string | undefined): Cursor {
  return text === undefined ? START : read(text, Cursor);
}

/** As {@linkcode readCursor}, for a cursor that is Codex's alone. */
export function readTurnCursor(text: string | undefined): string | null {
  return text === undefined ? null : read(text, z.string());
}

function read<S extends z.ZodType>(text: string, schema: S): z.output<S> {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new AppError("INVALID_INPUT", "Cannot accept the query", {
      cause,
      details: {
        issues: [{
          path: "cursor",
          message: "Give the next_cursor of an earlier answer",
        }],
      },
    });
  }
}

/** Whether `a` comes before `b` when the newest comes first. */
export function isBefore(a: Key, b: Key): boolean {
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);
}
