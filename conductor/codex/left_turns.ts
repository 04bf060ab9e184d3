import { type CodexdStatus, runTurn } from "../../shared/contracts/mod.ts";
import { AppError, messageOf } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import type { CodexdApi } from "./codexd_api.ts";

/** A turn that was interrupted is waited for so long. */
const END_MS = 10_000;

/**
 * Ends turns whose runs are over: codexd lets a turn go on when a conductor
 * that followed it is killed, and what it asks could be accepted still.
 */
export class LeftTurns {
  readonly #options: LeftTurnsOptions;
  /** Those that are being ended, by their ids. */
  readonly #ending = new Set<string>();

  constructor(options: LeftTurnsOptions) {
    this.#options = options;
  }

  /** Ends those of the turns that run at codexd which are left. Never rejects. */
  async end(turns: readonly RunningTurn[]): Promise<void> {
    const others = turns.filter(({ turn_id, task_id }) =>
      task_id !== undefined && !this.#ending.has(turn_id)
    );
    await Promise.all(others.map((turn) => this.#end(turn)));
  }

  async #end(turn: RunningTurn): Promise<void> {
    const { api, isLeft, log } = this.#options;
    const { turn_id, task_id } = turn;
    this.#ending.add(turn_id);
    try {
      if (!isLeft(turn)) return;
      await endTurn(api, turn);
      log.info("A turn that a lost run left has been ended", {
        turn_id,
        task_id,
      });
    } catch (error) {
      const reason = messageOf(error);
      log.warn("Cannot end a turn that a lost run left", { turn_id, reason });
    } finally {
      this.#ending.delete(turn_id);
    }
  }
}

/**
 * Interrupts a turn; resolves when it has ended, and what it asked with it.
 * @throws {AppError} UPSTREAM_TIMEOUT when it goes on all the same
 */
export async function endTurn(
  api: LeftTurnsOptions["api"],
  { session_id, turn_id }: RunningTurn,
): Promise<void> {
  const how = { action: "interrupt", wait: true, timeout_ms: END_MS } as const;
  try {
    const body = { session_id, turn_id, ...how };
    const { timed_out } = await api.call(runTurn, { body });
    if (!timed_out) return;
  } catch (error) {
    // It has ended by itself meanwhile.
    if (error instanceof AppError && error.code === "CONFLICT") return;
    throw error;
  }
  throw new AppError(
    "UPSTREAM_TIMEOUT",
    `Cannot end turn ${turn_id}, which an earlier run left: it goes on`,
  );
}

type RunningTurn = CodexdStatus["sessions"]["active_turns"][number];

export interface LeftTurnsOptions {
  readonly api: Pick<CodexdApi, "call">;
  /** Whether the run that a turn is for is over. */
  isLeft(turn: RunningTurn): boolean;
  readonly log: Logger;
}
