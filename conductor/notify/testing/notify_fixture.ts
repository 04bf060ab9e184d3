import { InFlight } from "../../../shared/wait.ts";
import { until } from "../../../shared/testing/until.ts";
import {
  automationAt,
  type Fixture,
  type FixtureOptions,
} from "../../testing/automation_fixture.ts";
import type { Known } from "../news.ts";
import { Notifier } from "../notifier.ts";
import type { MessageOptions } from "../render_message.ts";

export const ALL = [
  "approval.requested",
  "task.failed",
  "schedule.missed",
  "daemon.crashed",
];

/** Options of {@linkcode notifying}. */
export interface NotifyOptions
  extends
    FixtureOptions,
    Partial<Pick<MessageOptions, "format" | "withDetails" | "secret">> {
  readonly url: URL;
  readonly asked?: Known["asked"];
  readonly on?: readonly string[];
}

/** Automation on a fake clock, and what tells its owner of it. */
export interface NotifyFixture extends Fixture, AsyncDisposable {
  readonly notifier: Notifier;
  /** Lets pass `ms`, and waits for what is being sent. */
  pass(ms: number): Promise<void>;
  /** Waits until nothing is due and nothing is sent. */
  quiet(): Promise<void>;
  /** Tells of something, as a schedule that missed a due time does. */
  tell(subject: string): void;
}

/** Returns automation that notifies, started. */
export async function notifying(
  options: NotifyOptions,
): Promise<NotifyFixture> {
  // A day passes quickly when the lease is not renewed all the time.
  const it = automationAt({ leaseMs: 3_600_000, ...options });
  const { store, clock, log } = it;
  const fetches = new InFlight();
  const notifier = new Notifier({
    db: store.db,
    ...store.stores,
    leadership: it.leadership,
    url: options.url,
    asked: options.asked ?? (() => undefined),
    on: options.on ?? ALL,
    message: {
      base: new URL("http://mini.test:4317"),
      node: "mini-main",
      format: options.format ?? "json",
      withDetails: options.withDetails ?? false,
      secret: options.secret,
      clock,
    },
    fetch: (input, init) => fetches.track(fetch(input, init)),
    newId: options.newId ?? ((prefix) => `${prefix}_${++ids}`),
    clock,
    log,
  });
  it.start();
  const isQuiet = async () => {
    await it.settle();
    const now = clock.now();
    return fetches.isIdle &&
      store.stores.notifications.due(now, 1).length === 0;
  };
  const quiet = () => until(isQuiet, Boolean, { everyMs: 1 }).then(() => {});
  await quiet();
  return {
    ...it,
    notifier,
    quiet,
    async pass(ms) {
      await clock.advance(ms);
      await quiet();
    },
    tell(subject) {
      it.leadership.write(() =>
        store.stores.events.append("schedule.missed", {
          schedule: subject,
          from: new Date(clock.now()).toISOString(),
          to: new Date(clock.now()).toISOString(),
          count: 1,
          reason: "late",
          task_id: null,
        }, clock.now())
      );
    },
    async [Symbol.asyncDispose]() {
      await notifier.stop();
      it[Symbol.dispose]();
    },
  };
}

/** Ids of several processes on one database differ. */
let ids = 0;
