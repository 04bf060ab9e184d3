import type { Clock, Timer } from "../../shared/clock.ts";
import type { Database } from "../store/mod.ts";

/** How often other processes' commits are looked for while somebody waits. */
const POLL_MS = 250;

/**
 * Wakes those who wait for something new in the database: at once when this
 * process commits, soon when another one does. What is new they read for
 * themselves, so a reader that is behind costs nothing but its place.
 */
export class ChangeFeed {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #waiters = new Set<() => void>();
  #version: number | undefined;
  #timer: Timer | undefined;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
    db.listen({ committed: () => this.#wakeAll() });
  }

  /**
   * Resolves at the next commit, or when `signal` aborts. Look at the database
   * and call this without an `await` between, and nothing is missed.
   */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = () => {
        this.#waiters.delete(done);
        signal.removeEventListener("abort", done);
        if (signal.aborted) this.#stopIfIdle();
        resolve();
      };
      this.#waiters.add(done);
      signal.addEventListener("abort", done, { once: true });
      if (this.#timer === undefined) this.#startPolling();
    });
  }

  #wakeAll(): void {
    if (this.#waiters.size === 0) return;
    for (const wake of [...this.#waiters]) wake();
    // Most wait on at once: only then is nobody there.
    queueMicrotask(() => this.#stopIfIdle());
  }

  #startPolling(): void {
    this.#version = this.#readVersion();
    this.#timer = this.#clock.after(POLL_MS, () => this.#poll());
  }

  #stopIfIdle(): void {
    if (this.#waiters.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #poll(): void {
    const version = this.#readVersion();
    this.#timer = this.#clock.after(POLL_MS, () => this.#poll());
    if (version !== this.#version) this.#wakeAll();
    this.#version = version;
  }

  /** Changes when another connection has committed. */
  #readVersion(): number | undefined {
    try {
      return this.#db.get<{ data_version: number }>("PRAGMA data_version")
        ?.data_version;
    } catch {
      // Whoever is woken will read, and meet the trouble with its name.
      return undefined;
    }
  }
}
