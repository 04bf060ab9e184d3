import type { CodexEvent, CodexEventType } from "../../shared/contracts/mod.ts";

/** Returns an event as it is kept. */
export function eventLine(
  event: NewEvent,
  place: { readonly seq: number; readonly at: string },
): EventLine {
  const { session_id, turn_id, type, data } = event;
  const { seq, at } = place;
  const whole: CodexEvent = { seq, session_id, turn_id, type, at, data };
  return { seq, session_id, type, json: JSON.stringify(whole) };
}

/** An event before it has its place in the log. */
export interface NewEvent {
  readonly session_id: string | null;
  readonly turn_id: string | null;
  readonly type: CodexEventType | `codex.${string}`;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An event as it is kept: its text, and what it is chosen by. */
export interface EventLine {
  readonly seq: number;
  readonly session_id: string | null;
  readonly type: string;
  /** The whole event as JSON, in one line. */
  readonly json: string;
}

/** Returns the event on a line; undefined when there is none to be read. */
export function parseEventLine(json: string): EventLine | undefined {
  try {
    const { seq, session_id, type } = JSON.parse(json);
    return typeof seq === "number"
      ? { seq, session_id, type, json }
      : undefined;
  } catch {
    return undefined;
  }
}
