import { isoTime } from "../../shared/clock.ts";

/** With a blank, which no caller's `Idempotency-Key` may have. */
const PREFIX = "schedule ";

/**
 * Returns the key of a schedule's task for one due time. It stands where a
 * caller's `Idempotency-Key` would, which is unique: a due time is one task at
 * most, whatever crashes.
 */
export function dueKey(schedule: string, dueAt: number): string {
  return `${PREFIX}${schedule}@${isoTime(dueAt)}`;
}

/** Returns what is in such a key; nulls for a caller's key, and for none. */
export function readDueKey(key: string | null) {
  const [schedule = null, due_at = null] = key?.startsWith(PREFIX)
    ? key.slice(PREFIX.length).split("@")
    : [];
  return { schedule, due_at };
}

/** Returns between which keys those of a schedule are. */
export function dueKeyRange(schedule: string): readonly [string, string] {
  return [`${PREFIX}${schedule}@`, `${PREFIX}${schedule}A`];
}
