import { Killed, type Plant } from "./conductor_process.ts";
import { DatabasePool } from "./database_pool.ts";
import { World } from "./world.ts";

/** Simulates seeds one after the other, each on a fresh copy of the database. */
export class Simulator implements Disposable {
  readonly #database: DatabasePool;
  readonly #plant: Plant | undefined;
  #world: World | undefined;

  constructor({ plant, folder }: SimulatorOptions = {}) {
    this.#database = new DatabasePool(folder);
    this.#plant = plant;
    globalThis.addEventListener("unhandledrejection", this.#onRejection);
  }

  async run(
    seed: number,
    { keepsTrace = false }: { readonly keepsTrace?: boolean } = {},
  ): Promise<Verdict> {
    const database = this.#database;
    database.reset();
    const world = new World(seed, { database, plant: this.#plant, keepsTrace });
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
    this.#database[Symbol.dispose]();
  }

  readonly #onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    const { reason } = event;
    if (reason instanceof Killed) return;
    const text = reason instanceof Error ? reason.stack : String(reason);
    this.#world?.invariants.broken(`Nobody caught: ${text}`);
  };
}

interface SimulatorOptions {
  readonly plant?: Plant;
  /** Where its database is. Default: in memory, if there is such a folder. */
  readonly folder?: string;
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
