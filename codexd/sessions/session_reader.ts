import { z } from "zod";
import type {
  SessionDetail,
  TurnWithItems,
} from "../../shared/contracts/mod.ts";
import { AppError } from "../../shared/errors.ts";
import { otherThan } from "../../shared/ids.ts";
import {
  type PageRequest,
  readCursor,
  writeCursor,
} from "../../shared/page.ts";
import {
  type CodexClient,
  hasNoHistory,
  isUnknownMethod,
  isUnknownThread,
  type WireTurn,
} from "../app_server/mod.ts";
import type { CutTurns } from "./cut_turns.ts";
import type { SessionPorts } from "./session_ports.ts";
import { type KnownSession, sessionView } from "./session_view.ts";
import { itemOf, turnOf } from "./wire.ts";

/** A place among turns is Codex's own. */
const TURNS = { list: "turns", place: z.string() };

/** Reads sessions with their history, which is Codex's own. */
export class SessionReader {
  readonly #ports: ReaderPorts;

  constructor(ports: ReaderPorts) {
    this.#ports = ports;
  }

  /**
   * Reads a session and the newest of its turns, oldest first.
   * @throws {AppError} NOT_FOUND, CODEXD_UNAVAILABLE
   */
  async read(sessionId: string, page: PageRequest): Promise<SessionDetail> {
    const cursor = page.cursor === undefined
      ? null
      : readCursor(page.cursor, TURNS);
    const record = this.#ports.index.get(sessionId);
    let client: CodexClient;
    try {
      client = await this.#ports.codex.ready();
    } catch (error) {
      if (record === undefined) throw error;
      return this.#detail({ record }, { turns: [], history: "unavailable" });
    }
    try {
      const thread = await client.readThread(sessionId);
      const history = await this.#turns(client, sessionId, { ...page, cursor });
      return this.#detail({ thread, record }, history);
    } catch (error) {
      // An ephemeral session is nowhere but in memory, and may be gone from there.
      if (!isUnknownThread(error)) throw error;
      if (record === undefined) throw notASession(sessionId, error);
      return this.#detail({ record }, { turns: [], history: "none" });
    }
  }

  async #turns(
    client: CodexClient,
    threadId: string,
    page: { readonly limit: number; readonly cursor: string | null },
  ): Promise<History> {
    const { limit, cursor } = page;
    try {
      const found = await client.listTurns({ threadId, limit, cursor });
      return {
        turns: found.data.map((turn) => this.#turn(turn)).reverse(),
        next: found.nextCursor ?? undefined,
        history: "complete",
      };
    } catch (error) {
      if (hasNoHistory(error)) return { turns: [], history: "none" };
      if (isUnknownMethod(error)) {
        const all = await client.readTurns(threadId);
        const turns = all.slice(-limit).map((turn) => this.#turn(turn));
        return { turns, history: "complete" };
      }
      throw error;
    }
  }

  /** A turn with what Codex itself does not tell of its end. */
  #turn(wire: WireTurn): TurnWithItems {
    const turn = turnOf(wire);
    const items = wire.items.map(itemOf);
    const cut = this.#ports.cut.get(turn.turn_id);
    if (cut === undefined) return { ...turn, items };
    const { message, ...end } = cut;
    const isMissing = message !== null &&
      items.every(({ id }) => id !== message.item_id);
    const { item_id: id = "", text } = message ?? {};
    const said = { id, type: "agentMessage", text, partial: true };
    return { ...turn, ...end, items: isMissing ? [...items, said] : items };
  }

  #detail(
    known: KnownSession,
    { turns, next, history }: History,
  ): SessionDetail {
    const session = sessionView(this.#ports, known);
    return {
      session_id: session.session_id,
      session,
      turns,
      next_cursor: next === undefined ? null : writeCursor(TURNS.list, next),
      history,
    };
  }
}

interface ReaderPorts extends SessionPorts {
  readonly cut: Pick<CutTurns, "get">;
}

interface History extends Pick<SessionDetail, "turns" | "history"> {
  readonly next?: string | undefined;
}

/** Says, too, whose id it is that was taken for a session's. */
function notASession(sessionId: string, error: unknown): unknown {
  const other = otherThan(sessionId, "session id");
  if (other === "" || !(error instanceof AppError)) return error;
  const { code, message, cause, details, hint = "" } = error;
  return new AppError(code, message, {
    cause,
    ...(details && { details }),
    hint: `${other}${hint}`,
  });
}
