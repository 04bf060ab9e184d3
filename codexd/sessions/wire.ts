/** Turns what the app-server says into what codexd's callers are told. */
import { isoTime } from "../../shared/clock.ts";
import type {
  Item,
  Turn,
  TurnFailure,
  TurnStatus,
} from "../../shared/contracts/mod.ts";
import type { ThreadItem, WireTurn, WireTurnError } from "../app_server/mod.ts";
import { snakeCase, snakeRecord } from "./snake_case.ts";

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
    error: turn.error ? failureOf(turn.error) : null,
    started_at: secondsTime(turn.startedAt),
    completed_at: secondsTime(turn.completedAt),
    duration_ms: turn.durationMs ?? null,
  };
}

export function failureOf(error: WireTurnError): TurnFailure {
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
export function secondsTime(seconds: number | null | undefined): string | null {
  return typeof seconds === "number" ? isoTime(seconds * 1000) : null;
}

/** Returns the text of an agent's message; undefined for every other item. */
export function messageText(item: ThreadItem): string | undefined {
  return item.type === "agentMessage" && typeof item.text === "string"
    ? item.text
    : undefined;
}
