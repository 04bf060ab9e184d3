import { join } from "@std/path";
import type { Clock, Timer } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import type { Stores } from "../store/mod.ts";
import type { Leadership } from "./leadership.ts";

const SWEEP_MS = 60_000;
/** Runs that end together are looked at together. */
const SOON_MS = 500;
/** Of how many kept outputs it is asked at each sweep whether their run is. */
const ASKED_AT_ONCE = 200;

/** Keeps the outputs of runs within their space: the oldest ended go first. */
export class OutputSpace {
  readonly #options: OutputSpaceOptions;
  /** Those that have ended, by the id of their run. */
  readonly #ended = new Map<string, Kept>();
  #timer: Timer | undefined;
  #sweeping: Promise<void> | undefined;
  #stopped = false;

  constructor(options: OutputSpaceOptions) {
    this.#options = options;
  }

  start(): void {
    this.#sweepAfter(0);
  }

  /** A run has ended. */
  wake(): void {
    if (this.#timer !== undefined) this.#sweepAfter(SOON_MS);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#sweeping;
  }

  #sweepAfter(ms: number): void {
    this.#timer?.cancel();
    if (this.#stopped) return;
    const { clock, log } = this.#options;
    this.#timer = clock.after(ms, async () => {
      this.#sweeping ??= this.#sweep()
        .catch((error) => log.warn("Cannot sweep the outputs", { error }))
        .finally(() => this.#sweeping = undefined);
      await this.#sweeping;
      this.#sweepAfter(SWEEP_MS);
    });
  }

  async #sweep(): Promise<void> {
    const { folder, maxBytes, leadership, log } = this.#options;
    if (!leadership.isLeader) return;
    let total = 0;
    const there = new Set<string>();
    for (const name of await namesIn(folder)) {
      there.add(name);
      total += this.#ended.get(name)?.size ?? await this.#measure(name);
    }
    for (const name of this.#ended.keys()) {
      if (!there.has(name)) this.#ended.delete(name);
    }
    const byAge = [...this.#ended].sort(([, a], [, b]) => a.at - b.at);
    for (const [name, { size }] of byAge) {
      if (total <= maxBytes) break;
      await this.#remove(name);
      total -= size;
      log.info("An output has made room", { run_id: name, size });
    }
    for (const [name, kept] of [...this.#ended].slice(0, ASKED_AT_ONCE)) {
      this.#ended.delete(name);
      if (this.#options.runs.get(name) === undefined) await this.#remove(name);
      else this.#ended.set(name, kept);
    }
  }

  /** Returns the size of an output that may still grow, or was not known. */
  async #measure(name: string): Promise<number> {
    const { folder, runs } = this.#options;
    const run = runs.get(name);
    if (run === undefined) {
      // Of a command that still runs: its row may be in a newer database.
      const names = await namesIn(join(folder, name));
      const hasEnded = names.some((it) => it.startsWith("ended-"));
      if (hasEnded || !names.includes("begun")) await this.#remove(name);
      return 0;
    }
    let size = 0;
    for (const stream of ["stdout", "stderr"]) {
      const info = await Deno.stat(join(folder, name, stream))
        .catch(() => undefined);
      size += info?.size ?? 0;
    }
    if (run.finished_at !== null) {
      this.#ended.set(name, { size, at: Date.parse(run.finished_at) });
    }
    return size;
  }

  async #remove(name: string): Promise<void> {
    this.#ended.delete(name);
    await Deno.remove(join(this.#options.folder, name), { recursive: true });
  }
}

interface Kept {
  readonly size: number;
  /** When its run has ended. */
  readonly at: number;
}

interface OutputSpaceOptions extends Pick<Stores, "runs"> {
  readonly folder: string;
  readonly maxBytes: number;
  readonly leadership: Pick<Leadership, "isLeader">;
  readonly clock: Clock;
  readonly log: Logger;
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names;
}
