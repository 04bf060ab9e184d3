/** Turns what the app-server says into what codexd's callers are told. */
import { isoTime } from "../../shared/clock.ts";
import type {
  Item,
  Turn,
  TurnFailure,
  TurnStatus,
} from "../../shared/contracts/mod.ts";
import type { ThreadItem, WireTurn, WireTurnError } from "../app_server/mod.ts";

const STATUSES: Readonly<Record<string, TurnStatus>> = {
  inProgress: "in_progress",
  completed: "completed",
  interrupted: "interrupted",
  failed: "failed",
};

/** Returns a turn without its items. */
export function turnOf(turn: WireTurn): Turn {
  return {
    turn_id: turn.id,
    // A status that is not known yet is an end of some kind.
    status: STATUSES[turn.status] ?? "failed",
    reason: null,
    error: turn.error ? failureOf(turn.error) : null,
    started_at: secondsTime(turn.startedAt),
    completed_at: secondsTime(turn.completedAt),
    duration_ms: turn.durationMs ?? null,
  };
}

function failureOf(error: WireTurnError): TurnFailure {
  return {
    message: error.message,
    info: snakeCase(error.codexErrorInfo ?? null),
    details: error.additionalDetails ?? null,
  };
}

export function itemOf(item: ThreadItem): Item {
  return { ...snakeRecord(item), id: item.id, type: item.type };
}

/** Returns seconds since the epoch as a time on the wire. */
function secondsTime(seconds: number | null | undefined): string | null {
  return typeof seconds === "number" ? isoTime(seconds * 1000) : null;
}

/** Returns the text of an agent's message; undefined for every other item. */
export function messageText(item: ThreadItem): string | undefined {
  return item.type === "agentMessage" && typeof item.text === "string"
    ? item.text
    : undefined;
}

/** Returns the last message among a turn's items. */
export function lastMessage({ items }: WireTurn): string | undefined {
  return items.map(messageText).findLast((it) => it !== undefined);
}

/** Keys whose values are somebody else's data: a tool's arguments, its result, … */
const OPAQUE = new Set([
  "arguments",
  "result",
  "inputSchema",
  "outputSchema",
  "requestedSchema",
  "structuredContent",
  "_meta",
  "env",
]);

/** Returns `value` with the keys of its objects in snake_case; values stay as they are. */
export function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== "object" || value === null) return value;
  return snakeRecord(value as Record<string, unknown>);
}

/** As {@linkcode snakeCase}, for an object. */
export function snakeRecord(
  record: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(record)) {
    result[snakeKey(key)] = OPAQUE.has(key) ? value : snakeCase(value);
  }
  return result;
}

function snakeKey(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}
