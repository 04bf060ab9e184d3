import type {
  SessionAnswer,
  SessionRequest,
  TurnAnswer,
  TurnRequest,
} from "../../shared/contracts/mod.ts";
import type { Idempotency } from "./idempotency.ts";
import type { SessionPorts } from "./ports.ts";
import type { SessionService } from "./session_service.ts";
import { findTurn } from "./turn_finder.ts";
import type { TurnService } from "./turn_service.ts";

/** What requests are done with. */
export interface RequestPorts extends Pick<SessionPorts, "turns" | "codex"> {
  readonly idempotency: Idempotency;
  readonly sessions: SessionService;
  readonly turnService: TurnService;
}

/** Requests that change something, each done once for its key. */
export class Requests {
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
        const session = sessions.known(session_id ?? "");
        return Promise.resolve(
          session && {
            session_id: session.session_id,
            session,
            created: request.session_id === undefined,
          },
        );
      },
    });
  }

  /**
   * Starts, steers or interrupts a turn. The key covers that; each caller waits
   * for the turn's end by itself, until `signal` says that it has left.
   * @throws {AppError}
   */
  async runTurn(
    request: TurnRequest,
    key: string | undefined,
    signal: AbortSignal,
  ): Promise<TurnAnswer> {
    const { idempotency, turnService } = this.#ports;
    const { session_id: sessionId } = request;
    const turn = await idempotency.once(key, ["turn", request], {
      fresh: (mark) => turnService.act(request, mark),
      outcomeOf: ({ turnId }) => ({ session_id: sessionId, turn_id: turnId }),
      again: ({ turn_id: turnId }, mark) =>
        findTurn(this.#ports, sessionId, { turnId, mark }),
    });
    return await turnService.answer(turn, request, signal);
  }
}
