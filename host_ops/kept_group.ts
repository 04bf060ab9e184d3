import { join } from "@std/path";
import type { Clock } from "../shared/clock.ts";
import type { ProcessGroups } from "./process/mod.ts";

/** Milliseconds between SIGTERM and SIGKILL. */
const KILL_GRACE_MS = 500;

/**
 * The group of a kept command, and the shell that keeps it. Who they are is read
 * once from its files, so that they are reached also when those are gone.
 */
export class KeptGroup {
  readonly folder: string;
  readonly #options: KeptGroupOptions;
  #keeper: string | undefined;
  #group: string | undefined;
  #killAt: number | undefined;

  constructor(folder: string, options: KeptGroupOptions) {
    this.folder = folder;
    this.#options = options;
  }

  /** Whether it was asked to end. */
  get isAtWork(): boolean {
    return this.#killAt !== undefined;
  }

  /** Reads who they are, as far as the files tell by now. */
  async know(): Promise<void> {
    this.#group ??= await this.#read("group");
    if (this.#keeper !== undefined) return;
    const id = await this.#read("begun");
    if (id !== undefined) this.#keeper = await this.#read(`who-${id}`);
  }

  /** Tells whether the shell is there that keeps the command. */
  async isKept(): Promise<boolean> {
    await this.know();
    return this.#keeper !== undefined &&
      await this.#options.processes.reachKept(this.#keeper, "0");
  }

  /** Asks the group to end, and after the grace leaves it no choice. */
  async go(): Promise<void> {
    const { clock } = this.#options;
    if (this.#killAt === undefined) {
      if (await this.#send("TERM")) {
        this.#killAt = clock.monotonic() + KILL_GRACE_MS;
      }
    } else if (clock.monotonic() >= this.#killAt) {
      this.#killAt += KILL_GRACE_MS;
      await this.#send("KILL");
    }
  }

  /** Kills the group; tells whether there was one. */
  async kill(): Promise<boolean> {
    return await this.#send("KILL");
  }

  async #send(signal: "TERM" | "KILL"): Promise<boolean> {
    const { processes, keeperId } = this.#options;
    await this.know();
    if (this.#group !== undefined) {
      return await processes.reachKept(this.#group, signal);
    }
    const id = keeperId();
    return id !== undefined && await processes.reachChildren(id, signal);
  }

  async #read(name: string): Promise<string | undefined> {
    try {
      const text = await Deno.readTextFile(join(this.folder, name));
      return text.trim() || undefined;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }
}

interface KeptGroupOptions {
  readonly processes: Pick<ProcessGroups, "reachKept" | "reachChildren">;
  readonly clock: Clock;
  /** The process id of the shell, while this process has one that it started. */
  readonly keeperId: () => number | undefined;
}
