import { systemClock } from "../clock.ts";
import type { Logger } from "../log.ts";
import { within } from "../wait.ts";
import type { Listening } from "./listen.ts";

/** Running requests get this long when the daemon is told to stop. */
const GRACE = { ms: 5000, clock: systemClock };
/** Requests whose work was ended get this long to be answered; so do listeners to close. */
const SETTLE = { ms: 1000, clock: systemClock };
/** After this a stop that hangs is cut short: launchd would kill at 20 s. */
export const STOP_LIMIT_MS = 15_000;

/**
 * Stops a daemon step by step. A step that fails is logged and the next one
 * taken; a stop that hangs is cut short. Never rejects.
 */
export async function stopDaemon(
  daemon: Stoppable,
  listening: Listening,
  log: Logger,
): Promise<"graceful" | "cut short"> {
  const limit = { ms: STOP_LIMIT_MS, clock: systemClock };
  const inTime = await within(steps(daemon, listening, log), limit);
  return inTime ? "graceful" : "cut short";
}

/** What can be stopped in an orderly way. */
export interface Stoppable {
  /** Stops starting anything new; refuses new requests, ends streams with a reason. */
  quiesce(): void;
  /** Ends what still runs after the grace period. */
  stopWork(): Promise<void>;
  /** Releases the lease, closes the database and every file. */
  close(): Promise<void>;
}

async function steps(
  daemon: Stoppable,
  listening: Listening,
  log: Logger,
): Promise<void> {
  const step = async (name: string, work: () => unknown) => {
    try {
      await work();
    } catch (error) {
      log.error("A step of stopping failed", { step: name, error });
    }
  };
  // Whoever asks meanwhile is told so: /readyz says 503, the rest refuses.
  await step("quiesce", () => daemon.quiesce());
  await within(listening.drained(), GRACE);
  await step("stop work", () => daemon.stopWork());
  await within(listening.drained(), SETTLE);
  await step("close", () => within(listening.close(), SETTLE));
  // Who still holds a connection then is cut by the exit.
  await step("release", () => daemon.close());
}
