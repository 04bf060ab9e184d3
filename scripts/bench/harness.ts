/** One row of the table: what was measured, beside its floor or peer. */
export interface BenchRow {
  readonly name: string;
  readonly ours: string;
  readonly floor: string;
  /** Ours against the floor, in the sense that `target` speaks of. */
  readonly ratio: string;
  readonly target: string;
  readonly met: boolean;
}

/** A group of rows that is measured together; empty when its peer is absent. */
export type Bench = () => Promise<readonly BenchRow[]>;

/** A row about how many times its floor ours is. */
export function ratioRow(
  { name, ours, floor, show, ...limit }: {
    readonly name: string;
    readonly ours: number;
    /** The figure and what it is of. */
    readonly floor: readonly [number, string];
    readonly show: (value: number) => string;
    readonly most?: number;
    readonly least?: number;
    /** What ours may be above `most` times the floor, in milliseconds. */
    readonly plusMs?: number;
  },
): BenchRow {
  const [figure, what] = floor;
  const { most = Infinity, least = 0, plusMs = 0 } = limit;
  const plus = plusMs > 0 ? ` + ${plusMs} ms` : "";
  return {
    name,
    ours: show(ours),
    floor: `${show(figure)} ${what}`,
    ratio: `${(ours / figure).toFixed(2)} ×`,
    target: most < Infinity
      ? `≤ ${most.toFixed(2)} ×${plus}`
      : `≥ ${least.toFixed(2)} ×`,
    met: ours <= most * figure + plusMs && ours >= least * figure,
  };
}

/** A row about resident memory that must not grow by more than `mostMiB`. */
export function memoryRow(
  { name, before, after, mostMiB }: {
    readonly name: string;
    /** The figure and when it was taken. */
    readonly before: readonly [number, string];
    readonly after: number;
    readonly mostMiB: number;
  },
): BenchRow {
  const grown = after - before[0];
  return {
    name: `${name}, MiB`,
    ours: after.toFixed(0),
    floor: `${before[0].toFixed(0)} ${before[1]}`,
    ratio: `${grown < 0 ? "−" : "+"} ${Math.abs(grown).toFixed(0)}`,
    target: `≤ + ${mostMiB}`,
    met: grown <= mostMiB,
  };
}

/** Returns the middle one of each action's measurements. */
export function middles<K extends string>(
  measured: Readonly<Record<K, readonly number[]>>,
): Record<K, number> {
  const names = Object.keys(measured) as K[];
  return Object.fromEntries(
    names.map((it) => [it, quantile(measured[it], 0.5)]),
  ) as Record<K, number>;
}

/** Returns the value at `share` (0 to 1) of some measurements. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = Math.min(sorted.length - 1, Math.floor(sorted.length * share));
  return sorted[at] ?? NaN;
}

/** Takes a figure from each action in turn, `rounds` times. */
export async function inTurn<K extends string>(
  actions: Readonly<Record<K, () => number | Promise<number>>>,
  rounds: number,
): Promise<Record<K, number[]>> {
  const names = Object.keys(actions) as K[];
  const figures = Object.fromEntries(
    names.map((it) => [it, []]),
  ) as unknown as Record<K, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) figures[name].push(await actions[name]());
  }
  return figures;
}

/** Runs each action in turn, `rounds` times, and returns their times in ms. */
export function interleave<K extends string>(
  actions: Readonly<Record<K, () => Promise<unknown>>>,
  rounds: number,
): Promise<Record<K, number[]>> {
  const names = Object.keys(actions) as K[];
  const timed = names.map((it) => [it, () => timeOf(actions[it])]);
  return inTurn(Object.fromEntries(timed), rounds);
}

/** Milliseconds that an action takes. */
export async function timeOf(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}

/** Resident memory of a process in MiB; NaN where /proc does not tell. */
export async function residentMiB(pid: number): Promise<number> {
  try {
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN) / 1024;
  } catch {
    return NaN;
  }
}

/** Whether a program is on PATH. */
export async function isInstalled(program: string): Promise<boolean> {
  const { success } = await new Deno.Command("/bin/sh", {
    args: ["-c", `command -v ${program}`],
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

/** A whole number. */
export function count(value: number): string {
  return value.toFixed(0);
}

/** Milliseconds with two digits. */
export function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}

/** Posts a body as JSON, and reads the answer. */
export async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok || text.includes(`"ok":false`)) {
    throw new Error(`Cannot bench ${url}: ${response.status} ${text}`);
  }
}

/** Requests a second that `connections` clients of wrk get through. */
export async function wrk(
  url: string,
  { script, connections = 32 }: {
    readonly script?: string;
    readonly connections?: number;
  } = {},
): Promise<number> {
  const { stdout } = await new Deno.Command("wrk", {
    args: [
      "-t1",
      `-c${connections}`,
      "-d1s",
      ...(script === undefined ? [] : ["-s", script]),
      url,
    ],
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (/Non-2xx/.test(text)) throw new Error(`Cannot bench ${url}: ${text}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? NaN);
}
