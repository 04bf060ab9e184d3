import { assert, assertEquals } from "@std/assert";
import type { LogEntry } from "../store/model/log_entry.ts";
import {
  AS_OWNER,
  FAILED,
  type Fixture,
  leading,
  newTask,
  OK,
} from "../testing/automation_fixture.ts";

async function runningTask(it: Fixture): Promise<string> {
  const { task } = it.tasks.create(newTask(), AS_OWNER);
  await it.settle();
  return task.task_id;
}

function entries(it: Fixture, taskId: string): readonly LogEntry[] {
  return it.taskLogs.list(taskId, { limit: 200 }).items;
}

Deno.test("RunLogs writes output line by line, in batches", async () => {
  using it = await leading();
  const taskId = await runningTask(it);
  const { context, end } = it.kind.at(0);
  let commits = 0;
  it.store.db.listen({ committed: () => commits++ });
  await context.log("stdout", "one\ntw");
  await context.log("stderr", "oops\r\n");
  await context.log("stdout", "o\n\nlast");
  context.note("info", "a note");
  assertEquals(commits, 0);
  await it.clock.advance(50);
  assertEquals(commits, 1);
  assertEquals(
    entries(it, taskId).map((e) => [e.seq, e.stream, e.level, e.message]),
    [
      [1, "stdout", "info", "one"],
      [2, "stderr", "warn", "oops"],
      [3, "stdout", "info", "two"],
      [4, "stdout", "info", ""],
      [5, "system", "info", "a note"],
    ],
  );
  end(OK);
  await it.settle();
  const [entry] = entries(it, taskId).slice(5);
  assertEquals(entry, {
    seq: 6,
    run_id: "run_1",
    stream: "stdout",
    level: "info",
    message: "last",
    created_at: entry?.created_at ?? "",
  });
});

Deno.test("RunLogs has a run's lines on the disk before the run is marked finished", async () => {
  using it = await leading();
  const taskId = await runningTask(it);
  const seen: [string, number][] = [];
  it.store.db.listen({
    committed: () => {
      seen.push([it.tasks.get(taskId).status, entries(it, taskId).length]);
    },
  });
  const { context, end } = it.kind.at(0);
  await context.log("stdout", "a\nb\nc\n");
  end(OK);
  await it.settle();
  assertEquals(seen, [["succeeded", 3]]);
});

Deno.test("RunLogs writes at once when much has come, and loses nothing", async () => {
  using it = await leading();
  const taskId = await runningTask(it);
  const { context, end } = it.kind.at(0);
  const lines = Array.from({ length: 1234 }, (_, i) => `line ${i}`);
  await context.log("stdout", lines.join("\n"));
  assertEquals(it.store.stores.counters.logLines(), 1000);
  end(OK);
  await it.settle();
  const read: string[] = [];
  let cursor: string | null | undefined;
  do {
    const page = it.taskLogs.list(taskId, {
      limit: 100,
      cursor: cursor ?? undefined,
    });
    read.push(...page.items.map((entry) => entry.message));
    cursor = page.next_cursor;
  } while (cursor !== null);
  assertEquals(read, lines);
  assertEquals(it.store.stores.counters.logLines(), 1234);
});

Deno.test("RunLogs cuts lines that are too long, and keeps text that has NULs", async () => {
  using it = await leading();
  const taskId = await runningTask(it);
  const { context, end } = it.kind.at(0);
  const long = "x".repeat(65_535) + "🙂" + "y".repeat(10);
  await context.log("stdout", long + "\na\0b\n");
  end(OK);
  await it.settle();
  const messages = entries(it, taskId).map((entry) => entry.message);
  assertEquals(messages.length, 3);
  assertEquals(messages.slice(0, 2).join(""), long);
  assertEquals(messages[2], "a\u{fffd}b");
});

Deno.test("RunLogs lets output wait while the database does not take it", async () => {
  using it = await leading();
  const taskId = await runningTask(it);
  const { context, end } = it.kind.at(0);
  it.store.db.run("PRAGMA query_only = ON");
  let hasRoom = false;
  void context.log("stdout", "x\n".repeat(600)).then(() => hasRoom = true);
  await it.clock.advance(2500);
  assertEquals(hasRoom, false);
  assertEquals(it.kind.at(0).context.signal.aborted, false);
  it.store.db.run("PRAGMA query_only = OFF");
  await it.clock.advance(1000);
  assertEquals(hasRoom, true);
  end(OK);
  await it.settle();
  assertEquals(it.store.stores.counters.logLines(), 600);
  assertEquals(it.tasks.get(taskId).status, "succeeded");
});

Deno.test("RunLogs does not hold up work that is told to end", async () => {
  using it = await leading();
  const taskId = await runningTask(it);
  const { context, end } = it.kind.at(0);
  const canceled = it.tasks.cancel(taskId, new AbortController().signal);
  it.store.db.run("PRAGMA query_only = ON");
  await context.log("stdout", "x\n".repeat(600));
  it.store.db.run("PRAGMA query_only = OFF");
  end(FAILED);
  await it.clock.advance(1000);
  assertEquals((await canceled).status, "canceled");
});

Deno.test("RunExecutor writes an outcome as soon as the database takes it again", async () => {
  using it = await leading();
  const taskId = await runningTask(it);
  it.store.db.run("PRAGMA query_only = ON");
  await it.kind.at(0).context.log("stdout", "the last words");
  it.kind.at(0).end(OK);
  await it.clock.advance(3000);
  assertEquals(it.tasks.get(taskId).status, "running");
  assert(it.store.health.fault !== undefined);
  it.store.db.run("PRAGMA query_only = OFF");
  await it.clock.advance(1000);
  assertEquals(it.tasks.get(taskId).status, "succeeded");
  assertEquals(entries(it, taskId)[0]?.message, "the last words");
  assertEquals(it.store.health.fault, undefined);
});

Deno.test("A failed run says why in the task's log", async () => {
  using it = await leading();
  const taskId = await runningTask(it);
  it.kind.at(0).end(FAILED);
  await it.settle();
  const [entry] = entries(it, taskId);
  assertEquals([entry?.stream, entry?.level], ["system", "error"]);
  assertEquals(entry?.message, "BROKEN: Cannot do it");
});
