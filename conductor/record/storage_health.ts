import type { Clock, Timer } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import type { Database, StorageError } from "../store/mod.ts";

const PROBE_MS = 1000;
/** Enough to need new room on the disk, not only room that lies free. */
const PROBE_BYTES = 262_144;

/**
 * Knows whether the database can be written. A disk that is full or broken is
 * noticed by whatever meets it first; from then on a probing write tells when it
 * is over.
 */
export class StorageHealth {
  readonly #options: StorageHealthOptions;
  #fault: string | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: StorageHealthOptions) {
    this.#options = options;
    options.db.listen({ failed: (error) => this.#note(error) });
  }

  /** Why the database does not work now, or undefined. */
  get fault(): string | undefined {
    return this.#fault;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #note(error: StorageError): void {
    // Another writer is no fault of the disk; the lease notices a long one.
    if (error.trouble === "busy" || this.#stopped) return;
    const { clock, log } = this.#options;
    if (this.#fault === undefined) {
      log.error("The database cannot be written", { error });
      this.#fault = error.message;
    }
    this.#timer ??= clock.after(PROBE_MS, () => this.#probe());
  }

  #probe(): void {
    const { db, clock, log } = this.#options;
    this.#timer = undefined;
    try {
      db.write(() =>
        db.run(
          `INSERT OR REPLACE INTO storage_probe (id, filler)
           VALUES (1, randomblob(?))`,
          PROBE_BYTES,
        )
      );
      db.write(() => db.run("DELETE FROM storage_probe"));
    } catch {
      // Noted by the listener, which sets the next probe; unless it was busy.
      if (!this.#stopped) {
        this.#timer ??= clock.after(PROBE_MS, () => this.#probe());
      }
      return;
    }
    this.#fault = undefined;
    log.info("The database can be written again");
  }
}

interface StorageHealthOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
}
