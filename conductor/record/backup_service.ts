import { join } from "@std/path";
import { z } from "zod";
import { type Clock, isoTime } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import { toStorageError } from "../store/mod.ts";
import { backupDatabase } from "./backup.ts";
import { type BackupFile, backupFiles, backupName } from "./backup_files.ts";

/** A finished copy of the database. */
export const Backup = z.strictObject({
  path: z.string(),
  size_bytes: z.int(),
  created_at: z.iso.datetime(),
  duration_ms: z.int(),
  verified: z.boolean()
    .describe("Whether the copy is whole and the audit trail in it as well."),
});
type Backup = z.infer<typeof Backup>;

const LEFT_MS = 86_400_000;

/** Writes copies of the database beside it. */
export class BackupService {
  readonly #options: BackupServiceOptions;
  #running: Promise<Backup> | undefined;
  /** Whether that is one of the daily ones. */
  #isDaily = false;
  #stopped = false;

  constructor(options: BackupServiceOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Those that there are, newest first. */
  list(): readonly BackupFile[] {
    return backupFiles(this.#options.folder);
  }

  /**
   * Writes a consistent copy while everything goes on.
   * @throws {AppError} `CONFLICT` while another one is written, `NOT_READY` when
   * the disk does not take it
   */
  async create(isDaily = false): Promise<Backup> {
    // Who asks for one waits for that of the day.
    if (this.#isDaily && !isDaily) await this.#running?.catch(() => {});
    if (this.#running !== undefined) {
      throw new AppError("CONFLICT", "Cannot back up: a backup is being made", {
        hint: "Wait for it: backup of GET /v1/status tells the newest.",
        retryable: true,
      });
    }
    this.#isDaily = isDaily;
    try {
      return await (this.#running = this.#create(isDaily));
    } finally {
      this.#running = undefined;
    }
  }

  /** Gives up what is being written, and resolves when nothing of it is left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running?.catch(() => {});
  }

  async #create(isDaily: boolean): Promise<Backup> {
    const { from, folder, clock, pause } = this.#options;
    const started = clock.now();
    const pathIf = (verified: boolean) =>
      join(folder, backupName(started, { isDaily, verified }));
    try {
      await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
      await removeLeftovers(folder, started);
      const { ok } = await backupDatabase({
        from,
        to: pathIf,
        pause: async () => {
          if (this.#stopped) throw new AppError("SHUTTING_DOWN");
          await pause();
        },
      });
      const path = pathIf(ok);
      const { size } = await Deno.stat(path);
      return {
        path,
        size_bytes: size,
        created_at: isoTime(started),
        duration_ms: Math.round(clock.now() - started),
        verified: ok,
      };
    } catch (error) {
      throw toStorageError(error);
    }
  }
}

/** What was being written when a process was killed, not what one writes now. */
async function removeLeftovers(folder: string, now: number): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".db.partial")) continue;
    const path = join(folder, name);
    const { mtime } = await Deno.stat(path);
    if (now - (mtime?.getTime() ?? now) > LEFT_MS) await Deno.remove(path);
  }
}

interface BackupServiceOptions {
  readonly from: string;
  readonly folder: string;
  readonly clock: Clock;
  /** Awaited between small steps, so that others have their turn. */
  readonly pause: () => Promise<void>;
}
