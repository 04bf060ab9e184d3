import { type Clock, isoTime } from "../../shared/clock.ts";
import type { TokenCounts, Turn, Usage } from "../../shared/contracts/mod.ts";
import { AppError } from "../../shared/errors.ts";

/** Ended turns that can still be asked for, and the characters of their messages. */
const REMEMBERED = 256;
const REMEMBERED_CHARS = 8_388_608;

/** The turns that run, one a session at most, and what came of the last ones. */
export class Turns {
  readonly #clock: Clock;
  readonly #active = new Map<string, ActiveTurn>();
  readonly #starting = new Map<string, Reservation>();
  readonly #finished = new Map<string, FinishedTurn>();
  #finishedChars = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get active(): readonly ActiveTurn[] {
    return [...this.#active.values()];
  }

  /** Whether turns run, or more than `starting` are about to. */
  isBusy(starting: number): boolean {
    return this.#active.size + this.#starting.size > starting;
  }

  /** The turn that runs in a session. */
  activeIn(sessionId: string): ActiveTurn | undefined {
    return this.#active.get(sessionId);
  }

  /** The turn of that id, while it runs. */
  running(turnId: string | undefined): ActiveTurn | undefined {
    for (const turn of this.#active.values()) {
      if (turn.turnId === turnId) return turn;
    }
    return undefined;
  }

  /** Whether that turn is a review, which runs or is just about to. */
  isReview(sessionId: string, turnId: string): boolean {
    const running = this.#active.get(sessionId);
    const { plan } = running ?? this.#starting.get(sessionId) ?? {};
    return plan?.isReview === true && (running?.turnId ?? turnId) === turnId;
  }

  /** The turn that runs in a session, or is just about to. */
  async current(sessionId: string): Promise<ActiveTurn | undefined> {
    await this.#starting.get(sessionId)?.settled;
    return this.#active.get(sessionId);
  }

  /**
   * Reserves a session for a new turn, since the app-server itself would take a
   * second one as steering of the first; or keeps it from having one.
   * @throws {AppError} CONFLICT naming the running turn
   */
  reserve(sessionId: string, plan: TurnPlan = {}): Reservation {
    const running = this.#active.get(sessionId);
    if (running !== undefined || this.#starting.has(sessionId)) {
      const why = running === undefined
        ? "a turn is just starting in it, or it is being archived"
        : `turn ${running.turnId} is running in it`;
      throw new AppError(
        "CONFLICT",
        `Cannot use the session: ${why}`,
        {
          details: { turn_id: running?.turnId ?? null },
          hint:
            'Wait for its end, or POST /v1/codexd/turn with {"action":"steer"} or {"action":"interrupt"}.',
        },
      );
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<ActiveTurn>();
    const reservation = {
      settled: promise,
      plan,
      begun: begun.promise,
      begin: begun.resolve,
      [Symbol.dispose]: () => {
        this.#starting.delete(sessionId);
        resolve();
      },
    };
    this.#starting.set(sessionId, reservation);
    return reservation;
  }

  /**
   * Takes note that a turn runs. The answer to the request that started it and
   * the app-server's own announcement come in either order.
   */
  begin(sessionId: string, turnId: string): ActiveTurn {
    const known = this.#active.get(sessionId);
    if (known?.turnId === turnId) return known;
    const reservation = this.#starting.get(sessionId);
    const { promise, resolve } = Promise.withResolvers<FinishedTurn>();
    const turn: ActiveTurn = {
      sessionId,
      turnId,
      startedAt: this.#clock.now(),
      plan: reservation?.plan ?? {},
      innerId: undefined,
      announced: false,
      interruptWanted: false,
      reason: null,
      tokensBefore: undefined,
      finalMessage: null,
      partial: undefined,
      patches: new Map(),
      usage: null,
      heardAt: this.#clock.monotonic(),
      finished: promise,
      finish: resolve,
    };
    this.#active.set(sessionId, turn);
    reservation?.begin(turn);
    return turn;
  }

  /** Takes note that a turn has ended, whether or not its start was seen. */
  finish(sessionId: string, turn: Turn): FinishedTurn {
    const active = this.#active.get(sessionId);
    const own = active?.turnId === turn.turn_id ? active : undefined;
    const finished: FinishedTurn = {
      sessionId,
      turnId: turn.turn_id,
      turn,
      finalMessage: own?.finalMessage ?? null,
      usage: own?.usage ?? null,
    };
    if (own !== undefined) this.#active.delete(sessionId);
    this.#remember(finished);
    own?.finish(finished);
    return finished;
  }

  /** What came of a turn, if it has ended not long ago. */
  finished(turnId: string): FinishedTurn | undefined {
    return this.#finished.get(turnId);
  }

  /** How an active turn stands now. */
  describe({ turnId, startedAt }: ActiveTurn): Turn {
    return {
      turn_id: turnId,
      status: "in_progress",
      reason: null,
      error: null,
      started_at: isoTime(startedAt),
      completed_at: null,
      duration_ms: null,
    };
  }

  /** A turn that ended with its app-server, without a word of its own. */
  endedByRestart(active: ActiveTurn, message: string): Turn {
    const now = this.#clock.now();
    return {
      ...this.describe(active),
      status: "interrupted_by_restart",
      error: { message },
      completed_at: isoTime(now),
      duration_ms: now - active.startedAt,
    };
  }

  #remember(finished: FinishedTurn): void {
    const before = this.#finished.get(finished.turnId);
    this.#finished.set(finished.turnId, finished);
    this.#finishedChars += charsOf(finished) - charsOf(before);
    for (const [oldest, turn] of this.#finished) {
      const fits = this.#finished.size <= REMEMBERED &&
        this.#finishedChars <= REMEMBERED_CHARS;
      if (fits || oldest === finished.turnId) break;
      this.#finished.delete(oldest);
      this.#finishedChars -= charsOf(turn);
    }
  }
}

/** A turn with what came of it. */
export interface FinishedTurn {
  readonly sessionId: string;
  readonly turnId: string;
  readonly turn: Turn;
  readonly finalMessage: string | null;
  readonly usage: Usage | null;
}

/** What a turn is started with, for codexd itself. */
export interface TurnPlan {
  readonly isReview?: boolean;
  readonly maxTotalTokens?: number | undefined;
  readonly taskId?: string | undefined;
}

/** A turn that runs. */
export interface ActiveTurn {
  readonly sessionId: string;
  readonly turnId: string;
  readonly startedAt: number;
  readonly plan: TurnPlan;
  /** Of the turn that runs within a review: by it the review is interrupted. */
  innerId: string | undefined;
  /** The app-server has told that it started: from then on it can be interrupted. */
  announced: boolean;
  /** Somebody wants it to end, told or yet to be told to the app-server. */
  interruptWanted: boolean;
  /** Why codexd itself ends it. */
  reason: "BUDGET_EXCEEDED" | null;
  /** What its session had used before it, once that is known. */
  tokensBefore: TokenCounts | undefined;
  finalMessage: string | null;
  /** The message that is being told piece by piece. */
  partial: { readonly itemId: string; text: string } | undefined;
  /** The changes of patches that have not ended, by their items. */
  readonly patches: Map<string, unknown>;
  usage: Usage | null;
  /** When the app-server last told anything of it, by the monotonic clock. */
  heardAt: number;
  readonly finished: Promise<FinishedTurn>;
  readonly finish: (finished: FinishedTurn) => void;
}

/** Holds a session for a turn that is about to start. */
interface Reservation extends Disposable {
  /** Resolves when the turn has started or failed to. */
  readonly settled: Promise<void>;
  readonly plan: TurnPlan;
  /** Resolves with the turn, once it is known. */
  readonly begun: Promise<ActiveTurn>;
  begin(turn: ActiveTurn): void;
}

function charsOf(turn: FinishedTurn | undefined): number {
  return turn?.finalMessage?.length ?? 0;
}
