import { invalidInput } from "../../shared/errors.ts";

/**
 * Returns after which sequence number a stream goes on: `Last-Event-ID`, which a
 * reconnecting reader sends by itself, else `?after=`, else `fallback`.
 * @throws {AppError} `INVALID_INPUT` when the header is no number of the stream
 */
export function resumeAfter(
  headers: Headers,
  after: number | undefined,
  fallback: () => number,
): number {
  const last = headers.get("last-event-id");
  if (last === null || last === "") return after ?? fallback();
  if (/^[0-9]{1,15}$/.test(last)) return Number(last);
  throw invalidInput(
    "last-event-id",
    "must be the id of an event of this stream",
    { message: "Cannot resume the stream" },
  );
}
