import type { Clock, Timer } from "../../shared/clock.ts";
import { RpcTimeout } from "../rpc/mod.ts";

/** So many unanswered questions in a row are its end. */
const MOST_MISSED = 3;

/**
 * Finds out that a process hangs: whatever it says is a sign of life, and when
 * it says nothing for long it is asked. Sooner when a call was not answered.
 */
export class Liveness {
  readonly #options: LivenessOptions;
  #heardAt: number;
  #timer: Timer | undefined;
  #asking = false;
  #stopped = false;

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.#heardAt = options.clock.monotonic();
  }

  start(): void {
    const { clock, silentMs = 30_000 } = this.#options;
    if (this.#stopped) return;
    this.#timer = clock.after(silentMs, async () => {
      const isSilent = clock.monotonic() - this.#heardAt >= silentMs;
      if (isSilent) await this.#ask(MOST_MISSED);
      this.start();
    });
  }

  /** It has said something. */
  heard(): void {
    this.#heardAt = this.#options.clock.monotonic();
  }

  /** It has left a call unanswered: one more silence is its end. */
  async suspect(): Promise<void> {
    await this.#ask(1);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #ask(times: number): Promise<void> {
    if (this.#asking || this.#stopped) return;
    this.#asking = true;
    const since = this.#heardAt;
    try {
      for (let missed = 0; missed < times; missed++) {
        if (await this.#answers()) return;
        if (this.#stopped || this.#heardAt !== since) return;
      }
      this.stop();
      this.#options.onDead();
    } finally {
      this.#asking = false;
    }
  }

  async #answers(): Promise<boolean> {
    try {
      await this.#options.ping();
      return true;
    } catch (error) {
      // Any other failure is an answer, or its end, which is noticed elsewhere.
      return !(error instanceof RpcTimeout);
    }
  }
}

interface LivenessOptions {
  readonly clock: Clock;
  /** Asks for a sign of life; any answer is one. Throws `RpcTimeout` without. */
  ping(): Promise<void>;
  /** Called once, when there is none. */
  onDead(): void;
  /** Silence after which it is asked. Default 30 000. */
  readonly silentMs?: number;
}
