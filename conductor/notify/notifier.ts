import { z } from "zod";
import type { Timer } from "../../shared/clock.ts";
import { SetBack } from "../../shared/set_back.ts";
import { within } from "../../shared/wait.ts";
import type { Automation } from "../automation/mod.ts";
import type {
  Database,
  NotificationCounts,
  NotificationRow,
  Stores,
} from "../store/mod.ts";
import { ANSWER_MS, deliver, type DeliverOptions } from "./deliver.ts";
import { type MessageOptions, renderMessage } from "./render_message.ts";
import { Outbox, type OutboxOptions } from "./outbox.ts";

/** How many are sent at once. */
const MAX_SENDING = 4;
/** So many failures in a row are the receiver's, not the notifications'. */
const AWAY_FAILURES = 3;
/** A clock is set, and a machine sleeps: no wait is longer than this. */
const LONGEST_SLEEP_MS = 60_000;
/** When the database did not answer. */
const RETRY_MS = 5000;
/** How long the answer of a test is held. */
const TEST_MS = ANSWER_MS + 2000;

/**
 * Tells the owner what has happened, at least once: what is to be told is
 * written with the event that it tells of, and stays until the receiver took it.
 * Those of one subject go in order; one that waits for its next attempt holds
 * back no other subject. Only the leader writes and sends, and an attempt is
 * written down before it is made.
 */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #outbox: Outbox;
  readonly #sending = new Map<number, Promise<void>>();
  /** Who waits for the first attempt at a test. */
  readonly #tests = new Map<string, (reason: string | undefined) => void>();
  /** Ends what is being sent when this process leads no more. */
  #term: AbortController | undefined;
  readonly #setBack: SetBack;
  /** Whether everything is to be tried anew. */
  #isFresh = false;
  #hasNews = false;
  #failures = 0;
  #reason = "";
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#setBack = new SetBack(options.clock);
    const { withDetails } = options.message;
    const sending = this.#sending;
    this.#outbox = new Outbox({ ...options, sending, withDetails });
    const { db, events, leadership } = options;
    events.listen((event, at) => {
      if (this.#outbox.take(event, at)) this.#hasNews = true;
    });
    db.listen({
      committed: () => {
        if (!this.#hasNews) return;
        this.#hasNews = false;
        this.#sleep(0);
      },
    });
    leadership.listen({
      gained: () => {
        this.#term = new AbortController();
        this.#isFresh = true;
        this.#setBack.reset();
        this.#sleep(0);
      },
      lost: () => this.#leave(),
    });
  }

  /** Why nothing arrives, or undefined. */
  get trouble(): string | undefined {
    return this.#failures < AWAY_FAILURES
      ? undefined
      : `notifications do not arrive: ${this.#reason}`;
  }

  counts(): NotificationCounts {
    return this.#options.notifications.counts();
  }

  /**
   * Sends a notification that says nothing, and waits a little for its first
   * attempt.
   * @throws {AppError} `NOT_LEADER`
   */
  async test(signal: AbortSignal): Promise<TestOutcome> {
    const { leadership, newId, clock } = this.#options;
    const notification_id = newId("notification");
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#tests.set(notification_id, resolve);
    try {
      leadership.write(() => this.#outbox.addTest(notification_id));
      this.#sleep(0);
      const isTried = await within(promise, { ms: TEST_MS, clock, signal });
      const reason = isTried ? await promise : "it still waits for its turn";
      return {
        notification_id,
        delivered: reason === undefined,
        reason: reason ?? null,
      };
    } finally {
      this.#tests.delete(notification_id);
    }
  }

  /** Sends nothing any more, and ends what is being sent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#leave();
    await Promise.all(this.#sending.values());
  }

  #leave(): void {
    this.#timer?.cancel();
    this.#term?.abort();
    this.#term = undefined;
  }

  #sleep(ms: number): void {
    this.#timer?.cancel();
    if (this.#stopped) return;
    const sleep = Math.min(Math.max(0, ms), LONGEST_SLEEP_MS);
    this.#timer = this.#options.clock.after(sleep, () => this.#look());
  }

  /** Sends what is due, and sleeps until the next one is; with none, for ever. */
  #look(): void {
    const { leadership, log } = this.#options;
    const term = this.#term;
    const room = MAX_SENDING - this.#sending.size;
    // Whatever is sent wakes it at its end.
    if (term === undefined || room <= 0) return;
    try {
      // It lengthens no pause before another attempt.
      this.#setBack.notice((ms) =>
        leadership.write(() => this.#outbox.hasten(ms))
      );
      const dueIn = this.#outbox.dueIn();
      if (dueIn === undefined) return;
      if (dueIn > 0 && !this.#isFresh) return this.#sleep(dueIn);
      const rows = leadership.write(() =>
        this.#outbox.claim({ room, isFresh: this.#isFresh })
      );
      this.#isFresh = false;
      for (const row of rows) {
        const sent = this.#send(row, term.signal).finally(() => {
          this.#sending.delete(row.seq);
          this.#sleep(0);
        });
        this.#sending.set(row.seq, sent);
      }
      if (rows.length === 0) this.#sleep(RETRY_MS);
      else if (rows.length < room) this.#sleep(this.#outbox.dueIn() ?? 0);
    } catch (error) {
      log.warn("Cannot send notifications now", { error });
      this.#sleep(RETRY_MS);
    }
  }

  async #send(row: NotificationRow, signal: AbortSignal): Promise<void> {
    const { leadership, url, message, log } = this.#options;
    const { notification_id, event } = row;
    try {
      const sent = renderMessage(row, message);
      const reason = await deliver(url, sent, {
        ...this.#options,
        signal,
      });
      // Whoever leads then tries again.
      if (signal.aborted) return;
      const wasAway = this.#failures >= AWAY_FAILURES;
      this.#note(reason);
      await leadership.share(() =>
        this.#outbox.settle(row, {
          reason,
          isBack: wasAway && reason === undefined,
        })
      );
      this.#tests.get(notification_id)?.(reason);
    } catch (error) {
      log.warn("Cannot note how a notification went", {
        notification_id,
        event,
        error,
      });
    }
  }

  #note(reason: string | undefined): void {
    const { url, log } = this.#options;
    const receiver = url.origin;
    if (reason === undefined) {
      if (this.#failures > 0) log.info("Notifications arrive", { receiver });
      this.#failures = 0;
    } else {
      this.#reason = reason;
      if (++this.#failures === 1) {
        log.warn("A notification did not arrive", { receiver, reason });
      }
    }
  }
}

/** How a test went. */
export const TestOutcome = z.strictObject({
  notification_id: z.string(),
  /** False: it is tried again, as the others are. */
  delivered: z.boolean(),
  /** Why it was not delivered yet. */
  reason: z.string().nullable(),
});
export type TestOutcome = z.infer<typeof TestOutcome>;

interface NotifierOptions
  extends
    Pick<Stores, "events">,
    Omit<OutboxOptions, "sending" | "withDetails">,
    Omit<DeliverOptions, "signal" | "clock"> {
  readonly db: Pick<Database, "listen">;
  readonly leadership: Pick<
    Automation["leadership"],
    "listen" | "write" | "share"
  >;
  readonly url: URL;
  readonly message: MessageOptions;
}
