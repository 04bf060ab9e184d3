import type { Clock } from "../../shared/clock.ts";

/** Tells whether `promise`, which never rejects, settles within `ms` milliseconds. */
export function within(
  promise: Promise<unknown>,
  ms: number,
  clock: Clock,
): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.after(ms, () => resolve(false));
    promise.then(() => {
      timer.cancel();
      resolve(true);
    });
  });
}
