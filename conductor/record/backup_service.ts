import { join } from "@std/path";
import { type Clock, isoTime } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import { sleep } from "../../shared/wait.ts";
import { type Backup, toStorageError } from "../store/mod.ts";
import { backupDatabase } from "./backup.ts";

/** Writes copies of the database beside it. */
export class BackupService {
  readonly #from: string;
  readonly #folder: string;
  readonly #clock: Clock;
  #running = false;

  constructor(
    options: {
      readonly from: string;
      readonly folder: string;
      readonly clock: Clock;
    },
  ) {
    this.#from = options.from;
    this.#folder = options.folder;
    this.#clock = options.clock;
  }

  /**
   * Writes a consistent copy while everything goes on.
   * @throws {AppError} `CONFLICT` while another one is written, `NOT_READY` when
   * the disk does not take it
   */
  async create(): Promise<Backup> {
    if (this.#running) {
      throw new AppError("CONFLICT", "Cannot back up: a backup is being made");
    }
    this.#running = true;
    const started = this.#clock.now();
    const stamp = isoTime(started).replaceAll(/[:.]/g, "-");
    const path = join(this.#folder, `conductor-${stamp}.db`);
    try {
      await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await backupDatabase({
        from: this.#from,
        to: path,
        pause: () => sleep(this.#clock, 0),
      });
      const { size } = await Deno.stat(path);
      return {
        path,
        size_bytes: size,
        created_at: isoTime(started),
        duration_ms: Math.round(this.#clock.now() - started),
      };
    } catch (error) {
      throw toStorageError(error);
    } finally {
      this.#running = false;
    }
  }
}
