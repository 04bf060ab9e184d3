import type { Clock } from "../../shared/clock.ts";
import type { NewId } from "../../shared/ids.ts";
import type { Logger } from "../../shared/log.ts";
import { backoffMs } from "../../shared/wait.ts";
import type { AppendedEvent, NotificationRow, Stores } from "../store/mod.ts";
import { ANSWER_MS } from "./deliver.ts";
import { type Known, newsOf } from "./news.ts";

/** Each of them is tried for a day, and not only while the machine slept. */
const GIVE_UP_MS = 86_400_000;
const LEAST_ATTEMPTS = 12;
const PAUSES = { firstMs: 5000, longestMs: 3_600_000 };

/**
 * The rules of the outbox: what goes into it, when it is tried, and when it is
 * given up. Each change is a part of a transaction that the caller holds.
 */
export class Outbox {
  readonly #options: OutboxOptions;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Adds what is to be told of an event. Returns whether that is something. */
  take(event: AppendedEvent, at: number): boolean {
    const { notifications, on, sending, withDetails, newId } = this.#options;
    const news = newsOf(event, this.#options);
    if (news === undefined || !on.includes(news.event)) return false;
    notifications.insert({
      notification_id: newId("notification"),
      event: news.event,
      subject: news.subject,
      at,
      details: withDetails ? JSON.stringify(news.details()) : null,
    }, sending);
    return true;
  }

  /** Adds one that tells of nothing. */
  addTest(notificationId: string): void {
    const { notifications, sending, clock } = this.#options;
    notifications.insert({
      notification_id: notificationId,
      event: "notify.test",
      subject: notificationId,
      at: clock.now(),
      details: null,
    }, sending);
  }

  /** In how many milliseconds one is due, 0 or less: now; undefined: none waits. */
  dueIn(): number | undefined {
    const { notifications, clock } = this.#options;
    const next = notifications.nextAt();
    if (next === undefined) return undefined;
    return next - clock.now();
  }

  /** Brings all attempts forward by as much as the clock was set back. */
  hasten(ms: number): void {
    this.#options.notifications.hasten(ms);
  }

  /**
   * Returns those to be sent now. Until the end of an attempt is settled it counts
   * as one that failed: whoever dies meanwhile has it made again, not at once.
   */
  claim({ room, isFresh }: {
    readonly room: number;
    /** Whether all that waits is to be tried anew. */
    readonly isFresh: boolean;
  }): readonly NotificationRow[] {
    const { notifications, sending, clock } = this.#options;
    const now = clock.now();
    if (isFresh) notifications.makeDue(now);
    const rows = notifications.due(now, sending.size + room)
      .filter(({ seq }) => !sending.has(seq)).slice(0, room);
    for (const { seq, attempts } of rows) {
      const pause = ANSWER_MS + backoffMs(attempts + 1, PAUSES);
      notifications.attempt(seq, now + pause);
    }
    return rows;
  }

  /** Notes how an attempt ended: `reason` is why it failed. */
  settle(
    row: NotificationRow,
    { reason, isBack }: {
      readonly reason: string | undefined;
      /** Whether the receiver was away until now. */
      readonly isBack: boolean;
    },
  ): void {
    const { notifications, clock, log } = this.#options;
    const { seq, notification_id, event, at } = row;
    const now = clock.now();
    const attempts = row.attempts + 1;
    if (reason === undefined) {
      notifications.remove(row, now);
      if (isBack) notifications.makeDue(now);
    } else if (now - at < GIVE_UP_MS || attempts < LEAST_ATTEMPTS) {
      const nextAt = now + backoffMs(attempts, PAUSES);
      notifications.postpone(seq, { nextAt, error: reason });
    } else {
      notifications.giveUp(row, reason, now);
      const facts = { notification_id, event, attempts, reason };
      log.error("A notification is given up", facts);
    }
  }
}

export interface OutboxOptions extends Pick<Stores, "notifications">, Known {
  /** What is told. */
  readonly on: readonly string[];
  /** What is being sent just now, by its place. */
  readonly sending: ReadonlyMap<number, unknown>;
  /** Whether more than ids is said. */
  readonly withDetails: boolean;
  readonly newId: NewId;
  readonly clock: Clock;
  readonly log: Logger;
}
