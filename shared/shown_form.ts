/** Milliseconds of the units in which people write times. */
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Shows how a value of the wrong type is written, where it tells what is meant. */
export function shownForm(
  { expected, path }: {
    readonly expected: string;
    readonly path: readonly PropertyKey[];
  },
  given: unknown,
): string | undefined {
  if (expected === "boolean" && (given === 1 || given === 0)) {
    return `${given === 1}, not ${given}`;
  }
  if (typeof given !== "string" || expected === "string") return undefined;
  if (/^(-?\d{1,16}|true|false)$/.test(given)) {
    return `${given}, not "${given}"`;
  }
  const [, count, unit = ""] = /^(\d{1,6}) ?(ms|s|m|h)$/.exec(given) ?? [];
  return count !== undefined && /ms$/i.test(String(path.at(-1)))
    ? `${Number(count) * (UNITS[unit] ?? 1)}, not "${given}"`
    : undefined;
}
