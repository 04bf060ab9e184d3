import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import { sleep } from "../wait.ts";
import type { Descriptors } from "./descriptors.ts";

/**
 * Has listeners listen anew before the descriptors run out, until `signal`
 * aborts: connections that ask for nothing keep theirs as long as they like.
 */
export async function watchDescriptors(
  listeners: readonly Turnable[],
  { descriptors, clock, log, signal, relieve }: WatchPorts,
): Promise<void> {
  let last = -Infinity;
  while (!signal.aborted) {
    await sleep(clock, LOOK_MS, signal);
    const { inUse, limit } = descriptors;
    if (inUse === undefined || limit === undefined) continue;
    if (inUse < limit * FULL) continue;
    relieve();
    const isIdle = listeners.every((it) => it.isIdle);
    if (!isIdle && clock.monotonic() - last < LEAST_MS) continue;
    last = clock.monotonic();
    log.warn("Too many connections are open; listening anew", {
      descriptors: inUse,
      limit,
    });
    await Promise.all(listeners.map((it) => it.turnOver()));
  }
}

const LOOK_MS = 1000;
/** The part of the limit from which on connections are ended. */
const FULL = 0.8;
/** Running requests outlive it, but sockets do not: so not again before this. */
const LEAST_MS = 2000;

/** The part of a listener that is watched. */
interface Turnable {
  readonly isIdle: boolean;
  turnOver(): Promise<void>;
}

interface WatchPorts {
  readonly descriptors: Pick<Descriptors, "inUse" | "limit">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Refuses requests that keep descriptors and do not go on. */
  readonly relieve: () => void;
}
