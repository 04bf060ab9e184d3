import { assert, assertEquals } from "@std/assert";
import { Database as Connection, type RestBindParameters } from "@db/sqlite";
import type { Clock } from "../../shared/clock.ts";
import { Redactor } from "../../shared/redact.ts";
import { countingIds, silentLogger } from "../../shared/testing/fakes.ts";
import { Database, type Row } from "../store/database.ts";
import { migrate } from "../store/migrate.ts";
import { type Fence, type Mode, storesOf } from "../store/mod.ts";
import { dueTimesByHand } from "../testing/due_oracle.ts";
import { newTask } from "../testing/automation_fixture.ts";
import { RunLedger } from "./run_ledger.ts";
import { ScheduleKeeper } from "./schedule_keeper.ts";
import { ScheduleTimer } from "./schedule_timer.ts";
import { TaskService } from "./task_service.ts";

const START = Date.parse("2026-01-01T00:00:00Z");
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const YEAR_MS = 365 * 24 * HOUR_MS;
const SCHEDULES = 200;
const RESTARTS = 500;
const JUMPS = 60;
const MODE_CHANGES = 60;

/** Both hemispheres' summers, and one that moves by half an hour. */
const ZONES = [
  "America/New_York",
  "Europe/Berlin",
  "America/Santiago",
  "Australia/Lord_Howe",
];

/** Time that goes from timer to timer, and a wall clock that can be set. */
class SimulatedClock implements Clock {
  shift = START;
  #mono = 0;
  #timers = new Set<{ readonly at: number; readonly action: () => void }>();

  now(): number {
    return this.#mono + this.shift;
  }

  monotonic(): number {
    return this.#mono;
  }

  after(ms: number, action: () => void) {
    const timer = { at: this.#mono + ms, action };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  advanceTo(until: number): void {
    while (true) {
      let first:
        | { readonly at: number; readonly action: () => void }
        | undefined;
      for (const it of this.#timers) {
        if (first === undefined || it.at < first.at) first = it;
      }
      if (first === undefined || first.at > until) break;
      this.#timers.delete(first);
      this.#mono = Math.max(this.#mono, first.at);
      first.action();
    }
    this.#mono = Math.max(this.#mono, until);
  }
}

/** A database whose process dies in the middle of what it does. */
class MortalDatabase extends Database {
  /** Dies at so many statements from now; negative: never. */
  left = -1;
  deaths = 0;

  override run(sql: string, ...params: RestBindParameters) {
    this.#step();
    return super.run(sql, ...params);
  }

  override insert<T extends Row>(table: string, row: Row, columns?: string): T {
    this.#step();
    return super.insert<T>(table, row, columns);
  }

  override write<T>(action: () => T): T {
    const result = super.write(action);
    // It was committed, and nobody was told.
    this.#step();
    return result;
  }

  #step(): void {
    if (this.left < 0 || --this.left > 0) return;
    this.left = 0;
    this.deaths++;
    throw new Error("killed");
  }
}

/** Where a due time stands among all. */
function placeOf(times: readonly number[], at: number): number {
  let low = 0;
  for (let high = times.length - 1; low < high;) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  assertEquals(times[low], at);
  return low;
}

function randomFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A cron of some sort; about every third falls where clocks change. */
function cronOf(random: () => number, index: number): string {
  const to = (n: number) => Math.floor(random() * n);
  const hour = random() < 0.35 ? 1 + to(3) : to(24);
  const minute = random() < 0.5 ? to(4) * 15 : to(60);
  const time = `${minute} ${hour}`;
  const often = [
    "*/30 0-4 * * *",
    `${minute} * * * *`,
    `${minute} */6 * * *`,
    `${minute} ${hour},${(hour + 7) % 24} * * *`,
  ];
  const seldom = [
    `${time} * * *`,
    `${time} * * mon-fri`,
    `${time} * * ${to(7)}`,
    `${time} ${1 + to(28)} * *`,
    `${time} 1-7 3,4,9-11 sun`,
    `${time} 10,20 * fri`,
  ];
  return often[index] ?? seldom[to(seldom.length)] ?? "0 0 * * *";
}

Deno.test("A year of 200 schedules: every due time is a task, a miss or a skip, and never two of them", () => {
  const seed = Number(Deno.env.get("SEED") ?? 12);
  const random = randomFrom(seed);
  const to = (n: number) => Math.floor(random() * n);
  const clock = new SimulatedClock();
  const connection = new Connection(":memory:", {
    int64: true,
    parseJson: false,
  });
  migrate(connection);
  const db = new MortalDatabase(":memory:", connection);
  const stores = storesOf(db, new Redactor());
  const { schedules, tasks, automation } = stores;
  const newId = countingIds();
  const identity = {
    controller_id: "mini",
    instance_id: "one",
    host: "mini",
    version: "1",
  };

  // One process after another; one that was stopped may still try to write.
  let term = 0;
  const begin = () => {
    const own = ++term;
    const write = <T>(action: (fence: Fence) => T) =>
      db.write(() => {
        if (own !== term) throw new Error("not the leader");
        return action({ instance_id: "one", term: own });
      });
    const leadership = {
      stillLeads: () => true,
      write,
      share: <T>(action: (fence: Fence) => T) => Promise.resolve(write(action)),
    };
    const parts = { ...stores, leadership, clock, newId, log: silentLogger };
    const ledger = new RunLedger({
      ...parts,
      identity,
      outputs: { makeFolder() {} },
    });
    const taskService = new TaskService({
      ...parts,
      ledger,
      kinds: new Map(),
      executor: {
        start() {},
        stop: () => Promise.resolve(),
        waitsFor: () => [],
      },
      onQueued: () => {},
    });
    const keeper = new ScheduleKeeper({ ...parts, taskService });
    const timer = new ScheduleTimer({
      ...parts,
      keeper,
      // Tasks start at once, in running, and take up to half an hour.
      onQueued() {
        if (db.left === 0 || automation.get().mode !== "running") return;
        for (let next = tasks.nextReady(); next; next = tasks.nextReady()) {
          const { seq } = next;
          tasks.start(seq, clock.now());
          const ms = random() < 0.9 ? to(5 * MINUTE_MS) : to(30 * MINUTE_MS);
          clock.after(ms, () => {
            const left = db.left;
            db.left = -1;
            tasks.finish(seq, {
              status: "succeeded",
              error: null,
              now: clock.now(),
            });
            db.left = left;
          });
        }
      },
    });
    timer.wake();
    return timer;
  };

  const crons = new Map<string, { cron: string; timezone: string }>();
  const keeper = new ScheduleKeeper({
    ...stores,
    taskService: { add: () => assert(false) as never },
  });
  for (let index = 0; index < SCHEDULES; index++) {
    const timezone = ZONES[index % ZONES.length] ?? "UTC";
    const cron = cronOf(random, index);
    const name = `s${index}`;
    crons.set(name, { cron, timezone });
    schedules.insert(name, {
      cron,
      timezone,
      misfire: random() < 0.3 ? "run_once" : "skip",
      overlap: random() < 0.3 ? "queue" : "skip",
      grace_ms: random() < 0.5 ? MINUTE_MS : 15 * MINUTE_MS,
      task: newTask(),
      next_at: keeper.timesOf({ cron, timezone }).next(START) ?? null,
    }, START);
  }

  // What happens, when, by the clock that never jumps.
  const happenings: (readonly [number, () => void])[] = [];
  const at = (action: () => void) =>
    happenings.push([HOUR_MS + to(YEAR_MS - 4 * HOUR_MS), action]);
  let timer = begin();
  for (let i = 0; i < RESTARTS; i++) {
    at(() => {
      // Dies at once, in the middle of what it does next, or never quite.
      const way = to(3);
      if (way === 0) timer.stop();
      else if (way === 1) db.left = 1 + to(12);
      const dead = timer;
      const longest = [20_000, MINUTE_MS, 20 * MINUTE_MS, 6 * HOUR_MS];
      const until = clock.monotonic() + to(longest[to(4)] ?? 0);
      if (way === 1) {
        while (db.left > 0 && clock.monotonic() < until) {
          clock.advanceTo(Math.min(until, clock.monotonic() + 5000));
        }
        timer.stop();
        db.left = -1;
      }
      clock.advanceTo(until);
      timer = begin();
      clock.after(to(MINUTE_MS), () => dead.stop());
    });
  }
  const setMode = (mode: Mode) => {
    const { left } = db;
    db.left = -1;
    automation.set(mode, { at: clock.now() });
    db.left = left;
    timer.wake();
    if (mode !== "running") {
      clock.after(to(12 * HOUR_MS), () => setMode("running"));
    }
  };
  let shifted = 0;
  for (let i = 0; i < JUMPS; i++) {
    at(() => {
      const by = shifted === 0 ? (random() < 0.5 ? 2 : -2) : -shifted;
      shifted += by;
      clock.shift += by * HOUR_MS;
    });
  }
  for (let i = 0; i < MODE_CHANGES; i++) {
    at(() => setMode(i % 2 === 0 ? "paused" : "draining"));
  }
  happenings.sort(([a], [b]) => a - b);
  for (const [when, action] of happenings) {
    clock.advanceTo(when);
    action();
  }
  automation.set("running", { at: clock.now() });
  timer.wake();
  clock.advanceTo(YEAR_MS);
  timer.stop();
  assert(db.deaths > 20, `only ${db.deaths} deaths`);

  // By whom each due time was decided.
  const decided = new Map<string, Map<number, string[]>>();
  for (const name of crons.keys()) decided.set(name, new Map());
  const expected = new Map<string, readonly number[]>();
  for (const timezone of ZONES) {
    const own = [...crons].filter(([, it]) => it.timezone === timezone);
    const due = dueTimesByHand(own.map(([, { cron }]) => cron), {
      timezone,
      from: START + MINUTE_MS,
      to: START + YEAR_MS + 100 * 24 * HOUR_MS,
    });
    own.forEach(([name], index) => expected.set(name, due[index] ?? []));
  }
  const decide = (name: string, due: number, by: string) => {
    const known = decided.get(name);
    known?.set(due, [...known.get(due) ?? [], by]);
  };
  const caughtUp = new Set<string>();
  let outages = 0;
  for (let seq = 0;;) {
    const { items: events } = stores.events.after(seq, 1000);
    if (events.length === 0) break;
    for (const { type, data } of events) {
      if (type !== "schedule.missed" && type !== "schedule.skipped") continue;
      const { schedule, from, to, count, task_id } = data as {
        readonly schedule: string;
        readonly from: string;
        readonly to: string;
        readonly count: number;
        readonly task_id: string | null;
      };
      const times = expected.get(schedule) ?? [];
      const first = placeOf(times, Date.parse(from));
      const range = times.slice(first, placeOf(times, Date.parse(to)) + 1);
      assertEquals(range.length, count, `${schedule} ${type} ${from} ${to}`);
      for (const due of range) decide(schedule, due, type);
      if (type === "schedule.missed") {
        outages++;
        if (task_id !== null) caughtUp.add(task_id);
      }
    }
    seq = events.at(-1)?.seq ?? seq;
  }
  let runs = 0;
  let catchUps = 0;
  const rows = db.all<
    { task_id: string; idempotency_key: string; created_at: number }
  >("SELECT task_id, idempotency_key, created_at FROM tasks");
  for (const { task_id, idempotency_key, created_at } of rows) {
    const [name = "", due = ""] = idempotency_key.replace("schedule ", "")
      .split("@");
    const late = created_at - Date.parse(due);
    // What was missed may be made up for, where that is wanted; a clock that
    // was set back meanwhile stands before that time again.
    const { misfire, grace_ms = 0 } = schedules.get(name) ?? {};
    const before = decided.get(name)?.get(Date.parse(due)) ?? [];
    if (misfire === "run_once" && before.includes("schedule.missed")) {
      caughtUp.delete(task_id);
      catchUps++;
      continue;
    }
    assert(
      late >= 0 && late <= grace_ms,
      `${idempotency_key} came ${late} ms late (seed ${seed})`,
    );
    runs++;
    decide(name, Date.parse(due), "task");
  }
  let due = 0;
  for (const [name, times] of expected) {
    const next = schedules.get(name)?.next_at ?? Infinity;
    assert(next > clock.now(), `${name} was left behind`);
    const past = times.filter((it) => it < next);
    assert(times.includes(next), `${name} is due when nothing is`);
    const known = decided.get(name) ?? new Map();
    for (const it of past) {
      const by: string[] = known.get(it) ?? [];
      const when = `${name} ${JSON.stringify(crons.get(name))} ` +
        new Date(it).toISOString();
      assertEquals(by.length, 1, `${when}: ${by.join()} (seed ${seed})`);
    }
    assertEquals(known.size, past.length, name);
    due += past.length;
  }
  assert(due > 30_000 && runs > due * 0.8, `${runs} of ${due}`);
  assertEquals(caughtUp.size, 0);
  assert(outages > 500 && catchUps > 50);
  db.close();
});
