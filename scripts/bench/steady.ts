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
): Promise<readonly SteadyRow[]> {
  const runs: (readonly BenchRow[])[] = [];
  let rows: SteadyRow[] = [];
  do {
    const run = await bench();
    if (run.length === 0) return [];
    runs.push(run);
    rows = run.map((_, at) => middleOf(runs.flatMap((it) => it[at] ?? [])));
  } while (
    runs.length < 2 ||
    (runs.length < MOST_RUNS && rows.some((it) => it.spread > MOST_SPREAD))
  );
  return rows;
}

/** A row with how far its figures lay apart. */
export interface SteadyRow extends BenchRow {
  /** Half of the figures lie within this share of the middle one. */
  readonly spread: number;
}

/** Returns a line of the table; what makes its figures doubtful stands in it. */
export function showRow(row: SteadyRow, { isShared }: MachineLoad): string {
  const { name, ours, floor, target, spread } = row;
  const ratio = spread > MOST_SPREAD
    ? `${row.ratio} ± ${(100 * spread).toFixed(0)} %`
    : row.ratio;
  const met = (row.met ? "yes" : "**no**") +
    (isShared ? ", while others ran" : "");
  return `| ${[name, ours, floor, ratio, target, met].join(" | ")} |`;
}

function middleOf(rows: readonly BenchRow[]): SteadyRow {
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

/** What the machine did while the bench did nothing. */
export interface MachineLoad {
  /** The load of the last minute, and the cores that others took. */
  readonly text: string;
  /** Whether others took so much that figures tell of them too. */
  readonly isShared: boolean;
}

/** Looks at the machine for a second. */
export async function machineLoad(): Promise<MachineLoad> {
  const idle = await idleSeconds();
  const since = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const seconds = (performance.now() - since) / 1000;
  const busy = navigator.hardwareConcurrency -
    (await idleSeconds() - idle) / seconds;
  const load = (Deno.loadavg()[0] ?? NaN).toFixed(1);
  const isShared = busy > 0.2;
  const text = isShared ? `${load}, ${busy.toFixed(1)} cores taken` : load;
  return { text, isShared };
}

/** Idle time of all cores together since the start of the machine; NaN where /proc does not tell. */
async function idleSeconds(): Promise<number> {
  const text = await Deno.readTextFile("/proc/uptime").catch(() => "");
  return parseFloat(text.split(" ")[1] ?? "");
}
