import { z } from "zod";
import { AppError } from "../../../shared/errors.ts";

/** Which part of a list is wanted: a place in it, and how much from there. */
export interface PageRequest {
  readonly limit: number;
  /** None: the first page. */
  readonly cursor?: string | undefined;
}

/** A part of a list, and the cursor of what follows it. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

/** Retention has removed entries that a reader had not seen. */
export const Gap = z.strictObject({
  /** The first and the last sequence number that is gone. */
  from_seq: z.int(),
  to_seq: z.int(),
});
export type Gap = z.infer<typeof Gap>;

const SEQUENCE = /^(0|[1-9][0-9]{0,15})$/;

/**
 * Returns the opaque cursor of the place after `seq` in the list `name`. Callers
 * must not build cursors, so that what stands in them may change.
 */
export function cursorAfter(name: string, seq: number): string {
  return btoa(`${name}:${seq}`).replaceAll("+", "-").replaceAll("/", "_")
    .replace(/=+$/, "");
}

/**
 * Returns the sequence number in a cursor that {@linkcode cursorAfter} made.
 * @throws {AppError} `INVALID_INPUT` for any other text, also another list's.
 */
export function readCursor(name: string, cursor: string): number {
  const seq = decode(cursor)?.match(/^([a-z_]+):(.+)$/);
  if (seq?.[1] === name && SEQUENCE.test(seq[2] ?? "")) return Number(seq[2]);
  throw new AppError("INVALID_INPUT", undefined, {
    details: {
      issues: [{
        path: "cursor",
        message: "must be the next_cursor of this list's page before",
      }],
    },
  });
}

/**
 * Makes a page of rows in the list's order, of which one more was asked for
 * than the page holds: its presence says that there is a next page.
 */
export function pageOf<Row extends { readonly seq: number }, T>(
  name: string,
  rows: readonly Row[],
  options: { readonly limit: number; readonly toItem: (row: Row) => T },
): Page<T> {
  const kept = rows.slice(0, options.limit);
  const last = kept.at(-1);
  const more = rows.length > options.limit && last !== undefined;
  return {
    items: kept.map(options.toItem),
    next_cursor: more ? cursorAfter(name, last.seq) : null,
  };
}

function decode(cursor: string): string | undefined {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(cursor)) return undefined;
  try {
    return atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return undefined;
  }
}
