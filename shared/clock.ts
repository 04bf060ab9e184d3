/** A timer that has not fired yet. */
export interface Timer {
  /** Stops it; harmless when it has fired. */
  cancel(): void;
}

/** Time as a port: given to whatever waits or stamps, so that tests can move it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds of a clock that never jumps; only differences mean something. */
  monotonic(): number;
  /** Runs `action` once after `ms` milliseconds. */
  after(ms: number, action: () => void): Timer;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, action) {
    const id = setTimeout(action, ms);
    return { cancel: () => clearTimeout(id) };
  },
};

/** Returns `ms` as ISO 8601 UTC with milliseconds, the only form of time on the wire. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
