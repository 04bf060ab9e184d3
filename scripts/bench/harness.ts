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

/** A group of rows that is measured together; null when its peer is absent. */
export type Bench = () => Promise<readonly BenchRow[]>;

/** Returns the value at `share` (0 to 1) of some measurements. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = Math.min(sorted.length - 1, Math.floor(sorted.length * share));
  return sorted[at] ?? NaN;
}

/** Runs each action in turn, `rounds` times, and returns their times in ms. */
export async function interleave<K extends string>(
  actions: Readonly<Record<K, () => Promise<unknown>>>,
  rounds: number,
): Promise<Record<K, number[]>> {
  const names = Object.keys(actions) as K[];
  const times = Object.fromEntries(
    names.map((it) => [it, []]),
  ) as unknown as Record<K, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const started = performance.now();
      await actions[name]();
      times[name].push(performance.now() - started);
    }
  }
  return times;
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

/** Milliseconds with two digits. */
export function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
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
      "-d2s",
      ...(script === undefined ? [] : ["-s", script]),
      url,
    ],
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (/Non-2xx/.test(text)) throw new Error(`Cannot bench ${url}: ${text}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? NaN);
}
