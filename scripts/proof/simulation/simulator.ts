import { openDatabase } from "../../../conductor/store/mod.ts";
import { Killed, type Plant } from "./conductor_process.ts";
import { World } from "./world.ts";

/** Simulates seeds one after the other, each on a fresh copy of the database. */
export class Simulator implements Disposable {
  readonly #folder: string;
  readonly #template: string;
  readonly #plant: Plant | undefined;
  #world: World | undefined;

  constructor({ plant }: { readonly plant?: Plant } = {}) {
    this.#plant = plant;
    this.#folder = Deno.makeTempDirSync({
      prefix: "baa-simulation-",
      ...(hasMemoryFolder() && { dir: MEMORY_FOLDER }),
    });
    this.#template = `${this.#folder}/template.db`;
    openDatabase(this.#template).close();
    globalThis.addEventListener("unhandledrejection", this.#onRejection);
  }

  async run(
    seed: number,
    { keepsTrace = false }: { readonly keepsTrace?: boolean } = {},
  ): Promise<Verdict> {
    const path = `${this.#folder}/world.db`;
    for (const it of ["-wal", "-shm"]) removeIfThere(path + it);
    Deno.copyFileSync(this.#template, path);
    const world = new World(seed, { path, plant: this.#plant, keepsTrace });
    this.#world = world;
    await world.run();
    const { trace, timeline, invariants } = world;
    return {
      seed,
      fault: invariants.fault,
      digest: trace.digest,
      turns: timeline.turns,
      ms: timeline.now,
      deaths: world.deaths,
      terms: invariants.terms,
      lines: trace.lines ?? [],
    };
  }

  /** Simulates the seeds from one up to another, which is not among them. */
  async runAll(
    { from, to }: { readonly from: number; readonly to: number },
  ): Promise<Summary> {
    const all: Summary = {
      seeds: 0,
      turns: 0,
      ms: 0,
      deaths: 0,
      terms: 0,
      faults: [],
    };
    for (let seed = from; seed < to; seed++) {
      const { fault, ...verdict } = await this.run(seed);
      all.seeds++;
      for (const key of ["turns", "ms", "deaths", "terms"] as const) {
        all[key] += verdict[key];
      }
      if (fault !== undefined) all.faults.push({ seed, fault });
    }
    return all;
  }

  [Symbol.dispose](): void {
    globalThis.removeEventListener("unhandledrejection", this.#onRejection);
    Deno.removeSync(this.#folder, { recursive: true });
  }

  readonly #onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    const { reason } = event;
    if (reason instanceof Killed) return;
    const text = reason instanceof Error ? reason.stack : String(reason);
    this.#world?.invariants.broken(`Nobody caught: ${text}`);
  };
}

/** What became of a seed. */
export interface Verdict {
  readonly seed: number;
  /** What was not as it must be; undefined: all was. */
  readonly fault: string | undefined;
  /** The same for the same seed, always. */
  readonly digest: string;
  readonly turns: number;
  /** Simulated milliseconds. */
  readonly ms: number;
  /** How many processes have ended. */
  readonly deaths: number;
  /** How many terms of leaders there were. */
  readonly terms: number;
  /** What happened, when it was to be kept. */
  readonly lines: readonly string[];
}

/** What became of many seeds. */
export interface Summary {
  seeds: number;
  turns: number;
  ms: number;
  deaths: number;
  terms: number;
  readonly faults: { readonly seed: number; readonly fault: string }[];
}

const MEMORY_FOLDER = "/dev/shm";

function hasMemoryFolder(): boolean {
  try {
    return Deno.statSync(MEMORY_FOLDER).isDirectory;
  } catch {
    return false;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
