import { join } from "@std/path";
import { z } from "zod";
import { type Clock, isoTime } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import { sleep } from "../../shared/wait.ts";
import { toStorageError } from "../store/mod.ts";
import { backupDatabase } from "./backup.ts";
import { backupName } from "./backup_files.ts";

/** A finished copy of the database. */
export const Backup = z.strictObject({
  path: z.string(),
  size_bytes: z.int(),
  created_at: z.iso.datetime(),
  duration_ms: z.int(),
});
type Backup = z.infer<typeof Backup>;

/** Writes copies of the database beside it. */
export class BackupService {
  readonly #options: BackupServiceOptions;
  #running = false;

  constructor(options: BackupServiceOptions) {
    this.#options = options;
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
    const { from, folder, clock } = this.#options;
    this.#running = true;
    this.#options.flush?.();
    const started = clock.now();
    const path = join(folder, backupName(started));
    try {
      await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
      await backupDatabase({
        from,
        to: path,
        pause: () => sleep(clock, 0),
      });
      const { size } = await Deno.stat(path);
      return {
        path,
        size_bytes: size,
        created_at: isoTime(started),
        duration_ms: Math.round(clock.now() - started),
      };
    } catch (error) {
      throw toStorageError(error);
    } finally {
      this.#running = false;
    }
  }
}

interface BackupServiceOptions {
  readonly from: string;
  /** Has what waits to be written by this process written first. */
  readonly flush?: () => void;
  readonly folder: string;
  readonly clock: Clock;
}
