import type { Clock } from "../../shared/clock.ts";

/** A moment by both clocks: one may be set, the other may stand still while the machine sleeps. */
export interface Moment {
  readonly wall: number;
  readonly steady: number;
}

export function momentOf(clock: Clock): Moment {
  return { wall: clock.now(), steady: clock.monotonic() };
}

/** Tells whether so many milliseconds have passed by either clock. */
export function hasPassed(
  ms: number,
  { since, clock }: { readonly since: Moment; readonly clock: Clock },
): boolean {
  return clock.now() - since.wall >= ms ||
    clock.monotonic() - since.steady >= ms;
}
