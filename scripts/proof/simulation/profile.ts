import type { Random } from "./random.ts";

/** What a world is like: some are calm but for crashes, none has all of it. */
export interface Profile {
  readonly leaseMs: number;
  readonly width: number;
  /** Whether both conductors call themselves the same. */
  readonly isOneNode: boolean;
  /** Whether each can tell that the other's process has ended. */
  readonly hasLocks: boolean;
  readonly isEnforced: boolean;
  /** What goes wrong at a point where something does, and how seldom that is. */
  readonly faults: readonly Fault[];
  readonly faultEvery: number;
  /** How far the wall clocks of the two are from the true time at first. */
  readonly skews: readonly [number, number];
  /** How far, and when, one of them is set. */
  readonly jumps: readonly Happening[];
  /** When, and how long, a process is stopped; killed at once; told to end. */
  readonly freezes: readonly Happening[];
  readonly kills: readonly Happening[];
  readonly stops: readonly Happening[];
  /** How many of a hundred answers never arrive. */
  readonly lossPercent: number;
  /** The true time at the beginning, in milliseconds since the epoch. */
  readonly start: number;
  readonly ms: number;
  readonly tasks: number;
  readonly schedules: number;
  readonly modes: number;
}

/** Something that happens once, to one of the two; `by` in milliseconds. */
export interface Happening {
  readonly at: number;
  readonly by: number;
}

export type Fault = "crash" | "stall" | "busy" | "full" | "broken";

/** Whether nothing but crashes and stops happens, and the clocks are right. */
export function isCalm({ faults, skews, jumps, freezes }: Profile): boolean {
  return faults.every((it) => it === "crash") && isTrue({ skews, jumps }) &&
    freezes.length === 0;
}

/** Whether the wall clocks agree, and go on as time does. */
export function isTrue(
  { skews: [a, b], jumps }: Pick<Profile, "skews" | "jumps">,
): boolean {
  return a === b && jumps.length === 0;
}

const HOUR_MS = 3_600_000;
/** The clocks of Berlin, of New York and of Lord Howe are put forward or back. */
const CHANGES = [
  "2026-03-29T01:00:00Z",
  "2026-10-25T01:00:00Z",
  "2026-03-08T07:00:00Z",
  "2026-11-01T06:00:00Z",
  "2026-04-04T15:00:00Z",
].map((it) => Date.parse(it));

export function profileOf(random: Random): Profile {
  const ms = random.between(30_000, 110_000);
  const some = (probability: number, most: number, by: () => number) =>
    random.chance(probability)
      ? Array.from(
        { length: random.between(1, most) },
        () => ({ at: random.to(ms), by: by() }),
      )
      : [];
  const leaseMs = random.pick([5_000, 15_000, 15_000]);
  const isCalm = random.chance(0.2);
  const wild = <T>(some: T, none: T) => isCalm ? none : some;
  const far = random.pick([200, leaseMs, 600_000]);
  const skew = () => random.between(-far, far);
  const either = () => random.chance(0.5) ? 1 : -1;
  const faults = (["crash", "stall", "busy", "full", "broken"] as const)
    .filter(() => random.chance(0.5));
  return {
    leaseMs,
    width: random.between(1, 3),
    isOneNode: random.chance(0.5),
    hasLocks: random.chance(0.5),
    isEnforced: random.chance(0.5),
    faults: wild(faults, ["crash"]),
    faultEvery: wild(faults.length, 1) === 0
      ? Infinity
      : random.pick([100, 400, 1500]),
    skews: random.chance(0.5) ? wild([skew(), skew()], [0, 0]) : [0, 0],
    jumps: wild(
      some(0.4, 3, () => either() * random.about(random.pick([2000, HOUR_MS]))),
      [],
    ),
    freezes: wild(some(0.4, 3, () => random.about(15_000)), []),
    kills: some(0.5, 2, () => 0),
    stops: some(0.3, 2, () => 0),
    lossPercent: random.pick([0, 0, 10, 30]),
    start: random.chance(0.3)
      ? random.pick(CHANGES) - random.to(120_000)
      : Date.parse("2026-05-01T00:00:00Z") + random.to(1e9),
    ms,
    tasks: random.between(1, 7),
    schedules: random.to(3),
    modes: random.chance(0.5) ? 0 : random.between(1, 4),
  };
}
