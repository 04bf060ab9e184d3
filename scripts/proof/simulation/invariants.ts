import { verifyAudit } from "../../../conductor/record/mod.ts";
import type { ConductorProcess } from "./conductor_process.ts";
import type { DatabasePool, PooledConnection } from "./database_pool.ts";
import type { LeaseHolder } from "./faulty_connection.ts";
import { notificationFaults } from "./notification_faults.ts";
import { dueTimeFaults } from "./due_faults.ts";
import { historyFaults } from "./history_faults.ts";
import { isCalm, isTrue, type Profile } from "./profile.ts";
import type { Clients } from "./clients.ts";
import type { Machine } from "./machine.ts";
import type { Receiver } from "./receiver.ts";
import type { Timeline } from "./timeline.ts";
import type { Trace } from "./trace.ts";

/** A standby takes over so long after the lease at the latest, spec 30. */
const TAKE_OVER_MS = 1000;
/** What no run of a healthy product logs as an error. */
const FAULTS_OF_OURS = [
  "A run was not carried out",
  "A run failed by a fault of ours",
  "Cannot write how a run ended",
  "The audit trail was changed",
  "The database is damaged",
];

/** What must be true, whatever goes wrong; the first thing that is not, is kept. */
export class Invariants {
  readonly #world: Judged;
  readonly #leaders = new Map<number, string>();
  #fault: string | undefined;
  /** Since when nobody has led, and somebody could have. */
  #leaderless = 0;
  readonly #inspector: PooledConnection;

  constructor(world: Judged) {
    this.#world = world;
    this.#inspector = world.database.take();
  }

  get fault(): string | undefined {
    return this.#fault;
  }

  get isBroken(): boolean {
    return this.#fault !== undefined;
  }

  /** How many terms of leaders there were. */
  get terms(): number {
    return this.#leaders.size;
  }

  broken(what: string): void {
    if (this.#fault !== undefined) return;
    this.#fault = what;
    const { timeline, trace } = this.#world;
    trace.note(timeline.now, "FAULT", what);
  }

  loggedError(
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    if (!FAULTS_OF_OURS.includes(message)) return;
    const { error } = fields;
    const text = error instanceof Error ? error.stack : String(error);
    this.broken(`${message}: ${text}`);
  }

  /** What only a leader may write was committed. */
  written({ instance }: ConductorProcess, lease: LeaseHolder): void {
    if (lease.instance_id !== instance) {
      const holder = lease.instance_id ?? "nobody";
      this.broken(`${instance} wrote while ${holder} had the lease`);
    }
    this.#leads(lease.term, instance);
  }

  /** A process is gone, which may have led without saying so. */
  died({ instance }: ConductorProcess): void {
    const [lease] = this.#read<LeaseHolder>("SELECT instance_id FROM lease");
    if (lease?.instance_id !== instance) return;
    this.#leaderless = this.#world.timeline.now;
  }

  /** After each turn. */
  look(): void {
    const { processes, profile, timeline } = this.#world;
    const leaders = processes.filter((it) => it.isLeader);
    for (const { term, instance } of leaders) this.#leads(term, instance);
    if (leaders.length > 1 && isTrue(profile)) {
      const names = leaders.map(({ instance }) => instance).join(" and ");
      this.broken(`${names} lead at once, though their clocks agree`);
    }
    if (leaders.length > 0 || processes.every((it) => !it.isUp)) {
      this.#leaderless = timeline.now;
    }
    const up = Math.min(
      ...processes.filter((it) => it.isUp).map((it) => it.bornAt),
    );
    const since = timeline.now - Math.max(this.#leaderless, up);
    if (isCalm(profile) && since > profile.leaseMs + TAKE_OVER_MS) {
      this.broken(`Nobody has led for ${since} ms`);
    }
  }

  /** The mode was acknowledged, and nobody else sets it. */
  modeIs(mode: string): void {
    const found = this.mode;
    if (found === mode) return;
    this.broken(`The mode was set to ${mode} and is ${found}`);
  }

  get mode(): string | undefined {
    return this.#read<{ mode: string }>("SELECT mode FROM automation")[0]?.mode;
  }

  /** How many tasks have not ended, and notifications are not delivered. */
  unfinished(): number {
    return this.#read(
      `SELECT 1 FROM tasks WHERE finished_at IS NULL
       UNION ALL SELECT 1 FROM notifications WHERE failed_at IS NULL`,
    ).length;
  }

  /** At the end: what stands in the database. */
  judge(isAtRest: boolean): void {
    const { clients, machine, receiver, profile, trace } = this.#world;
    const read = <T extends object>(sql: string) => this.#read<T>(sql);
    if (!this.isBroken && !isAtRest) {
      const left = [
        ...read(
          "SELECT task_id, status, wake_at FROM tasks WHERE finished_at IS NULL",
        ),
        ...read("SELECT * FROM notifications WHERE failed_at IS NULL"),
      ];
      this.broken(`It does not come to rest: ${JSON.stringify(left)}`);
    }
    const known = {
      read,
      clients,
      jobs: machine.jobs,
      isCalm: isCalm(profile),
    };
    const faults = [
      ...historyFaults(known),
      ...dueTimeFaults(known),
      ...notificationFaults(known, receiver.received),
    ];
    for (const fault of faults) {
      this.broken(fault);
    }
    const audit = verifyAudit(this.#inspector.connection);
    if (!audit.ok) this.broken(`The audit trail: ${audit.problem}`);
    for (const { store, instance } of this.#world.processes) {
      const { missing } = store.stores.audit;
      if (missing === undefined) continue;
      this.broken(`${instance} misses row ${missing.seq} of the audit trail`);
    }
    if (trace.lines !== undefined) this.#show();
    trace.add(audit.rows, "audit", audit.head_hash);
  }

  /** What stands in the database, for who reads the trace. */
  #show(): void {
    const { trace, profile, timeline } = this.#world;
    for (const table of ["tasks", "runs", "schedules", "notifications"]) {
      for (const row of this.#read(`SELECT * FROM ${table}`)) {
        trace.note(timeline.now, table, JSON.stringify(row));
      }
    }
    for (
      const { at, type, data } of this.#read<
        { at: number; type: string; data: string }
      >("SELECT at, type, data FROM events ORDER BY seq")
    ) {
      // By the clock of who wrote it.
      trace.note(at - profile.start, "event", `${type} ${data}`);
    }
  }

  #leads(term: number, instance: string): void {
    const known = this.#leaders.get(term);
    if (known === undefined) this.#leaders.set(term, instance);
    else if (known !== instance) {
      this.broken(`${known} and ${instance} both lead in term ${term}`);
    }
  }

  #read<T extends object>(sql: string): T[] {
    return this.#inspector.prepare<T>(sql).all<T>();
  }
}

/** The world that is to be judged. */
interface Judged {
  readonly database: Pick<DatabasePool, "take">;
  readonly timeline: Timeline;
  readonly trace: Trace;
  readonly profile: Profile;
  readonly machine: Machine;
  readonly receiver: Receiver;
  readonly clients: Clients;
  /** The processes that live. */
  readonly processes: readonly ConductorProcess[];
}
