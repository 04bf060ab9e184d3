import { type Bench, type BenchRow, quantile } from "./harness.ts";

const MOST_RUNS = 5;
/** Rows whose figures lie further apart than this are measured again. */
const MOST_SPREAD = 1 / 3;

/**
 * Runs a group twice, and again while any of its rows varies by more than a
 * third; returns the middle one of each row's figures. Empty when its peer is absent.
 */
export async function measureSteadily(
  bench: Bench,
  load: () => Promise<string>,
): Promise<readonly SteadyRow[]> {
  const before = await load();
  const runs: (readonly BenchRow[])[] = [];
  let rows: SteadyRow[] = [];
  do {
    const run = await bench();
    if (run.length === 0) return [];
    runs.push(run);
    rows = run.map((_, at) => middleOf(runs.flatMap((it) => it[at] ?? [])))
      .map((row) => ({ ...row, load: before }));
  } while (
    runs.length < 2 ||
    (runs.length < MOST_RUNS && rows.some((it) => it.spread > MOST_SPREAD))
  );
  return rows;
}

/** A row with how far its figures lay apart, and what the machine did before. */
export interface SteadyRow extends BenchRow {
  /** Half of the figures lie within this share of the middle one. */
  readonly spread: number;
  readonly load: string;
}

function middleOf(rows: readonly BenchRow[]): Omit<SteadyRow, "load"> {
  const figures = rows.map(figureOf);
  const middle = quantile(figures, 0.5);
  const near = figures.map((it) => Math.abs(it - middle)).sort((a, b) => a - b);
  const row = rows[figures.indexOf(middle)] ?? rows[0];
  if (row === undefined) throw new Error("Cannot choose a row: there is none");
  // The nearest is the middle itself: of two figures the other one counts.
  const spread = (near[Math.floor(near.length / 2)] ?? 0) / Math.abs(middle);
  return { ...row, spread: Number.isFinite(spread) ? spread : 0 };
}

/** What of a row must not vary: its ratio, or where it has none, our own figure. */
function figureOf({ ratio, ours }: BenchRow): number {
  return ratio.endsWith("×") ? parseFloat(ratio) : parseFloat(ours);
}

/** The load of the last minute, and whether others run while the bench does nothing. */
export async function machineLoad(): Promise<string> {
  const idle = await idleSeconds();
  const since = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const seconds = (performance.now() - since) / 1000;
  const busy = navigator.hardwareConcurrency -
    (await idleSeconds() - idle) / seconds;
  const load = (Deno.loadavg()[0] ?? NaN).toFixed(1);
  return busy > 0.2 ? `${load}, ${busy.toFixed(1)} cores taken` : load;
}

/** Idle time of all cores together since the start of the machine; NaN where /proc does not tell. */
async function idleSeconds(): Promise<number> {
  const text = await Deno.readTextFile("/proc/uptime").catch(() => "");
  return parseFloat(text.split(" ")[1] ?? "");
}
