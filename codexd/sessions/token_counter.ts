import type { TokenCounts } from "../../shared/contracts/mod.ts";
import type { TokenUsage } from "../app_server/mod.ts";
import type { SessionIndex } from "./session_index.ts";
import type { ActiveTurn } from "./turns.ts";
import { combined, type UsageLedger } from "./usage_ledger.ts";
import { snakeRecord } from "./wire.ts";

/** Counts what each turn uses: Codex tells what its session has used until then. */
export class TokenCounter {
  readonly #index: Pick<SessionIndex, "get">;
  readonly #ledger: UsageLedger;

  constructor(index: Pick<SessionIndex, "get">, ledger: UsageLedger) {
    this.#index = index;
    this.#ledger = ledger;
  }

  /** Takes note of what Codex tells; returns whether the turn is over its budget. */
  told(turn: ActiveTurn, usage: TokenUsage): boolean {
    const { sessionId, turnId, plan, startedAt } = turn;
    const session_tokens = countsOf(usage.total);
    turn.tokensBefore ??= this.#before(sessionId, session_tokens, usage);
    const tokens = combined(
      session_tokens,
      turn.tokensBefore,
      (now, before) => Math.max(now - before, 0),
    );
    turn.usage = { ...snakeRecord(usage), turn: tokens };
    this.#ledger.set(turnId, {
      session_id: sessionId,
      task_id: plan.taskId ?? null,
      at: startedAt,
      tokens,
      session_tokens,
    });
    return tokens.total_tokens > (plan.maxTotalTokens ?? Infinity);
  }

  /** What a session has used until a turn that has ended, as far as that is known. */
  after(turnId: string): TokenCounts | undefined {
    return this.#ledger.get(turnId)?.session_tokens;
  }

  #before(
    sessionId: string,
    now: TokenCounts,
    { last }: TokenUsage,
  ): TokenCounts {
    const known = this.#index.get(sessionId)?.tokens ?? null;
    // Less than before: Codex has begun to count anew.
    const isNewCount = (known?.total_tokens ?? 0) > now.total_tokens;
    return known === null || isNewCount
      ? combined(now, countsOf(last), (all, one) => Math.max(all - one, 0))
      : known;
  }
}

function countsOf(tokens: TokenUsage["total"]): TokenCounts {
  return {
    total_tokens: tokens.totalTokens,
    input_tokens: tokens.inputTokens,
    cached_input_tokens: tokens.cachedInputTokens,
    output_tokens: tokens.outputTokens,
    reasoning_output_tokens: tokens.reasoningOutputTokens,
  };
}
