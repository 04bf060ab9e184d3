import { type Clock, isoTime, type Timer } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import type { Database, StorageError } from "../store/mod.ts";

/** Why the database does not work, and since when. */
export interface StorageFault {
  readonly reason: string;
  readonly since: string;
}

const PROBE_MS = 1000;
/** Enough to need new room on the disk, not only room that lies free. */
const PROBE_BYTES = 262_144;

/**
 * Knows whether the database can be written. A disk that is full or broken is
 * noticed by whatever meets it first; from then on a probing write tells when it
 * is over.
 */
export class StorageHealth {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onHealed: () => void;
  #fault: StorageFault | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(
    options: {
      readonly db: Database;
      readonly clock: Clock;
      readonly log: Logger;
      /** Called when writing works again. */
      readonly onHealed: () => void;
    },
  ) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onHealed = options.onHealed;
    this.#db.listen({ failed: (error) => this.#note(error) });
  }

  get fault(): StorageFault | undefined {
    return this.#fault;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #note(error: StorageError): void {
    // Another writer is no fault of the disk; the lease notices a long one.
    if (error.trouble === "busy" || this.#stopped) return;
    if (this.#fault === undefined) {
      this.#log.error("The database cannot be written", { error });
      const since = isoTime(this.#clock.now());
      this.#fault = { reason: error.message, since };
    }
    this.#timer ??= this.#clock.after(PROBE_MS, () => this.#probe());
  }

  #probe(): void {
    this.#timer = undefined;
    try {
      this.#db.write(() =>
        this.#db.run(
          `INSERT OR REPLACE INTO storage_probe (id, filler)
           VALUES (1, randomblob(?))`,
          PROBE_BYTES,
        )
      );
      this.#db.write(() => this.#db.run("DELETE FROM storage_probe"));
    } catch {
      // Noted by the listener, which sets the next probe; unless it was busy.
      if (!this.#stopped) {
        this.#timer ??= this.#clock.after(PROBE_MS, () => this.#probe());
      }
      return;
    }
    this.#fault = undefined;
    this.#log.info("The database can be written again");
    this.#onHealed();
  }
}
