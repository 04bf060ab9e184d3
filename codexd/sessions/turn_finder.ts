import {
  callerError,
  hasNoHistory,
  isUnknownThread,
  type WireTurn,
} from "../app_server/mod.ts";
import type { SessionPorts } from "./ports.ts";
import type { AnyTurn } from "./turn_service.ts";
import { messageText, turnOf } from "./wire.ts";

/** How far back a turn is looked for. */
const TURNS = 50;

/**
 * Finds a turn that was asked for earlier: among those that run, those that
 * ended lately, and in the session's history, where it is known by its id or by
 * the mark of its prompt.
 */
export async function findTurn(
  ports: Pick<SessionPorts, "turns" | "codex">,
  sessionId: string,
  known: { readonly turnId: string | null; readonly mark: string },
): Promise<AnyTurn | undefined> {
  const { turns, codex } = ports;
  const { turnId, mark } = known;
  const active = turns.activeIn(sessionId);
  if (turnId !== null) {
    const found = active?.turnId === turnId ? active : turns.finished(turnId);
    if (found !== undefined) return found;
  }
  const client = await codex.ready();
  try {
    const page = { threadId: sessionId, limit: TURNS, cursor: null };
    const { data } = await client.listTurns(page);
    const wire = data.find((turn) =>
      turnId === null ? isMarked(turn, mark) : turn.id === turnId
    );
    if (wire === undefined) return undefined;
    if (active?.turnId === wire.id) return active;
    return {
      sessionId,
      turnId: wire.id,
      turn: turnOf(wire),
      finalMessage: wire.items.map(messageText)
        .findLast((it) => it !== undefined) ?? null,
      usage: null,
    };
  } catch (error) {
    if (isUnknownThread(error) || hasNoHistory(error)) return undefined;
    throw callerError(error);
  }
}

function isMarked({ items }: WireTurn, mark: string): boolean {
  return items.some((item) =>
    item.type === "userMessage" && item.clientId === mark
  );
}
