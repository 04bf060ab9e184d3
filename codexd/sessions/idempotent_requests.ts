import type {
  SessionAnswer,
  SessionRequest,
  TurnAnswer,
  TurnRequest,
} from "../../shared/contracts/mod.ts";
import { invalidInput } from "../../shared/errors.ts";
import {
  type ApprovalRecord,
  type Approvals,
  hasNoHistory,
  isUnknownThread,
  type WireTurn,
} from "../app_server/mod.ts";
import type { Idempotency } from "./idempotency.ts";
import type { SessionPorts } from "./session_ports.ts";
import type { SessionService } from "./session_service.ts";
import type { AnyTurn, TurnService } from "./turn_service.ts";
import { lastMessage, turnOf } from "./wire.ts";

/** How far back a turn is looked for. */
const TURNS = 50;

/** Requests that change something, each done once for its key. */
export class IdempotentRequests {
  readonly #ports: RequestPorts;

  constructor(ports: RequestPorts) {
    this.#ports = ports;
  }

  /** Makes or resumes a session. @throws {AppError} */
  openSession(
    request: SessionRequest,
    key: string | undefined,
  ): Promise<SessionAnswer> {
    const { idempotency, sessions } = this.#ports;
    return idempotency.once<SessionAnswer>(key, ["session", request], {
      fresh: () => sessions.open(request),
      outcomeOf: ({ session_id }) => ({ session_id, turn_id: null }),
      again: ({ session_id }) => {
        const isNew = request.session_id === undefined;
        return Promise.resolve(sessions.answer(session_id ?? "", isNew));
      },
    });
  }

  /**
   * Starts, steers or interrupts a turn, or answers what it asks. The key covers
   * that; each caller waits for the turn's end by itself, until `signal` says
   * that it has left.
   * @throws {AppError}
   */
  async runTurn(
    request: TurnRequest,
    { key, actor, signal }: TurnCaller,
  ): Promise<TurnAnswer> {
    const { idempotency, turnService, approvals } = this.#ports;
    const { approval_id: approvalId } = request;
    const asked = approvalId && approvals.find(approvalId);
    if (asked) refuseOthers(request, asked);
    const session_id = request.session_id ?? (asked && asked.session_id) ?? "";
    const named = { ...request, session_id };
    const turn = await idempotency.once(key, ["turn", request], {
      fresh: (mark) => turnService.act(named, { mark, actor }),
      outcomeOf: ({ turnId }) => ({ session_id, turn_id: turnId }),
      again: ({ turn_id: turnId }, mark) =>
        this.#findTurn(session_id, { turnId, mark }),
    });
    const answer = await turnService.answer(turn, request, signal);
    const approval = approvalId && approvals.find(approvalId).outcome;
    return { ...answer, ...(approval && { approval }) };
  }

  /**
   * Finds a turn that was asked for earlier: among those that run, those that
   * ended lately, and in the session's history, where it is known by its id or by
   * the mark of its prompt.
   */
  async #findTurn(
    sessionId: string,
    { turnId, mark }: { readonly turnId: string | null; readonly mark: string },
  ): Promise<AnyTurn | undefined> {
    const { turns, codex } = this.#ports;
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
        finalMessage: lastMessage(wire) ?? null,
        usage: null,
      };
    } catch (error) {
      if (isUnknownThread(error) || hasNoHistory(error)) return undefined;
      throw error;
    }
  }
}

interface RequestPorts extends Pick<SessionPorts, "turns" | "codex"> {
  readonly idempotency: Idempotency;
  readonly sessions: SessionService;
  readonly turnService: TurnService;
  readonly approvals: Pick<Approvals, "find">;
}

/** Who asks for a turn. */
interface TurnCaller {
  readonly key: string | undefined;
  readonly actor: string;
  /** Aborts when he has left. */
  readonly signal: AbortSignal;
}

/** @throws {AppError} INVALID_INPUT for a place that an approval is not of */
function refuseOthers(request: TurnRequest, asked: ApprovalRecord): void {
  for (const path of ["session_id", "turn_id"] as const) {
    if (request[path] === undefined || request[path] === asked[path]) continue;
    throw invalidInput(path, `the approval is of ${asked[path]}`);
  }
}

function isMarked({ items }: WireTurn, mark: string): boolean {
  return items.some((item) =>
    item.type === "userMessage" && item.clientId === mark
  );
}
