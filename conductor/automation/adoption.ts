import type { Clock, Timer } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import type { Leadership } from "./leadership.ts";
import type { RunExecutor } from "./run_executor.ts";
import type { RunLedger } from "./run_ledger.ts";

/** When the database did not answer. */
const RETRY_MS = 1000;

/** Takes up, when a term begins, the runs that have outlived an earlier one. */
export class Adoption {
  readonly #options: AdoptionOptions;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: AdoptionOptions) {
    this.#options = options;
  }

  begin(): void {
    const { leadership, ledger, log, clock } = this.#options;
    this.#timer?.cancel();
    if (this.#stopped || !leadership.isLeader) return;
    try {
      const claims = leadership.write((fence) =>
        ledger.adopt(fence, clock.now())
      );
      for (const claim of claims) void this.#takeUp(claim);
    } catch (error) {
      log.warn("Cannot take up surviving runs now", { error });
      this.#timer = clock.after(RETRY_MS, () => this.begin());
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** What this process itself still leaves is waited for. */
  async #takeUp(
    claim: ReturnType<RunLedger["adopt"]>[number],
  ): Promise<void> {
    const { executor, leadership } = this.#options;
    await executor.ended(claim.task.task_id);
    if (!this.#stopped && !leadership.isOver(claim.fence)) {
      executor.start(claim);
    }
  }
}

interface AdoptionOptions {
  readonly leadership: Pick<Leadership, "isLeader" | "isOver" | "write">;
  readonly ledger: Pick<RunLedger, "adopt">;
  readonly executor: Pick<RunExecutor, "ended" | "start">;
  readonly clock: Clock;
  readonly log: Logger;
}
