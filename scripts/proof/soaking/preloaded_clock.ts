/** Returns the flag of `deno run` that gives a program a faster clock, which begins at `from`. */
export function preloadedClock({ speed, from }: FastTime): string {
  const url = new URL("fast_clock.ts", import.meta.url);
  url.search = new URLSearchParams({
    speed: String(speed),
    since: String(Date.now()),
    from: String(from),
  }).toString();
  return `--preload=${url}`;
}

/** How time passes for the daemons of a soak. */
export interface FastTime {
  /** How many times faster than the machine's. */
  readonly speed: number;
  /** What the clock shows now, in milliseconds since the epoch. */
  readonly from: number;
}
