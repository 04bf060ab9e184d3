import { dirname, join } from "@std/path";
import type { Clock, Timer } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import type { Database, StorageError } from "../store/mod.ts";
import { rescueDatabase } from "./backup.ts";
import { backupName } from "./backup_files.ts";
import { restoreAdvice } from "./restore_advice.ts";

const PROBE_MS = 1000;
/** Enough to need new room on the disk, not only room that lies free. */
const PROBE_BYTES = 262_144;

/**
 * Knows whether the database can be written. A disk that is full or broken is
 * noticed by whatever meets it first; from then on a probing write tells when it
 * is over. Damage never is.
 */
export class StorageHealth {
  readonly #options: StorageHealthOptions;
  #fault: string | undefined;
  #timer: Timer | undefined;
  #outage: AppError | undefined;
  /** Told once, when damage is found later than at the start. */
  onOutage: (() => void) | undefined;
  #stopped = false;

  constructor(options: StorageHealthOptions) {
    this.#options = options;
    const { db } = options;
    db.listen({ failed: (error) => this.#note(error) });
    if (db.damage !== undefined) this.#end(db.damage);
  }

  /** Why the database does not work now, or undefined. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** What refuses all work, once the database is damaged: only a person mends it. */
  get outage(): AppError | undefined {
    return this.#outage;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #note(error: StorageError): void {
    // Another writer is no fault of the disk; the lease notices a long one.
    if (error.trouble === "busy" || this.#stopped) return;
    if (error.trouble === "moved") this.#rescue();
    if (this.#options.db.damage !== undefined) return this.#end(error);
    const { clock, log } = this.#options;
    if (this.#fault === undefined) {
      log.error("The database cannot be written", { error });
      this.#fault = error.message;
    }
    this.#timer ??= clock.after(PROBE_MS, () => this.#probe());
  }

  /** What was written into files that are gone becomes the newest backup. */
  #rescue(): void {
    const { db, path, clock, log } = this.#options;
    const folder = join(dirname(path), "backups");
    const kind = { isDaily: false, verified: true };
    try {
      Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
      const to = join(folder, backupName(clock.now(), kind));
      db.lend((connection) => rescueDatabase(connection, to));
    } catch (error) {
      log.error("Cannot copy what the database held", { error });
    }
  }

  #end(damage: StorageError): void {
    const { path, log } = this.#options;
    this.#timer?.cancel();
    const { backup = null, command, text } = restoreAdvice(path);
    this.#fault = `${damage.message}. ${text}`;
    this.#outage = new AppError("NOT_READY", damage.message, {
      cause: damage,
      hint: text,
      retryable: false,
      details: { reason: "database_damaged", backup, restore: command },
    });
    log.error("The database is damaged", { error: damage, backup, command });
    this.onOutage?.();
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
  /** Where the database is, also when it could not be opened. */
  readonly path: string;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
}
