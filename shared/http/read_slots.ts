import { AppError } from "../errors.ts";
import type { Deadlines } from "./deadlines.ts";

/**
 * Bounds how many bodies are being read. A read that was begun keeps its
 * connection until the client sends the rest or leaves, since Deno ends neither
 * of them; where none was, the connection can be ended with its answer.
 */
export class ReadSlots {
  readonly #deadlines: Deadlines;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number, deadlines: Deadlines) {
    this.#free = count;
    this.#deadlines = deadlines;
  }

  /**
   * Takes a slot, at once or when one is given back: most bodies take no time.
   * @throws {AppError} TOO_MANY_REQUESTS
   */
  take(): Promise<void> | undefined {
    if (this.#free === 0) return this.#room();
    this.#free--;
    return undefined;
  }

  /** Refuses at once who waits. */
  relieve(): void {
    this.#deadlines.hurry(0);
  }

  /** Gives back what was taken. */
  give(): void {
    // The newest first: the others wait because theirs do not come.
    const next = this.#waiting.pop();
    if (next === undefined) this.#free++;
    else next();
  }

  async #room(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await this.#deadlines.within(promise, () => {
      const at = this.#waiting.indexOf(resolve);
      if (at >= 0) this.#waiting.splice(at, 1);
      return new AppError(
        "TOO_MANY_REQUESTS",
        "Cannot read the body: too many others do not come to their end",
      );
    });
  }
}
