const FIRST_MS = 1000;
const LONGEST_MS = 300_000;

/** Returns how long to wait after the `failures`-th failure: 1 s, doubled, at most 5 min. */
export function backoffMs(failures: number): number {
  return Math.min(FIRST_MS * 2 ** Math.max(0, failures - 1), LONGEST_MS);
}
