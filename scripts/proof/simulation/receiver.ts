import { sleep } from "../../../shared/wait.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { Profile } from "./profile.ts";
import type { Random } from "./random.ts";
import type { Lane } from "./timeline.ts";

/** Whose notifications are told at this address. */
export const RECEIVER = new URL("http://receiver.test/");

/** The owner's receiver of notifications, at the end of a bad network. */
export class Receiver {
  /** In the order in which they came, what came again too. */
  readonly received: ReceivedNotification[] = [];
  isHealed = false;
  readonly #lane: Lane;
  readonly #random: Random;
  readonly #profile: Pick<Profile, "lossPercent">;

  constructor(lane: Lane, { random, profile }: {
    readonly random: Random;
    readonly profile: Pick<Profile, "lossPercent">;
  }) {
    this.#lane = lane;
    this.#random = random;
    this.#profile = profile;
  }

  /** What a process sends with: both ways something may be lost. */
  fetchFor(clock: Clock): typeof fetch {
    return async (_url, { body, signal } = {}) => {
      const random = this.#random;
      const notification: ReceivedNotification = JSON.parse(String(body));
      const isArriving = !this.#isLost();
      const isTaken = this.isHealed || random.chance(0.9);
      const isAnswered = !this.#isLost();
      const ms = random.about(random.chance(0.1) ? 4000 : 30);
      // Also when the process that sent it is gone by then.
      this.#lane.after(ms, `receives ${notification.id}`, () => {
        if (isArriving && isTaken) this.received.push(notification);
      });
      const end = signal ?? undefined;
      await sleep(clock, isArriving && isAnswered ? 2 * ms : 60_000, end);
      end?.throwIfAborted();
      return new Response(null, { status: isTaken ? 200 : 503 });
    };
  }

  #isLost(): boolean {
    const isLost = this.#random.to(100) < this.#profile.lossPercent;
    return isLost && !this.isHealed;
  }
}

/** As a signed JSON document tells. */
export interface ReceivedNotification {
  readonly id: string;
  readonly event: string;
  readonly subject: string;
  readonly at: string;
}
