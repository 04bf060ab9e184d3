import { DueTimes } from "../../../conductor/automation/due_times.ts";
import { LeaseStore } from "../../../conductor/store/lease_store.ts";
import type { ScheduleRow, Stores } from "../../../conductor/store/mod.ts";
import { NotificationStore } from "../../../conductor/store/notification_store.ts";
import { ScheduleStore } from "../../../conductor/store/schedule_store.ts";
import { Redactor } from "../../../shared/redact.ts";
import type { Plant } from "./conductor_process.ts";

/**
 * Bugs that the simulation must find, planted through the stores that the
 * product is given: what has one is its own class but for one method.
 */
export const PLANTED_BUGS: Readonly<Record<string, Plant>> = {
  /** Whoever has ever led writes on, whatever the lease says by now. */
  "a fence left out": (stores, { db }): Stores => {
    class Unfenced extends LeaseStore {
      override holds(): boolean {
        return true;
      }
    }
    return { ...stores, leases: new Unfenced(db) };
  },
  /** What is to be told is forgotten when it is sent, not when it was taken. */
  "an outbox row deleted early": (stores, { db }) => {
    class Forgetful extends NotificationStore {
      override attempt(seq: number): void {
        db.run("DELETE FROM notifications WHERE seq = ?", seq);
      }
    }
    return { ...stores, notifications: new Forgetful(db) };
  },
  /** The newest due time before now is decided, not the next after the last. */
  "a due time computed from the wall clock": (stores, { db }) => {
    class FromNow extends ScheduleStore {
      override due(now: number, limit: number): ScheduleRow[] {
        return super.due(now, limit).map((row) => {
          const times = new DueTimes(row.cron, row.timezone);
          const newest = times.next(now - 60_000) ?? Infinity;
          return newest <= now ? { ...row, next_at: newest } : row;
        });
      }
    }
    return { ...stores, schedules: new FromNow(db, new Redactor()) };
  },
};
