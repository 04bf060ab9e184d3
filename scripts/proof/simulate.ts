// deno-lint-ignore-file no-console -- a script talks to a terminal
import { parseArgs } from "node:util";
import { memoryFolder, PREFIX } from "./simulation/database_pool.ts";
import { Simulator, type Summary } from "./simulation/simulator.ts";

/** Seeds that a worker is given at once. */
const BATCH = 20;
const TELL_EVERY_MS = 10_000;
/** So many seeds that fail are named. */
const MOST_SHOWN = 10;

/**
 * Simulates two conductors on one database, a world a seed; a seed that fails is
 * named, and told step by step with `--seed`. Returns whether all is well.
 */
export async function simulate(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: "string", default: "10000" },
      from: { type: "string", default: "1" },
      workers: { type: "string", default: `${navigator.hardwareConcurrency}` },
      seed: { type: "string" },
    },
  });
  if (values.seed !== undefined) return await replay(numberOf(values.seed));
  const from = numberOf(values.from);
  const range = { from, to: from + numberOf(values.seeds) };
  const started = performance.now();
  const dir = memoryFolder();
  const folder = Deno.makeTempDirSync({ prefix: PREFIX, ...(dir && { dir }) });
  const clean = () => Deno.removeSync(folder, { recursive: true });
  // What is in memory would stay there.
  Deno.addSignalListener("SIGINT", () => {
    clean();
    Deno.exit(130);
  });
  const count = numberOf(values.workers);
  const all = await inWorkers(range, { count, folder }).finally(clean);
  const seconds = (performance.now() - started) / 1000;
  const { seeds, turns, deaths, terms } = all;
  const hours = (all.ms / 3_600_000).toFixed(1);
  console.log(
    `${seeds} seeds in ${
      seconds.toFixed(0)
    } s: ${turns} turns in ${hours} simulated hours, ` +
      `${deaths} deaths, ${terms} terms of leaders; ${all.faults.length} failed`,
  );
  for (const { seed, fault } of all.faults.slice(0, MOST_SHOWN)) {
    console.log(
      `seed ${seed}: ${fault}\n  deno task proof simulate --seed ${seed}`,
    );
  }
  return all.faults.length === 0;
}

/** Tells a seed from its beginning to its end. */
async function replay(seed: number): Promise<boolean> {
  using simulator = new Simulator();
  const { lines, fault, digest } = await simulator.run(seed, {
    keepsTrace: true,
  });
  for (const line of lines) console.log(line);
  console.log(`seed ${seed}, digest ${digest}: ${fault ?? "all is well"}`);
  return fault === undefined;
}

interface Range {
  readonly from: number;
  /** The first that is not in it. */
  readonly to: number;
}

async function inWorkers(
  range: Range,
  { count, folder }: { readonly count: number; readonly folder: string },
): Promise<Summary> {
  const total: Summary = {
    seeds: 0,
    turns: 0,
    ms: 0,
    deaths: 0,
    terms: 0,
    faults: [],
  };
  let next = range.from;
  let toldAt = performance.now();
  const add = (part: Summary) => {
    for (const key of ["seeds", "turns", "ms", "deaths", "terms"] as const) {
      total[key] += part[key];
    }
    total.faults.push(...part.faults);
    for (const { seed, fault } of part.faults) {
      if (total.faults.length <= MOST_SHOWN) {
        console.error(`seed ${seed}: ${fault}`);
      }
    }
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    console.error(`${total.seeds} seeds, ${total.faults.length} failed …`);
  };
  await Promise.all(Array.from({ length: count }, async () => {
    const url = new URL("./simulation/worker.ts", import.meta.url);
    const worker = new Worker(url, { type: "module" });
    while (next < range.to) {
      const from = next;
      next = Math.min(range.to, from + BATCH);
      const batch = { from, to: next, folder };
      add(
        await new Promise<Summary>((resolve, reject) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = (event) => {
            event.preventDefault();
            reject(new Error(`Cannot simulate: ${event.message}`));
          };
          worker.postMessage(batch);
        }),
      );
    }
    worker.terminate();
  }));
  total.faults.sort((a, b) => a.seed - b.seed);
  return total;
}

function numberOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`Cannot simulate: "${text}" is no number`);
}
