import { z } from "zod";
import { invalidInput } from "../../shared/errors.ts";
import { limitQuery, sequenceQuery, waitQuery } from "../../shared/http/mod.ts";
import { Gap } from "../../shared/page.ts";
import type { Poll } from "../store/mod.ts";
import { listAnswer, listData, PAGE_QUERY } from "./list.ts";

/** How long a poll is held at most: below what proxies cut off. */
export const MAX_WAIT_MS = 55_000;

/** The query of every list that can be followed and polled. */
export const POLL_QUERY = {
  ...PAGE_QUERY,
  after: sequenceQuery.optional().describe(
    "Oldest first, only what comes after this seq: last_seq of the answer before.",
  ),
  wait_ms: waitQuery(
    MAX_WAIT_MS,
    "Holds the answer until there is something new.",
  ),
};

/** Beside it, of what has an end that one looks at first. */
export const TAIL_QUERY = {
  tail: limitQuery.unwrap().optional()
    .describe("The last so many lines, 1 to 200, in the place of limit."),
};

export const POLL_HEADERS = {
  "last-event-id": "The seq of the last entry that was read: as after.",
};

export const POLL_NOTE =
  `To poll: after=<last_seq of the answer before>&wait_ms=30000. wait_ms is at most ${MAX_WAIT_MS}; 64 calls are held at once, more are 429.`;

/** The data of such a list. */
export function pollData<N extends string, T extends z.ZodType>(
  name: N,
  item: T,
) {
  return listData(name, item).extend({
    last_seq: z.int().describe("Given back as after it goes on from here."),
    gap: Gap.nullable().describe("Entries that retention has removed."),
  });
}

export function pollAnswer<N extends string, T>(name: N, poll: Poll<T>) {
  const { last_seq, gap } = poll;
  return { ...listAnswer(name, poll), last_seq, gap };
}

/**
 * Returns after which sequence number a reader goes on: `Last-Event-ID`, which a
 * reconnecting one sends by itself, else `?after=`, else the place of `?cursor=`.
 * @throws {AppError} `INVALID_INPUT` for a header that is no number of the
 * stream, and for `after` beside `cursor`, or `tail` beside either
 */
export function afterOf(
  headers: Headers,
  { after, cursor, tail }: {
    readonly after?: number | undefined;
    readonly cursor?: string | undefined;
    readonly tail?: number | undefined;
  },
  placeOf?: (cursor: string) => number,
): number | undefined {
  const refuse = (path: string, problem: string) =>
    invalidInput(path, problem, { message: "Cannot accept the query" });
  if (after !== undefined && cursor !== undefined) {
    throw refuse("cursor", "and after must not both be given");
  }
  const last = headers.get("last-event-id");
  if (tail !== undefined && (last || (after ?? cursor) !== undefined)) {
    throw refuse("tail", "goes without after, cursor and Last-Event-ID");
  }
  if (last === null || last === "") {
    return cursor === undefined ? after : placeOf?.(cursor);
  }
  if (/^[0-9]{1,15}$/.test(last)) return Number(last);
  throw invalidInput(
    "last-event-id",
    "must be the id of an event of this stream",
    { message: "Cannot resume the stream" },
  );
}
