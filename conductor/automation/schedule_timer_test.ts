import { assertEquals, assertThrows } from "@std/assert";
import { AppError } from "../../shared/errors.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { countingIds } from "../../shared/testing/fakes.ts";
import type { NewSchedule } from "../store/model/schedule.ts";
import {
  AS_OWNER,
  automationAt,
  type Fixture,
  leading,
  newTask,
  OK,
  sharedDatabase,
} from "../testing/automation_fixture.ts";

const MINUTE_MS = 60_000;

function everyMinute(rest: Partial<NewSchedule> = {}): NewSchedule {
  return {
    cron: "* * * * *",
    timezone: "UTC",
    task: newTask(),
    misfire: "skip",
    grace_ms: 10_000,
    overlap: "skip",
    enabled: true,
    ...rest,
  };
}

function put(it: Fixture, rest: Partial<NewSchedule> = {}) {
  return it.schedules.put("s", everyMinute(rest), AS_OWNER.by);
}

/** Its tasks, oldest first: for which minute, and what became of them. */
function tasksOf(it: Fixture, name = "s"): string[] {
  return it.tasks.list({}, { limit: 200 }).items
    .filter(({ schedule }) => schedule === name).reverse()
    .map(({ due_at, status }) => `${due_at?.slice(11, 16)} ${status}`);
}

/** The events of schedules: what, from, to, how many. */
function eventsOf(it: Fixture): string[] {
  return it.store.stores.events.after(0, 1000).items
    .filter(({ type }) => /schedule\.(missed|skipped)/.test(type))
    .map(({ type, data }) => {
      const { from, to, count, task_id } = data as Record<string, string>;
      const [, what] = type.split(".");
      return `${what} ${from?.slice(11, 16)}-${
        to?.slice(11, 16)
      } ${count} ${task_id}`;
    });
}

function missed(it: Fixture) {
  const { from, to, count, total } = it.schedules.get("s").missed;
  return [from?.slice(11, 16), to?.slice(11, 16), count, total];
}

async function endAll(it: Fixture) {
  for (const run of it.kind.runs) run.end(OK);
  await it.settle();
}

Deno.test("A due time makes one task, to the millisecond, and next_at moves on", async () => {
  using it = await leading();
  assertEquals(put(it).schedule.next_at, "2026-01-01T00:01:00.000Z");
  await it.clock.advance(MINUTE_MS - 1);
  assertEquals(tasksOf(it), []);
  await it.clock.advance(1);
  await it.settle();
  assertEquals(tasksOf(it), ["00:01 running"]);
  const { task_id } = it.kind.at(0).context;
  const schedule = it.schedules.get("s");
  assertEquals(schedule.next_at, "2026-01-01T00:02:00.000Z");
  assertEquals(schedule.last, {
    task_id,
    due_at: "2026-01-01T00:01:00.000Z",
    status: "running",
  });
  assertEquals(schedule.missed, { from: null, to: null, count: 0, total: 0 });
  const task = it.tasks.get(task_id);
  assertEquals([task.schedule, task.due_at], ["s", schedule.last?.due_at]);
  await endAll(it);
  await it.clock.advance(MINUTE_MS);
  assertEquals(tasksOf(it), ["00:01 succeeded", "00:02 running"]);
  assertEquals(eventsOf(it), []);
  await endAll(it);
});

Deno.test("A leader that was stopped for longer than its lease goes on with its schedules", async () => {
  using it = await leading();
  await it.clock.advance(4000);
  put(it);
  // It wakes with its schedules ahead of its lease.
  await it.clock.advance(3000);
  await it.clock.jump(3 * MINUTE_MS);
  assertEquals(it.leadership.leader()?.term, 1);
  await it.clock.advance(1000);
  assertEquals(tasksOf(it), ["00:03 running"]);
  assertEquals(missed(it), ["00:01", "00:02", 2, 2]);
  await endAll(it);
});

Deno.test("An outage is one row and one event, and run_once makes one task of it", async () => {
  for (const misfire of ["skip", "run_once"] as const) {
    await using file = await sharedDatabase();
    const both = {
      path: file.path,
      clock: new FakeClock(),
      newId: countingIds(),
    };
    const one = automationAt({ ...both, instance: "one" });
    one.start();
    put(one, { misfire });
    one.quiesce();
    one[Symbol.dispose]();
    await both.clock.jump(5 * MINUTE_MS + 30_000);
    using two = automationAt({ ...both, instance: "two" });
    two.start();
    await two.settle();
    assertEquals(missed(two), ["00:01", "00:05", 5, 5]);
    const once = misfire === "run_once";
    const [id] = two.tasks.list({}, { limit: 1 }).items;
    assertEquals(eventsOf(two), [
      `missed 00:01-00:05 5 ${once ? id?.task_id : null}`,
    ]);
    assertEquals(tasksOf(two), once ? ["00:05 running"] : []);
    await endAll(two);
    await two.clock.advance(30_000);
    await two.settle();
    assertEquals(tasksOf(two).at(-1), "00:06 running");
    assertEquals(missed(two), ["00:01", "00:05", 5, 5]);
    await endAll(two);
  }
});

Deno.test("What comes back within grace_ms still starts; of many, one", async () => {
  await using file = await sharedDatabase();
  const both = { path: file.path, clock: new FakeClock() };
  const one = automationAt({ ...both, instance: "one" });
  one.start();
  put(one, { grace_ms: 3 * MINUTE_MS });
  one.quiesce();
  one[Symbol.dispose]();
  await both.clock.jump(5 * MINUTE_MS + 1000);
  using two = automationAt({ ...both, instance: "two", newId: countingIds() });
  two.start();
  await two.settle();
  assertEquals(tasksOf(two), ["00:03 running"]);
  const { task_id } = two.kind.at(0).context;
  assertEquals(eventsOf(two), [
    "missed 00:01-00:02 2 null",
    `skipped 00:04-00:05 2 ${task_id}`,
  ]);
  await endAll(two);
});

Deno.test("While paused due tasks are queued", async () => {
  using it = await leading();
  put(it, { overlap: "queue" });
  it.system.setMode("paused", {});
  await it.clock.advance(MINUTE_MS);
  assertEquals(tasksOf(it), ["00:01 queued"]);
  await it.clock.advance(MINUTE_MS);
  assertEquals(tasksOf(it), ["00:01 queued"]);
  it.system.setMode("running", {});
  await it.settle();
  assertEquals(tasksOf(it), ["00:01 running"]);
  await endAll(it);
});

Deno.test("While draining due times are missed: the first is told at once, the rest at the end", async () => {
  using it = await leading();
  put(it, { misfire: "run_once" });
  it.system.setMode("draining", {});
  await it.clock.advance(MINUTE_MS);
  assertEquals(missed(it), ["00:01", "00:01", 1, 1]);
  assertEquals(eventsOf(it), ["missed 00:01-00:01 1 null"]);
  await it.clock.advance(3 * MINUTE_MS);
  assertEquals(missed(it), ["00:01", "00:04", 4, 4]);
  assertEquals(eventsOf(it).length, 1);
  it.system.setMode("running", {});
  await it.settle();
  assertEquals(tasksOf(it), ["00:04 running"]);
  const { task_id } = it.kind.at(0).context;
  assertEquals(eventsOf(it).slice(1), [`missed 00:02-00:04 3 ${task_id}`]);
  await endAll(it);
  it.system.setMode("draining", {});
  await it.clock.advance(MINUTE_MS);
  assertEquals(missed(it), ["00:05", "00:05", 1, 5]);
});

Deno.test("overlap skip makes no task beside one that has not ended, and says so", async () => {
  using it = await leading();
  put(it);
  await it.clock.advance(MINUTE_MS);
  await it.settle();
  const { task_id } = it.kind.at(0).context;
  await it.clock.advance(2 * MINUTE_MS);
  assertEquals(tasksOf(it), ["00:01 running"]);
  assertEquals(eventsOf(it), [
    `skipped 00:02-00:02 1 ${task_id}`,
    `skipped 00:03-00:03 1 ${task_id}`,
  ]);
  assertEquals(missed(it), [undefined, undefined, 0, 0]);
  await endAll(it);
  await it.clock.advance(MINUTE_MS);
  await it.settle();
  assertEquals(tasksOf(it), ["00:01 succeeded", "00:04 running"]);
  await endAll(it);
});

Deno.test("overlap queue lets one wait, not two", async () => {
  using it = await leading({ width: 1 });
  put(it, { overlap: "queue" });
  await it.clock.advance(3 * MINUTE_MS);
  assertEquals(tasksOf(it), ["00:01 running", "00:02 queued"]);
  assertEquals(eventsOf(it).length, 1);
  await endAll(it);
  await endAll(it);
  assertEquals(tasksOf(it), ["00:01 succeeded", "00:02 succeeded"]);
});

Deno.test("A clock that is set loses no due time and brings none back", async () => {
  using it = await leading();
  put(it, { cron: "*/30 * * * *", grace_ms: 60_000 });
  await it.clock.advance(10_000);
  it.clock.set(2 * 60 * MINUTE_MS);
  await it.clock.advance(5000);
  // 00:30, 01:00, 01:30 and 02:00, 15 s ago: that one still starts.
  assertEquals(missed(it), ["00:30", "01:30", 3, 3]);
  assertEquals(tasksOf(it), ["02:00 running"]);
  await endAll(it);
  it.clock.set(-2 * 60 * MINUTE_MS);
  await it.clock.advance(3 * MINUTE_MS);
  assertEquals(tasksOf(it), ["02:00 succeeded"]);
  assertEquals(it.schedules.get("s").next_at, "2026-01-01T02:30:00.000Z");
  it.clock.set(2 * 60 * MINUTE_MS + 27 * MINUTE_MS);
  await it.clock.advance(10_000);
  assertEquals(tasksOf(it), ["02:00 succeeded", "02:30 running"]);
  assertEquals(missed(it), ["00:30", "01:30", 3, 3]);
  await endAll(it);
});

Deno.test("A due time is one task whoever leads, and a leader that was stopped decides none", async () => {
  await using file = await sharedDatabase();
  const both = { path: file.path, clock: new FakeClock() };
  const { clock } = both;
  using one = automationAt({ ...both, instance: "one", newId: countingIds() });
  using two = automationAt({ ...both, instance: "two" });
  one.start();
  put(one, { grace_ms: 30_000 });
  two.start();
  assertThrows(
    () => put(two),
    AppError,
    "Cannot write: this controller is not the leader",
  );
  assertEquals(two.schedules.get("s").next_at, "2026-01-01T00:01:00.000Z");
  await clock.advance(50_000);
  one.quiesce();
  one.release();
  await clock.advance(15_000);
  await two.settle();
  assertEquals([tasksOf(two), one.kind.runs.length], [["00:01 running"], 0]);
  await endAll(two);
});

Deno.test("An outage longer than one look is told once all the same", async () => {
  await using file = await sharedDatabase();
  const both = { path: file.path, clock: new FakeClock() };
  const one = automationAt({ ...both, instance: "one" });
  one.start();
  put(one, { misfire: "run_once" });
  one.quiesce();
  one[Symbol.dispose]();
  await both.clock.jump(3 * 24 * 60 * MINUTE_MS + 30_000);
  using two = automationAt({ ...both, instance: "two", newId: countingIds() });
  two.start();
  for (let i = 0; i < 4; i++) await two.settle();
  assertEquals(missed(two), ["00:01", "00:00", 4320, 4320]);
  assertEquals(tasksOf(two), ["00:00 running"]);
  assertEquals(eventsOf(two).length, 1);
  await endAll(two);
});
