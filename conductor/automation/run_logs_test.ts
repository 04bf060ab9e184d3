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
  const { task } = await it.tasks.create(newTask(), AS_OWNER);
  await it.settle();
  return task.task_id;
}

/** What follows the line that tells of the start. */
function entries(it: Fixture, taskId: string): readonly LogEntry[] {
  return it.taskLogs.read(taskId, { limit: 200 }).items.slice(1);
}

function all(it: Fixture, taskId: string): readonly LogEntry[] {
  const task = it.store.stores.tasks.get(taskId);
  return it.store.stores.logs.read(task ?? { seq: 0, log_seq: 0 }, {
    after: 0,
    limit: 1_000_000,
  }).items;
}

Deno.test("RunLogs writes output line by line, in batches", async () => {
  using it = await leading();
  const taskId = await runningTask(it);
  const { context, end } = it.kind.at(0);
  let commits = 0;
  it.store.db.listen({ committed: () => commits++ });
  context.log("stdout", "one\ntw");
  context.log("stderr", "oops\r\n");
  context.log("stdout", "o\n\nlast");
  context.note("info", "a note");
  assertEquals(commits, 0);
  await it.clock.advance(50);
  assertEquals(commits, 1);
  assertEquals(
    entries(it, taskId).map((e) => [e.seq, e.stream, e.level, e.message]),
    [
      [2, "stdout", "info", "one"],
      [3, "stderr", "warn", "oops"],
      [4, "stdout", "info", "two"],
      [5, "stdout", "info", ""],
      [6, "system", "info", "a note"],
    ],
  );
  end(OK);
  await it.settle();
  const [entry] = entries(it, taskId).slice(5);
  assertEquals(entry, {
    seq: 7,
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
  context.log("stdout", "a\nb\nc\n");
  end(OK);
  await it.settle();
  assertEquals(seen, [["succeeded", 3]]);
});

Deno.test("RunLogs writes much in batches that are small", async () => {
  using it = await leading();
  const taskId = await runningTask(it);
  const { context, end } = it.kind.at(0);
  const lines = Array.from({ length: 1734 }, (_, i) => `line ${i}`);
  context.log("stdout", lines.join("\n"));
  const written: number[] = [];
  it.store.db.listen({
    committed: () => written.push(it.store.stores.counters.logLines()),
  });
  await it.clock.advance(50);
  end(OK);
  for (let i = 0; i < 4; i++) await it.settle();
  assertEquals(written, [501, 1001, 1501, 1735]);
  assertEquals(all(it, taskId).slice(1).map((it) => it.message), lines);
});

Deno.test("RunLogs cuts lines that are too long, and keeps text that has NULs", async () => {
  using it = await leading();
  const taskId = await runningTask(it);
  const { context, end } = it.kind.at(0);
  const long = "x".repeat(65_535) + "🙂" + "y".repeat(10);
  context.log("stdout", long + "\na\0b\n");
  end(OK);
  await it.settle();
  const messages = entries(it, taskId).map((entry) => entry.message);
  assertEquals(messages.length, 3);
  assertEquals(messages.slice(0, 2).join(""), long);
  assertEquals(messages[2], "a\u{fffd}b");
});

Deno.test("RunLogs never holds back output, drops whole lines, and tells how many", async () => {
  using it = await leading();
  const taskId = await runningTask(it);
  const { context, end } = it.kind.at(0);
  let printed = 0;
  const print = (count: number) => {
    const lines = Array.from({ length: count }, () => `line ${++printed}`);
    // Pieces end anywhere.
    const text = lines.join("\n") + "\n";
    for (let at = 0; at < text.length; at += 60_001) {
      context.log("stdout", text.slice(at, at + 60_001));
    }
  };
  print(100_000);
  await it.clock.advance(300);
  print(100_000);
  context.note("info", "not the last word");
  end(OK);
  for (let i = 0; i < 100; i++) await it.settle();
  assertEquals(it.tasks.get(taskId).status, "succeeded");
  const seen = all(it, taskId).slice(1);
  let next = 1;
  let dropped = 0;
  for (const { stream, message } of seen) {
    if (stream === "stdout") {
      assertEquals(message, `line ${next++}`);
    } else if (message !== "not the last word") {
      const count = Number(
        /^log\.dropped: (\d+) lines of stdout/.exec(message)?.[1],
      );
      next += count;
      dropped += count;
    }
  }
  assertEquals(next, printed + 1);
  assertEquals(seen.at(-1)?.message, `line ${printed}`);
  assert(dropped > 100_000, `${dropped}`);
  const event = it.store.stores.events.after(0, 200).items
    .find(({ type }) => type === "log.dropped");
  assertEquals(event?.data, {
    run_id: "run_1",
    task_id: taskId,
    lines: dropped,
  });
});

Deno.test("RunLogs keeps output while the database does not take it", async () => {
  using it = await leading();
  const taskId = await runningTask(it);
  const { context, end } = it.kind.at(0);
  it.store.db.run("PRAGMA query_only = ON");
  context.log("stdout", "x\n".repeat(600));
  await it.clock.advance(2500);
  it.store.db.run("PRAGMA query_only = OFF");
  await it.clock.advance(1000);
  end(OK);
  await it.settle();
  assertEquals(it.store.stores.counters.logLines(), 601);
  assertEquals(it.tasks.get(taskId).status, "succeeded");
});

Deno.test("RunExecutor writes an outcome as soon as the database takes it again", async () => {
  using it = await leading();
  const taskId = await runningTask(it);
  it.store.db.run("PRAGMA query_only = ON");
  it.kind.at(0).context.log("stdout", "the last words");
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
