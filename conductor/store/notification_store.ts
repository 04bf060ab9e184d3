import type { Database } from "./database.ts";

/** The owner is told of so many at most; beyond, the oldest are given up. */
const MAX_WAITING = 10_000;
/** The newest of those that were given up are kept. */
const MAX_FAILED = 1000;

const WAITING = "notifications INDEXED BY notifications_by_subject " +
  "WHERE failed_at IS NULL";
const FAILED = "notifications INDEXED BY notifications_failed " +
  "WHERE failed_at IS NOT NULL";

/**
 * The outbox: what is to be told, in order per subject. Only the first one of a
 * subject has a time when it is due. Every change is a part of its caller's
 * transaction.
 */
export class NotificationStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Adds one. Too many: the oldest is given up of those that are not `sending`,
   * since the next one of its subject would overtake it.
   */
  insert(row: NewNotification, sending: ReadonlyMap<number, unknown>): void {
    const first = this.#firstOf(row.subject);
    const next_at = first === undefined ? row.at : null;
    this.#db.insert("notifications", { ...row, next_at });
    if (this.counts().waiting <= MAX_WAITING) return;
    const oldest = this.#db.all<NotificationRow>(
      `SELECT * FROM notifications INDEXED BY notifications_waiting
       WHERE failed_at IS NULL ORDER BY seq LIMIT ?`,
      sending.size + 1,
    ).find(({ seq }) => !sending.has(seq));
    const reason = `more than ${MAX_WAITING} waited`;
    if (oldest !== undefined) this.giveUp(oldest, reason, row.at);
  }

  /** Those that are due at `now`, the most overdue first. */
  due(now: number, limit: number): readonly NotificationRow[] {
    return this.#db.all<NotificationRow>(
      `SELECT * FROM notifications INDEXED BY notifications_by_next
       WHERE next_at <= ? ORDER BY next_at, seq LIMIT ?`,
      now,
      limit,
    );
  }

  /** When the next one is due; undefined: none waits. */
  nextAt(): number | undefined {
    return this.#db.get<{ at: number | null }>(
      `SELECT min(next_at) AS at FROM notifications
       INDEXED BY notifications_by_next WHERE next_at IS NOT NULL`,
    )?.at ?? undefined;
  }

  /** Counts an attempt; unless its end is noted, the next one is at `nextAt`. */
  attempt(seq: number, nextAt: number): void {
    this.#db.run(
      `UPDATE notifications SET attempts = attempts + 1, next_at = ?2
       WHERE seq = ?1`,
      seq,
      nextAt,
    );
  }

  postpone(
    seq: number,
    { nextAt, error }: { readonly nextAt: number; readonly error: string },
  ): void {
    this.#db.run(
      `UPDATE notifications SET next_at = ?2, error = ?3
       WHERE seq = ?1 AND failed_at IS NULL`,
      seq,
      nextAt,
      error,
    );
  }

  /** Removes one that was delivered; the next one of its subject is due. */
  remove({ seq, subject }: NotificationRow, now: number): void {
    this.#db.run("DELETE FROM notifications WHERE seq = ?", seq);
    this.#advance(subject, now);
  }

  /** Keeps one as failed; the next one of its subject is due. */
  giveUp(
    { seq, subject }: NotificationRow,
    error: string,
    now: number,
  ): void {
    this.#db.run(
      `UPDATE notifications SET failed_at = ?2, error = ?3, next_at = NULL
       WHERE seq = ?1`,
      seq,
      now,
      error,
    );
    this.#advance(subject, now);
    this.#db.run(
      `DELETE FROM notifications WHERE seq IN (
         SELECT seq FROM ${FAILED} ORDER BY seq LIMIT ?)`,
      Math.max(0, this.counts().failed - MAX_FAILED),
    );
  }

  /** Makes everything due that waits for another attempt. */
  makeDue(now: number): void {
    this.#db.run(
      `UPDATE notifications INDEXED BY notifications_by_next
       SET next_at = ?1 WHERE next_at > ?1`,
      now,
    );
  }

  /** Brings attempts forward by as much as the clock was set back. */
  hasten(ms: number): void {
    this.#db.run(
      `UPDATE notifications INDEXED BY notifications_by_next
       SET next_at = next_at - ? WHERE next_at IS NOT NULL`,
      ms,
    );
  }

  counts(): NotificationCounts {
    const [failed, waiting] = this.#db.all<{ readonly value: number }>(
      `SELECT value FROM counters WHERE name IN
         ('notifications.failed', 'notifications.waiting') ORDER BY name`,
    );
    return { waiting: waiting?.value ?? 0, failed: failed?.value ?? 0 };
  }

  /** Removes those that were given up before `before`. Returns how many. */
  trim(before: number): number {
    return this.#db.run(
      "DELETE FROM notifications WHERE failed_at < ?",
      before,
    );
  }

  #advance(subject: string, now: number): void {
    const first = this.#firstOf(subject);
    if (first === undefined || first.next_at !== null) return;
    this.#db.run(
      "UPDATE notifications SET next_at = ? WHERE seq = ?",
      now,
      first.seq,
    );
  }

  #firstOf(subject: string): NotificationRow | undefined {
    return this.#db.get<NotificationRow>(
      `SELECT * FROM ${WAITING} AND subject = ? ORDER BY seq LIMIT 1`,
      subject,
    );
  }
}

/** One that is to be told. */
type NewNotification = {
  readonly notification_id: string;
  readonly event: string;
  /** What it is about: an id, or a name. */
  readonly subject: string;
  readonly at: number;
  /** JSON; null unless details were asked for. */
  readonly details: string | null;
};

export type NotificationRow = NewNotification & {
  readonly seq: number;
  readonly attempts: number;
  readonly next_at: number | null;
  readonly failed_at: number | null;
};

/** How many wait to be told, and how many could not be. */
export type NotificationCounts = {
  readonly waiting: number;
  readonly failed: number;
};
