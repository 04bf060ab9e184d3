import type { Clock, Timer } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { StorageError } from "../store/mod.ts";
import type { BackupService } from "./backup_service.ts";

/** By the machine's own clock. */
const HOUR = 3;
const KEPT = 7;
/** What cannot be verified must not push out what was. */
const UNVERIFIED_KEPT = 1;
const DAY_MS = 86_400_000;
/** A start has other things to do first. */
const FIRST_MS = 5000;
/** Clocks are set and machines sleep: it is looked often rather than waited long. */
const LOOK_MS = 60_000;
const RETRY_MS = 3_600_000;
/** What must be free beside the room for a copy. */
const RESERVE_BYTES = 268_435_456;

/**
 * Makes a verified backup each day at 03:00 local time, or at the start when one
 * is due, and keeps the newest seven of its own. The leader's only: two
 * conductors on one database make one backup.
 */
export class DailyBackup {
  readonly #options: DailyBackupOptions;
  #timer: Timer | undefined;
  #trouble: string | undefined;
  /** Not before then, after a failure. */
  #again = 0;
  #stopped = false;

  constructor(options: DailyBackupOptions) {
    this.#options = options;
  }

  /** Why there is no good backup of today, or undefined. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  start(): void {
    this.#lookAfter(FIRST_MS);
  }

  /** Makes none any more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #lookAfter(ms: number): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(ms, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { clock, leads, log } = this.#options;
    try {
      const isTime = clock.monotonic() >= this.#again;
      if (isTime && leads() && this.#isDue()) await this.#make();
    } catch (error) {
      if (this.#stopped) return;
      this.#trouble = `the daily backup was not made: ${messageOf(error)}`;
      this.#again = clock.monotonic() + RETRY_MS;
      log.error("Cannot make the daily backup", { error });
      const isDamage = error instanceof StorageError &&
        error.trouble === "damaged";
      if (isDamage) this.#options.onDamage(error);
    }
    this.#lookAfter(LOOK_MS);
  }

  /** One that seems to be of the future was made by a clock that was wrong. */
  #isDue(): boolean {
    const { backups, clock } = this.#options;
    const now = clock.now();
    const since = lastHour(now);
    return !backups.list().some(({ created_at }) => {
      const at = Date.parse(created_at);
      return at >= since && at <= now + DAY_MS;
    });
  }

  async #make(): Promise<void> {
    const { backups, log, freeBytes, sizeBytes } = this.#options;
    const free = await freeBytes();
    if (free !== undefined && free < 2 * sizeBytes() + RESERVE_BYTES) {
      throw new Error(`the disk is low: ${Math.floor(free / 1e6)} MB are free`);
    }
    const { path, size_bytes, duration_ms, verified } = await backups
      .create(true);
    log.info("Backed up", { path, size_bytes, duration_ms, verified });
    this.#trouble = verified
      ? undefined
      : `the audit trail in the backup ${path} is not whole: ` +
        "GET /v1/audit/verify says where";
    for (const old of this.#spare(path)) await Deno.remove(old);
  }

  /** Those of its own that go; the one made just now stays, whatever the clock was before. */
  #spare(made: string): string[] {
    const { backups } = this.#options;
    return [true, false].flatMap((verified) => {
      const own = backups.list()
        .filter((it) => it.isDaily && it.verified === verified)
        .map(({ path }) => path);
      const others = own.filter((it) => it !== made);
      const kept = verified ? KEPT : UNVERIFIED_KEPT;
      return others.slice(kept - (own.length - others.length));
    });
  }
}

/** Returns when it last was the hour of backups, where the machine is. */
function lastHour(now: number): number {
  const at = new Date(now);
  at.setHours(HOUR, 0, 0, 0);
  if (at.getTime() > now) at.setDate(at.getDate() - 1);
  return at.getTime();
}

interface DailyBackupOptions {
  readonly backups: Pick<BackupService, "list" | "create">;
  readonly leads: () => boolean;
  /** The room on the disk; undefined where the system does not tell. */
  readonly freeBytes: () => Promise<number | undefined>;
  readonly sizeBytes: () => number;
  /** Told when the database turns out to be damaged. */
  readonly onDamage: (error: StorageError) => void;
  readonly clock: Clock;
  readonly log: Logger;
}
