import { countingIds } from "../../../shared/testing/fakes.ts";
import { Clients } from "./clients.ts";
import { ConductorProcess, Killed, type Plant } from "./conductor_process.ts";
import type { DatabasePool } from "./database_pool.ts";
import { Invariants } from "./invariants.ts";
import { Machine } from "./machine.ts";
import { type Happening, type Profile, profileOf } from "./profile.ts";
import { Random } from "./random.ts";
import { Receiver } from "./receiver.ts";
import { type Lane, Timeline } from "./timeline.ts";
import { Trace } from "./trace.ts";

const HOSTS = ["a", "b"] as const;
/**
 * Until everything is at rest once nothing goes wrong any more: a notification
 * waits for an hour at most, however the clock is set.
 */
const MOST_REST_MS = 3_900_000;

/**
 * Two conductors on one database, with their machine and their clients. The
 * seed decides everything; what is found wrong is in `invariants`.
 */
export class World {
  readonly database: Pick<DatabasePool, "take">;
  readonly random: Random;
  readonly profile: Profile;
  readonly trace: Trace;
  readonly timeline: Timeline;
  readonly machine: Machine;
  readonly receiver: Receiver;
  readonly invariants: Invariants;
  readonly clients: Clients;
  readonly newId = countingIds();
  readonly plant: Plant | undefined;
  readonly #lane: Lane;
  readonly #skews = new Map<string, number>();
  readonly #processes = new Map<string, ConductorProcess>();
  readonly #dead = new Set<string>();
  #births = 0;
  #isHealing = false;

  constructor(
    seed: number,
    { database, plant, keepsTrace = false }: WorldOptions,
  ) {
    this.database = database;
    this.plant = plant;
    this.random = new Random(seed);
    this.profile = profileOf(this.random);
    this.trace = new Trace({ keep: keepsTrace });
    this.timeline = new Timeline({
      random: this.random,
      trace: this.trace,
      onTurn: () => this.invariants.look(),
    });
    const lane = (name: string) =>
      this.timeline.lane(name, {
        onThrow(error) {
          throw error;
        },
      });
    this.#lane = lane("world");
    this.machine = new Machine(this.timeline, {
      lane: lane("machine"),
      random: this.random,
    });
    this.receiver = new Receiver(lane("receiver"), this);
    this.invariants = new Invariants(this);
    this.clients = new Clients(this, lane("clients"));
  }

  /** The processes that live. */
  get processes(): readonly ConductorProcess[] {
    return [...this.#processes.values()];
  }

  wallOf(host: string): number {
    const { start } = this.profile;
    return Math.floor(start + this.timeline.now + (this.#skews.get(host) ?? 0));
  }

  isDead(instance: string): boolean {
    return this.#dead.has(instance);
  }

  /** How many processes have ended. */
  get deaths(): number {
    return this.#dead.size;
  }

  /** At how many points from now something goes wrong. */
  nextFault(): number {
    const { faultEvery } = this.profile;
    if (this.#isHealing || faultEvery === Infinity) return Infinity;
    return this.random.about(faultEvery);
  }

  died(process: ConductorProcess): void {
    this.trace.note(this.timeline.now, process.instance, "is gone");
    this.#dead.add(process.instance);
    this.invariants.died(process);
    this.#processes.delete(process.host);
    const ms = this.random.about(this.random.pick([300, 3000, 20_000]));
    this.#bear(process.host, this.#isHealing ? 100 : ms);
  }

  /** Goes from the beginning until everything is at rest. */
  async run(): Promise<void> {
    const { profile, random, timeline, invariants } = this;
    HOSTS.forEach((host, index) => {
      this.#skews.set(host, profile.skews[index] ?? 0);
      this.#bear(host, index * random.about(3000));
    });
    const one = (of: readonly Happening[], what: string, to: ToProcess) => {
      for (const { at, by } of of) {
        this.#lane.after(at, `${what} ${by}`, () => {
          const process = this.processes[random.to(this.processes.length)];
          if (process !== undefined) to(process, by);
        });
      }
    };
    one(profile.jumps, "sets a clock by", ({ host }, by) => {
      this.#skews.set(host, (this.#skews.get(host) ?? 0) + by);
    });
    one(profile.freezes, "freezes one for", ({ lane }, by) => {
      lane.frozenUntil = timeline.now + by;
    });
    one(profile.kills, "kills one", (process) => process.die());
    one(profile.stops, "stops one", (process) => {
      process.lane.after(0, "is told to stop", () => {
        if (process.isUp) void process.work(() => process.stop());
      });
    });
    this.clients.start();
    await timeline.run(profile.ms, () => invariants.isBroken);
    this.#isHealing = true;
    this.receiver.isHealed = true;
    for (const process of this.processes) process.heal();
    this.trace.note(timeline.now, "world", "heals");
    let isAtRest = false;
    void this.clients.settle().then(() => isAtRest = true);
    const limit = timeline.now + MOST_REST_MS;
    await timeline.run(limit, () => invariants.isBroken || isAtRest);
    invariants.judge(isAtRest);
    for (const process of this.processes) process.die();
  }

  #bear(host: string, ms: number): void {
    this.#lane.after(ms, `starts ${host}`, () => {
      if (this.#processes.has(host)) return;
      const instance = `${host}${++this.#births}`;
      try {
        const process = new ConductorProcess(this, { host, instance });
        this.#processes.set(host, process);
      } catch (error) {
        // It died before it was there.
        if (!(error instanceof Killed)) throw error;
      }
    });
  }
}

type ToProcess = (process: ConductorProcess, by: number) => void;

interface WorldOptions {
  /** With a new database for this world alone. */
  readonly database: Pick<DatabasePool, "take">;
  readonly plant?: Plant | undefined;
  /** Whether what happens is kept to be read. */
  readonly keepsTrace?: boolean;
}
