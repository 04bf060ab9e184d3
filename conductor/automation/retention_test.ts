import { assert, assertEquals } from "@std/assert";
import { Database as Connection } from "@db/sqlite";
import { verifyAudit } from "../record/audit_verify.ts";
import {
  AS_OWNER,
  type Fixture,
  leading,
  newTask,
  OK,
  sharedDatabase,
} from "../testing/automation_fixture.ts";

const DAY_MS = 86_400_000;
const SWEEP_MS = 60_000;

async function finishedTask(it: Fixture, lines: number): Promise<string> {
  const { task } = await it.tasks.create(newTask({ labels: ["x"] }), AS_OWNER);
  await it.settle();
  const { context, end } = it.kind.at(it.kind.runs.length - 1);
  context.log("stdout", "line\n".repeat(lines));
  end(OK);
  await it.settle();
  return task.task_id;
}

async function liveTask(it: Fixture, lines: number) {
  const { task } = await it.tasks.create(newTask({ timeout_ms: 0 }), AS_OWNER);
  await it.settle();
  const run = it.kind.at(it.kind.runs.length - 1);
  run.context.log("stdout", "line\n".repeat(lines));
  await it.clock.advance(50);
  return { ...run, taskId: task.task_id };
}

function tasks(it: Fixture): string[] {
  return it.tasks.list({}, { limit: 200 }).items.map((task) => task.task_id)
    .reverse();
}

/** Its first line tells of the start. */
function logLines(it: Fixture, taskId: string): number {
  return it.taskLogs.read(taskId, { limit: 200 }).items.length;
}

Deno.test("Retention leaves everything while a backup is read, and goes on behind it", async () => {
  let isBackingUp = true;
  using it = await leading({
    retention: { days: 30, rows: 1 },
    isBackingUp: () => isBackingUp,
  });
  for (let i = 0; i < 3; i++) await finishedTask(it, 1);
  await it.clock.advance(2 * SWEEP_MS);
  assertEquals(tasks(it).length, 3);
  isBackingUp = false;
  await it.clock.advance(SWEEP_MS);
  assertEquals(tasks(it).length, 1);
});

Deno.test("Retention removes finished tasks by age, with all that hangs on them", async () => {
  using it = await leading({ retention: { days: 2, rows: 1000 } });
  const old = await finishedTask(it, 7);
  const live = await liveTask(it, 3);
  it.system.setMode("paused", {});
  const { task: queued } = await it.tasks.create(newTask(), AS_OWNER);
  await it.clock.jump(2 * DAY_MS - SWEEP_MS);
  assertEquals(tasks(it).includes(old), true);
  const { task: fresh } = await it.tasks.create(newTask(), AS_OWNER);
  await it.tasks.cancel(fresh.task_id, new AbortController().signal);
  await it.clock.advance(2 * SWEEP_MS);
  assertEquals(tasks(it), [live.taskId, queued.task_id, fresh.task_id]);
  assertEquals(logLines(it, live.taskId), 4, "live tasks keep their log");
  const { db, stores } = it.store;
  assertEquals(stores.counters.logLines(), 4);
  assertEquals(db.get("SELECT count(*) AS n FROM task_labels"), { n: 0 });
  assertEquals(db.get("SELECT count(*) AS n FROM runs"), { n: 1 });
  live.end(OK);
  await it.settle();
});

Deno.test("Retention removes the oldest finished tasks above the count", async () => {
  using it = await leading({ retention: { days: 30, rows: 3 } });
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    ids.push(await finishedTask(it, 0));
    await it.clock.advance(1);
  }
  await it.clock.advance(SWEEP_MS);
  assertEquals(tasks(it), ids.slice(2));
});

Deno.test("Retention removes the oldest log lines above the count, none of live tasks", async () => {
  using it = await leading({ retention: { days: 30, rows: 10 } });
  const live = await liveTask(it, 12);
  const first = await finishedTask(it, 6);
  await it.clock.advance(1);
  const second = await finishedTask(it, 6);
  await it.clock.advance(SWEEP_MS);
  assertEquals(logLines(it, first), 0);
  assertEquals(logLines(it, second), 0);
  assertEquals(logLines(it, live.taskId), 13);
  live.end(OK);
  await it.settle();
  await it.clock.advance(SWEEP_MS);
  assertEquals(logLines(it, live.taskId), 10);
  assertEquals(
    it.taskLogs.read(live.taskId, { limit: 1 }).items[0]?.seq,
    4,
  );
});

Deno.test("Retention removes events by age and by count, from the old end", async () => {
  using it = await leading({ retention: { days: 1, rows: 4 } });
  const bounds = () => it.store.stores.events.bounds();
  for (let i = 0; i < 3; i++) {
    it.system.setMode("paused", {});
    it.system.setMode("running", {});
  }
  assertEquals(bounds(), { first: 1, last: 7 });
  await it.clock.advance(SWEEP_MS);
  assertEquals(bounds(), { first: 4, last: 7 });
  await it.clock.jump(DAY_MS / 2);
  it.system.setMode("paused", {});
  await it.clock.jump(DAY_MS / 2);
  assertEquals(bounds(), { first: 8, last: 8 });
});

Deno.test("Retention removes audit rows by age and by count, and the rest verifies", async () => {
  await using file = await sharedDatabase();
  using it = await leading({
    path: file.path,
    retention: { days: 1, rows: 6 },
  });
  const act = async () =>
    (await it.store.audit.begin({
      action: "x",
      actor: { name: "owner", source: "http" },
      target: {},
    })).finish({ ok: true });
  const verdict = () => {
    using connection = disposable(new Connection(file.path, { int64: true }));
    return verifyAudit(connection.it);
  };
  for (let i = 0; i < 5; i++) await act();
  await it.clock.advance(SWEEP_MS);
  assertEquals(verdict(), {
    ok: true,
    rows: 6,
    checkpoint_seq: 4,
    head_seq: 10,
    head_hash: it.store.stores.audit.list({}, { limit: 1 }).items[0]?.hash ??
      "",
    first_bad_seq: null,
    open_intents: 0,
    problem: null,
  });
  await it.clock.jump(DAY_MS - SWEEP_MS);
  await act();
  await it.clock.advance(2 * SWEEP_MS);
  assertEquals(verdict().rows, 2);
  assert(verdict().ok);
});

Deno.test("Retention removes much in small steps", async () => {
  using it = await leading({ retention: { days: 1, rows: 10_000 } });
  await finishedTask(it, 2500);
  let commits = 0;
  await it.clock.jump(DAY_MS - SWEEP_MS);
  it.store.db.listen({ committed: () => commits++ });
  await it.clock.advance(2 * SWEEP_MS);
  assertEquals(tasks(it), []);
  assertEquals(it.store.stores.counters.logLines(), 0);
  assert(commits > 5, `${commits} commits`);
});

function disposable(it: Connection) {
  return { it, [Symbol.dispose]: () => it.close() };
}

Deno.test("Retention gives the disk back what it frees, to within an eighth", async () => {
  await using file = await sharedDatabase();
  using it = await leading({
    path: file.path,
    retention: { days: 30, rows: 1000 },
  });
  const sizeOf = () => Deno.statSync(file.path).size;
  for (let i = 0; i < 10; i++) {
    await finishedTask(it, 2000);
    for (let turn = 0; turn < 4; turn++) await it.settle();
  }
  it.store.db.get("PRAGMA wal_checkpoint(TRUNCATE)");
  const full = sizeOf();
  await it.clock.advance(2 * SWEEP_MS);
  const { db, stores } = it.store;
  assertEquals(stores.counters.logLines(), 1000);
  const pages = Number(
    db.get<{ page_count: number }>("PRAGMA page_count")?.page_count,
  );
  const free = Number(
    db.get<{ freelist_count: number }>("PRAGMA freelist_count")?.freelist_count,
  );
  assert(free <= pages / 8, `${free} of ${pages} pages are free`);
  assertEquals(sizeOf(), pages * 4096);
  assert(sizeOf() < full / 2, `${sizeOf()} of ${full} bytes are left`);
});
