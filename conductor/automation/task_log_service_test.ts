import { assertEquals, assertThrows } from "@std/assert";
import { AppError } from "../../shared/errors.ts";
import type { StreamEvent } from "../../shared/http/route.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import {
  AS_OWNER,
  automationAt,
  type Fixture,
  leading,
  newTask,
  OK,
  sharedDatabase,
} from "../testing/automation_fixture.ts";

const START = "1 Attempt 1 of 1 starts";

/** Reads a stream into a list until it ends. */
function collect<T>(news: AsyncIterable<T>) {
  const items: T[] = [];
  const done = (async () => {
    for await (const it of news) items.push(it);
  })();
  return { items, done };
}

function words(news: readonly StreamEvent[]): string[] {
  return news.map(({ event, id, data }) => {
    const it = data as Readonly<Record<string, unknown>>;
    if (event === "end") return String(it.status);
    assertEquals(id, event === "gap" ? it.to_seq : it.seq);
    return event === "gap"
      ? `gap ${it.from_seq}-${it.to_seq}`
      : `${it.seq} ${it.message}`;
  });
}

async function running(it: Fixture) {
  const { task } = await it.tasks.create(newTask(), AS_OWNER);
  await it.settle();
  return { ...it.kind.at(it.kind.runs.length - 1), taskId: task.task_id };
}

Deno.test("TaskLogService.follow() gives what is there, what comes, and the end", async () => {
  using it = await leading();
  const { taskId, context, end } = await running(it);
  context.log("stdout", "a\nb\n");
  await it.clock.advance(50);
  const left = new AbortController();
  const all = collect(it.taskLogs.follow(taskId, { after: 0 }, left.signal));
  const rest = collect(it.taskLogs.follow(taskId, { after: 2 }, left.signal));
  await it.settle();
  assertEquals(words(all.items), [START, "2 a", "3 b"]);
  context.log("stdout", "c\n");
  await it.clock.advance(50);
  assertEquals(words(rest.items), ["3 b", "4 c"]);
  end(OK);
  await it.settle();
  await all.done;
  await rest.done;
  assertEquals(words(all.items), [
    START,
    "2 a",
    "3 b",
    "4 c",
    "succeeded",
  ]);
  assertEquals(words(rest.items), ["3 b", "4 c", "succeeded"]);
  const after = collect(it.taskLogs.follow(taskId, { after: 4 }, left.signal));
  await after.done;
  assertEquals(words(after.items), ["succeeded"]);
});

Deno.test("TaskLogService.follow() ends when its reader leaves", async () => {
  using it = await leading();
  const { taskId, end } = await running(it);
  const left = new AbortController();
  const all = collect(it.taskLogs.follow(taskId, { after: 0 }, left.signal));
  await it.settle();
  left.abort();
  await all.done;
  assertEquals(words(all.items), [START]);
  end(OK);
  await it.settle();
});

Deno.test("TaskLogService.follow() says which lines retention has removed", async () => {
  using it = await leading();
  const { taskId, context, end } = await running(it);
  context.log("stdout", "a\nb\nc\nd\n");
  end(OK);
  await it.settle();
  const { stores, db } = it.store;
  const seq = stores.tasks.get(taskId)?.seq ?? 0;
  db.write(() => stores.logs.trim(seq, 2));
  const never = new AbortController().signal;
  const some = collect(it.taskLogs.follow(taskId, { after: 1 }, never));
  await some.done;
  assertEquals(words(some.items), [
    "gap 2-2",
    "3 b",
    "4 c",
    "5 d",
    "succeeded",
  ]);
  db.write(() => stores.logs.trim(seq, 9));
  const none = collect(it.taskLogs.follow(taskId, { after: 1 }, never));
  await none.done;
  assertEquals(words(none.items), ["gap 2-5", "succeeded"]);
});

Deno.test("TaskLogService.follow() sees what another process writes", async () => {
  await using file = await sharedDatabase();
  const clock = new FakeClock();
  using one = automationAt({ path: file.path, clock, instance: "one" });
  using two = automationAt({ path: file.path, clock, instance: "two" });
  one.start();
  two.start();
  const { taskId, context, end } = await running(one);
  const left = new AbortController();
  const all = collect(two.taskLogs.follow(taskId, { after: 0 }, left.signal));
  context.log("stdout", "a\n");
  await clock.advance(600);
  assertEquals(words(all.items), [START, "2 a"]);
  end(OK);
  await clock.advance(600);
  await all.done;
  assertEquals(words(all.items), [START, "2 a", "succeeded"]);
});

Deno.test("TaskLogService refuses a task that is not there", async () => {
  using it = await leading();
  const never = new AbortController().signal;
  for (
    const action of [
      () => it.taskLogs.follow("nope", {}, never),
      () => it.taskLogs.read("nope", { limit: 1 }),
    ]
  ) {
    assertEquals(assertThrows(action, AppError).code, "NOT_FOUND");
  }
});
