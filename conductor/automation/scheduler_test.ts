import { assertEquals } from "@std/assert";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { countingIds } from "../../shared/testing/fakes.ts";
import {
  AS_OWNER,
  automationAt,
  FAILED,
  leading,
  LEASE_MS,
  newTask,
  OK,
  sharedDatabase,
} from "../testing/automation_fixture.ts";

Deno.test("Scheduler starts tasks by priority, then age, as many as there are places", async () => {
  using it = await leading({ width: 2 });
  it.system.setMode("paused", {});
  for (
    const [title, priority] of [["a", 0], ["b", 5], ["c", 5], ["d", 9]] as const
  ) {
    await it.tasks.create(
      newTask({ title, priority, payload: { title } }),
      AS_OWNER,
    );
  }
  await it.settle();
  assertEquals(it.kind.runs.length, 0);

  it.system.setMode("running", {});
  await it.settle();
  const started = () => it.kind.runs.map((run) => run.payload.title);
  assertEquals(started(), ["d", "b"]);
  it.kind.at(0).end(OK);
  await it.settle();
  assertEquals(started(), ["d", "b", "c"]);
  it.kind.at(1).end(OK);
  it.kind.at(2).end(OK);
  await it.settle();
  assertEquals(started(), ["d", "b", "c", "a"]);
  it.kind.at(3).end(OK);
  await it.settle();
  assertEquals(it.system.state().queue, { active_runs: 0, queued_tasks: 0 });
});

Deno.test("Scheduler waits for not_before, to the millisecond", async () => {
  using it = await leading();
  const not_before = new Date(it.clock.now() + 90_000).toISOString();
  const { task } = await it.tasks.create(newTask({ not_before }), AS_OWNER);
  assertEquals(task.not_before, not_before);
  assertEquals(task.next_attempt_at, not_before);
  await it.clock.advance(89_999);
  assertEquals(it.kind.runs.length, 0);
  await it.clock.advance(1);
  assertEquals(it.kind.runs.length, 1);
  assertEquals(it.tasks.get(task.task_id).next_attempt_at, null);
  it.kind.at(0).end(OK);
  await it.settle();
});

Deno.test("Scheduler starts the most urgent one first of very many whose time comes at once", async () => {
  using it = await leading({ width: 1 });
  const not_before = new Date(it.clock.now() + 1000).toISOString();
  const urgent = newTask({
    not_before,
    priority: 9,
    payload: { urgent: true },
  });
  const all = [...Array(1200).fill(newTask({ not_before })), urgent];
  await Promise.all(all.map((task) => it.tasks.create(task, AS_OWNER)));
  await it.clock.advance(1000);
  await it.settle();
  assertEquals(it.kind.runs.map(({ payload }) => payload), [{ urgent: true }]);
});

Deno.test("Scheduler does not let tasks that wait hold up those that may start", async () => {
  using it = await leading();
  const not_before = new Date(it.clock.now() + 60_000).toISOString();
  for (let i = 0; i < 5; i++) {
    await it.tasks.create(newTask({ not_before, priority: 100 }), AS_OWNER);
  }
  const { task } = await it.tasks.create(newTask(), AS_OWNER);
  await it.settle();
  assertEquals(it.kind.runs.length, 1);
  assertEquals(it.kind.at(0).context.task_id, task.task_id);
  it.kind.at(0).end(OK);
  await it.settle();
});

Deno.test("Scheduler retries in time when the clock is set back, also before a takeover", async () => {
  await using shared = await sharedDatabase();
  const clock = new FakeClock();
  const newId = countingIds();
  const first = await leading({ path: shared.path, clock, newId });
  await first.tasks.create(newTask({ max_attempts: 4 }), AS_OWNER);
  await first.settle();
  first.kind.at(0).end(FAILED);
  await first.settle();
  await clock.advance(900);
  clock.set(-3_600_000);
  await clock.advance(99);
  assertEquals(first.kind.runs.length, 1);
  await clock.advance(1);
  assertEquals(first.kind.runs.length, 2);
  first.kind.at(1).end(FAILED);
  await first.settle();
  first.quiesce();
  first.release();
  first.store.close();

  clock.set(-3_600_000);
  using second = automationAt({
    path: shared.path,
    clock,
    newId,
    instance: "instance_2",
  });
  second.start();
  await clock.advance(1999);
  assertEquals(second.kind.runs.length, 0);
  await clock.advance(1);
  assertEquals(second.kind.runs.length, 1);
  second.kind.at(0).end(OK);
  await second.settle();
});

Deno.test("Scheduler waits for not_before by the clock of the wall when that is set back", async () => {
  using it = await leading();
  const not_before = new Date(it.clock.now() + 10_000).toISOString();
  await it.tasks.create(newTask({ not_before }), AS_OWNER);
  it.clock.set(-60_000);
  await it.clock.advance(69_999);
  assertEquals(it.kind.runs.length, 0);
  await it.clock.advance(1);
  assertEquals(it.kind.runs.length, 1);
  it.kind.at(0).end(OK);
  await it.settle();
});

Deno.test("Scheduler retries a failure with growing pauses until no attempt is left", async () => {
  using it = await leading();
  const { task } = await it.tasks.create(
    newTask({ max_attempts: 3 }),
    AS_OWNER,
  );
  const get = () => it.tasks.get(task.task_id);
  await it.settle();
  it.kind.at(0).end(FAILED);
  await it.settle();
  assertEquals([get().status, get().attempts], ["queued", 1]);
  assertEquals(get().error, { code: "BROKEN", message: "Cannot do it" });
  assertEquals(get().next_attempt_at, "2026-01-01T00:00:01.000Z");
  await it.clock.advance(999);
  assertEquals(it.kind.runs.length, 1);
  await it.clock.advance(1);
  await it.settle();
  assertEquals(it.kind.at(1).context.attempt, 2);
  it.kind.at(1).end(FAILED);
  await it.settle();
  await it.clock.advance(1999);
  assertEquals(it.kind.runs.length, 2);
  await it.clock.advance(1);
  await it.settle();
  it.kind.at(2).end(FAILED);
  await it.clock.advance(600_000);
  assertEquals(it.kind.runs.length, 3);
  assertEquals([get().status, get().attempts], ["failed", 3]);
  const runs = it.store.stores.runs.list({ task_id: task.task_id }, {
    limit: 9,
  });
  assertEquals(runs.items.map((run) => [run.attempt, run.status]), [
    [3, "failed"],
    [2, "failed"],
    [1, "failed"],
  ]);
});

Deno.test("Scheduler starts nothing on a standby", async () => {
  await using file = await sharedDatabase();
  const clock = new FakeClock();
  using one = automationAt({ path: file.path, clock, instance: "one" });
  using two = automationAt({ path: file.path, clock, instance: "two" });
  one.start();
  two.start();
  await one.tasks.create(newTask(), AS_OWNER);
  await clock.advance(1000);
  assertEquals([one.kind.runs.length, two.kind.runs.length], [1, 0]);
  one.kind.at(0).end(OK);
  await clock.advance(0);
});

Deno.test("A new leader counts the runs that it adopts among those it may have at once", async () => {
  await using file = await sharedDatabase();
  const both = {
    path: file.path,
    clock: new FakeClock(),
    newId: countingIds(),
    width: 1,
  };
  const { clock } = both;
  const one = automationAt({ ...both, instance: "one" });
  using two = automationAt({ ...both, instance: "two" });
  one.start();
  two.start();
  one.store.db.write(() => {
    const task = newTask({ survive: true });
    one.store.stores.tasks.insert({ taskId: "first", task, at: clock.now() });
  });
  await one.tasks.create(newTask(), AS_OWNER);
  await one.settle();
  one[Symbol.dispose]();
  await clock.advance(LEASE_MS);
  await two.settle();
  const started = two.kind.runs.map(({ context }) => context.task_id);
  assertEquals(started, ["first"]);
});

Deno.test("A new leader adopts no run that began in its own term", async () => {
  using it = automationAt();
  it.start();
  const { task } = await it.tasks.create(newTask(), {
    ...AS_OWNER,
    atOnce: true,
  });
  it.store.db.run("UPDATE tasks SET survive = 1");
  await it.settle();
  it.kind.at(0).end(OK);
  await it.settle();
  assertEquals(it.kind.runs.length, 1);
  assertEquals(it.tasks.get(task.task_id).status, "succeeded");
  const { items } = it.store.stores.events.after(0, 99);
  assertEquals(items.filter(({ type }) => type === "run.adopted"), []);
});

Deno.test("A leader that was stopped for longer than its lease starts what came due meanwhile", async () => {
  using it = await leading();
  const not_before = new Date(it.clock.now() + 9000).toISOString();
  await it.tasks.create(newTask({ not_before }), AS_OWNER);
  // It wakes with its queue ahead of its lease.
  await it.clock.advance(6000);
  await it.clock.jump(LEASE_MS);
  await it.settle();
  assertEquals(it.leadership.leader()?.term, 1);
  assertEquals(it.kind.runs.length, 1);
  it.kind.at(0).end(OK);
  await it.settle();
});

Deno.test("A leader whose term goes on takes up again the surviving runs that it left", async () => {
  using it = await leading();
  const { task } = await it.tasks.create(newTask(), AS_OWNER);
  it.store.db.run("UPDATE tasks SET survive = 1");
  await it.settle();
  it.store.db.run("PRAGMA query_only = ON");
  await it.clock.advance(LEASE_MS);
  assertEquals(it.leadership.role, "standby");
  assertEquals(it.kind.at(0).context.signal.aborted, true);
  it.store.db.run("PRAGMA query_only = OFF");
  await it.clock.advance(LEASE_MS / 3);
  await it.settle();
  assertEquals(it.leadership.leader()?.term, 1);
  assertEquals(it.kind.runs.length, 2);
  it.kind.at(1).end(OK);
  await it.settle();
  assertEquals(it.tasks.get(task.task_id).status, "succeeded");
});

Deno.test("A leader whose term goes on writes how a surviving run ended while it did not lead, once", async () => {
  using it = await leading();
  const { task } = await it.tasks.create(newTask(), AS_OWNER);
  it.store.db.run("UPDATE tasks SET survive = 1");
  await it.settle();
  it.store.db.run("PRAGMA query_only = ON");
  it.kind.at(0).end(OK);
  await it.clock.advance(LEASE_MS);
  it.store.db.run("PRAGMA query_only = OFF");
  await it.clock.advance(LEASE_MS / 3);
  await it.settle();
  assertEquals(it.tasks.get(task.task_id).status, "succeeded");
  assertEquals(it.kind.runs.length, 1);
});

Deno.test("A new leader takes a detached run up once that is stored together with what it adopts", async () => {
  using it = automationAt();
  it.start();
  const created = it.tasks.create(newTask(), { ...AS_OWNER, atOnce: true });
  it.store.db.run(
    `CREATE TRIGGER all_survive AFTER INSERT ON tasks
     BEGIN UPDATE tasks SET survive = 1; END`,
  );
  // Adopting writes what waits, before its maker hears of it.
  await it.settle();
  await created;
  assertEquals(it.kind.runs.length, 1);
});

Deno.test("A new leader ends the runs of the one before, and retries only those that say so", async () => {
  await using file = await sharedDatabase();
  const both = {
    path: file.path,
    clock: new FakeClock(),
    newId: countingIds(),
  };
  const { clock } = both;
  const one = automationAt({ ...both, instance: "one" });
  using two = automationAt({ ...both, instance: "two" });
  one.start();
  two.start();
  const again =
    (await one.tasks.create(newTask({ retry_lost: true }), AS_OWNER)).task
      .task_id;
  const never = (await one.tasks.create(newTask(), AS_OWNER)).task.task_id;
  await clock.advance(0);
  assertEquals(one.kind.runs.length, 2);
  one[Symbol.dispose]();

  await clock.advance(LEASE_MS);
  await two.settle();
  const runs = two.store.stores.runs.list({ status: "lost" }, { limit: 9 });
  assertEquals(runs.items.map((run) => run.instance_id), ["one", "one"]);
  assertEquals(runs.items[0]?.outcome?.code, "RUN_LOST");
  assertEquals(two.tasks.get(never).status, "failed");
  assertEquals(two.tasks.get(never).error?.code, "RUN_LOST");
  await clock.advance(1000);
  await two.settle();
  assertEquals(two.kind.runs.length, 1);
  assertEquals(two.kind.at(0).context.task_id, again);
  assertEquals(two.kind.at(0).context.attempt, 2);
  two.kind.at(0).end(OK);
  await clock.advance(0);
  assertEquals(two.tasks.get(again).status, "succeeded");
});

Deno.test("A leader that steps down stops its runs, and what they did is not accepted", async () => {
  await using file = await sharedDatabase();
  const frozen = new FakeClock();
  const running = new FakeClock();
  using one = automationAt({ path: file.path, clock: frozen, instance: "one" });
  using two = automationAt({
    path: file.path,
    clock: running,
    instance: "two",
  });
  one.start();
  const { task } = await one.tasks.create(newTask(), AS_OWNER);
  await frozen.advance(0);
  two.start();
  await running.advance(LEASE_MS + 1000);
  assertEquals(two.tasks.get(task.task_id).status, "failed");

  one.kind.at(0).end(OK);
  await frozen.advance(LEASE_MS);
  assertEquals(two.tasks.get(task.task_id).status, "failed");
  assertEquals(
    two.tasks.get(task.task_id).latest_run?.status,
    "lost",
    "the late outcome is dropped",
  );
});

Deno.test("A leader whose disk is full for longer than its lease ends its runs as lost, and goes on", async () => {
  using it = await leading();
  const { task } = await it.tasks.create(newTask(), AS_OWNER);
  const again =
    (await it.tasks.create(newTask({ retry_lost: true }), AS_OWNER)).task;
  await it.settle();
  it.store.db.run("PRAGMA query_only = ON");
  await it.clock.advance(LEASE_MS);
  assertEquals(it.leadership.role, "standby");
  assertEquals(it.kind.runs.map((run) => run.context.signal.aborted), [
    true,
    true,
  ]);
  assertEquals(it.tasks.get(task.task_id).status, "running");
  it.store.db.run("PRAGMA query_only = OFF");
  await it.clock.advance(LEASE_MS / 3);
  await it.settle();
  assertEquals(it.leadership.role, "leader");
  const { status, error, latest_run } = it.tasks.get(task.task_id);
  assertEquals([status, error?.code], ["failed", "RUN_LOST"]);
  assertEquals(latest_run?.status, "lost");
  await it.clock.advance(1000);
  await it.settle();
  assertEquals(it.kind.runs.length, 3);
  it.kind.at(2).end(OK);
  await it.settle();
  assertEquals(it.tasks.get(again.task_id).status, "succeeded");
});
