import { SqliteError } from "@db/sqlite";
import type { AuditActor, AuditEntry } from "../../../shared/audit.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { NewId } from "../../../shared/ids.ts";
import type { Logger } from "../../../shared/log.ts";
import { NOTIFY_EVENTS } from "../../../shared/config/mod.ts";
import { Redactor } from "../../../shared/redact.ts";
import {
  type Automation,
  composeAutomation,
} from "../../../conductor/automation/automation.ts";
import { execKind } from "../../../conductor/automation/exec_kind.ts";
import { taskKinds } from "../../../conductor/automation/task_kind.ts";
import { Notifier } from "../../../conductor/notify/notifier.ts";
import { type Store, storeOn } from "../../../conductor/record/store.ts";
import { Database } from "../../../conductor/store/database.ts";
import type { Stores } from "../../../conductor/store/mod.ts";
import type { DatabasePool } from "./database_pool.ts";
import {
  type FaultPoint,
  FaultyConnection,
  type LeaseHolder,
} from "./faulty_connection.ts";
import type { Lane, Timeline } from "./timeline.ts";
import type { Machine } from "./machine.ts";
import type { Fault, Profile } from "./profile.ts";
import type { Random } from "./random.ts";
import { RECEIVER, type Receiver } from "./receiver.ts";
import type { Trace } from "./trace.ts";

const PLACE = { cwd: "/", home: "/" };

/**
 * One conductor process: the product's own composition of store and automation,
 * with a clock, a database and a machine of the world's. It dies, waits and is
 * refused where the world says so.
 */
export class ConductorProcess {
  readonly host: string;
  readonly instance: string;
  readonly lane: Lane;
  readonly clock: Clock;
  readonly store: Store;
  readonly automation: Automation;
  readonly bornAt: number;
  /** In which term it said last that it leads. */
  term = 0;
  isDead = false;
  isStopping = false;
  readonly #world: Surroundings;
  readonly #connection: FaultyConnection;
  readonly #notifier: Notifier;
  #untilFault = Infinity;
  /** What the database answers for a while. */
  #trouble: { readonly fault: Refusal; readonly until: number } | undefined;

  /** @throws {Killed} when it dies while it starts */
  constructor(world: Surroundings, { host, instance }: ProcessName) {
    this.#world = world;
    this.host = host;
    this.instance = instance;
    const { timeline, profile, machine } = world;
    this.bornAt = timeline.now;
    this.lane = timeline.lane(instance, {
      onThrow: (error) => this.#thrown(error),
      isProcess: true,
    });
    this.clock = {
      now: () => world.wallOf(host),
      monotonic: () => timeline.now,
      after: (ms, action) => this.lane.after(Math.max(0, ms), "timer", action),
    };
    this.#connection = new FaultyConnection(world.database.take(), {
      point: (kind, mark) => this.#point(kind, mark),
      onAutomationWrite: (lease) => world.invariants.written(this, lease),
    });
    const log = this.#logger();
    const common = { newId: world.newId, clock: this.clock, log };
    const db = new UnshrunkDatabase(":memory:", this.#connection, {
      nextTurn: (action) => void this.lane.after(0, "turn", action),
    });
    const store = storeOn(db, {
      path: ":memory:",
      identity: {
        controller_id: profile.isOneNode ? "mini" : host,
        instance_id: instance,
        host,
        version: "1",
      },
      enforcedAudit: profile.isEnforced,
      redactor: REDACTOR,
      ...common,
    });
    this.store = {
      ...store,
      stores: world.plant?.(store.stores, { db, clock: this.clock }) ??
        store.stores,
      isDead: (id) => profile.hasLocks && world.isDead(id),
    };
    this.automation = composeAutomation({
      store: this.store,
      kinds: taskKinds([
        execKind(machine.runnerFor(this), {
          ...PLACE,
          outputs: machine.outputs,
          clock: this.clock,
        }),
      ]),
      outputs: machine.outputs,
      leaseMs: profile.leaseMs,
      width: profile.width,
      retention: { days: 3650, rows: 100_000 },
      about: () => ({ health: "ok", version: "1", uptime_ms: 0 }),
      ...common,
    });
    this.#notifier = new Notifier({
      ...this.store,
      ...this.store.stores,
      leadership: this.automation.leadership,
      url: RECEIVER,
      asked: () => undefined,
      on: NOTIFY_EVENTS,
      message: {
        base: RECEIVER,
        node: "mini",
        format: "json",
        withDetails: false,
        secret: undefined,
        clock: this.clock,
      },
      fetch: world.receiver.fetchFor(this.clock),
      ...common,
    });
    this.#untilFault = world.nextFault();
    this.lane.after(0, "starts", () => this.automation.start());
  }

  /** Whether it could be asked for something. */
  get isUp(): boolean {
    return !this.isDead && !this.isStopping;
  }

  get isLeader(): boolean {
    return !this.isDead && this.automation.leadership.isLeader;
  }

  /** Nothing of it happens any more; what it had not committed never was. */
  die(): void {
    if (this.isDead) return;
    this.isDead = true;
    const { timeline, machine } = this.#world;
    timeline.end(this.lane);
    machine.reap(this);
    this.#connection.close();
    this.#world.died(this);
  }

  /** Ends it as a signal does that may be handled. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.automation.quiesce();
    await this.automation.stopWork();
    await this.#notifier.stop();
    this.automation.release();
    this.store.close();
    this.die();
  }

  /** From now on nothing goes wrong by itself. */
  heal(): void {
    this.#untilFault = Infinity;
    this.#trouble = undefined;
  }

  /** @throws {Killed} when it has died meanwhile: it begins nothing */
  async begin(action: string, actor: AuditActor): Promise<AuditEntry> {
    const target = { action };
    const entry = await this.store.audit.begin({ action, actor, target });
    if (this.isDead) throw new Killed();
    return entry;
  }

  /** Does work of this process, of which nobody hears when that is dead. */
  async work<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!this.isDead) throw error;
    }
    return await new Promise<never>(() => {});
  }

  #point(kind: FaultPoint, mark = 0): void {
    if (this.isDead) throw new Killed();
    const { timeline, trace, random } = this.#world;
    trace.mix(mark * 4 + POINTS.indexOf(kind));
    this.#refuse(kind);
    if (--this.#untilFault > 0) return;
    this.#untilFault = this.#world.nextFault();
    const fault = random.pick(this.#world.profile.faults);
    const tell = (what: string) =>
      trace.add(timeline.now, this.instance, `${what} at ${kind}`);
    if (fault === "crash") {
      tell("dies");
      this.die();
    } else if (fault === "stall") {
      const ms = random.about(random.chance(0.3) ? 20_000 : 300);
      tell(`waits ${ms} ms`);
      // What follows from a turn may wait, too, when that is over.
      const { isBusy } = this.lane;
      this.lane.isBusy = true;
      timeline.stall(ms);
      this.lane.isBusy = isBusy;
    } else {
      const ms = random.pick([0, 0, random.about(2000), random.about(20_000)]);
      tell(`is told ${fault} for ${ms} ms`);
      this.#trouble = { fault, until: timeline.now + ms };
      this.#refuse(kind);
    }
    if (this.isDead) throw new Killed();
  }

  /** Whatever is on the disk already cannot be refused any more. */
  #refuse(kind: FaultPoint): void {
    const { timeline } = this.#world;
    if (this.#trouble === undefined || kind === "committed") return;
    const { fault, until } = this.#trouble;
    if (until < timeline.now) this.#trouble = undefined;
    else if (fault === "busy" && kind !== "begin") return;
    else if (fault === "full" && kind === "statement") return;
    else throw new SqliteError(...REFUSALS[fault]);
  }

  #thrown(error: unknown): void {
    if (error instanceof Killed) return;
    const text = error instanceof Error ? error.stack : String(error);
    this.#world.invariants.broken(`${this.instance} would have ended: ${text}`);
  }

  #logger(): Logger {
    const say = (
      message: string,
      fields: Readonly<Record<string, unknown>>,
    ) => {
      const { trace, timeline } = this.#world;
      if (this.isDead || trace.lines === undefined) return;
      trace.note(timeline.now, this.instance, `${message} ${shown(fields)}`);
    };
    const logger: Logger = {
      debug() {},
      info: (message, fields = {}) => {
        if (message === "Leading") this.term = Number(fields.term);
        say(message, fields);
      },
      warn: (message, fields = {}) => say(message, fields),
      error: (message, fields = {}) => {
        say(message, fields);
        if (!this.isDead) this.#world.invariants.loggedError(message, fields);
      },
      child: () => logger,
    };
    return logger;
  }
}

/** What a process meets that has been killed. */
export class Killed extends Error {
  override readonly name = "Killed";
}

interface ProcessName {
  readonly host: string;
  readonly instance: string;
}

/** The world around a process. */
interface Surroundings {
  readonly database: Pick<DatabasePool, "take">;
  readonly timeline: Timeline;
  readonly trace: Trace;
  readonly random: Random;
  readonly profile: Profile;
  readonly machine: Machine;
  readonly receiver: Receiver;
  readonly newId: NewId;
  readonly plant: Plant | undefined;
  readonly invariants: {
    broken(what: string): void;
    loggedError(
      message: string,
      fields: Readonly<Record<string, unknown>>,
    ): void;
    written(process: ConductorProcess, lease: LeaseHolder): void;
  };
  wallOf(host: string): number;
  isDead(instance: string): boolean;
  died(process: ConductorProcess): void;
  /** At how many points from now something goes wrong. */
  nextFault(): number;
}

/** Puts a fault of the product's into its stores. */
export type Plant = (
  stores: Stores,
  ports: { readonly db: Database; readonly clock: Clock },
) => Stores;

/** How many pages a file gives back depends on the time that it takes. */
class UnshrunkDatabase extends Database {
  override giveBack(): boolean {
    return false;
  }
}

type Refusal = Exclude<Fault, "crash" | "stall">;

const REFUSALS: Readonly<Record<Refusal, readonly [number, string]>> = {
  busy: [5, "database is locked"],
  full: [13, "database or disk is full"],
  broken: [10, "disk I/O error"],
};

const REDACTOR = new Redactor();
const POINTS: readonly FaultPoint[] = [
  "statement",
  "begin",
  "commit",
  "committed",
];

function shown(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields).map(([name, value]) =>
    `${name}=${value instanceof Error ? value.message : value}`
  ).join(" ");
}
