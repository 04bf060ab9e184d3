import type { Clock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";

/** A fault that has not come again for so long is over. */
const FAULT_MS = 60_000;

/** What could not be written lately; a full disk would be told with every event. */
export class WriteFaults {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #lastAt = new Map<string, number>();

  constructor(ports: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = ports.clock;
    this.#log = ports.log;
  }

  /** Returns what takes the errors of a file. */
  of(file: string): (error: unknown) => void {
    return (error) => {
      const fault = `Cannot write the ${file}: ${messageOf(error)}`;
      if (!this.#isRecent(fault)) this.#log.error(fault, { error });
      this.#lastAt.set(fault, this.#clock.now());
    };
  }

  /** In words. */
  recent(): string[] {
    return [...this.#lastAt.keys()].filter((it) => this.#isRecent(it));
  }

  #isRecent(fault: string): boolean {
    const at = this.#lastAt.get(fault) ?? -Infinity;
    return this.#clock.now() - at < FAULT_MS;
  }
}
