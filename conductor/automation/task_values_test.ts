import { assert, assertEquals } from "@std/assert";
import type { Json } from "../../shared/testing/json.ts";
import { readUntil } from "../../shared/testing/sse_reader.ts";
import {
  AS_OWNER,
  automationAt,
  FAILED,
  type Fixture,
  leading,
  LEASE_MS,
  newTask,
  OK,
  sharedDatabase,
} from "../testing/automation_fixture.ts";
import { testConductor } from "../testing/test_conductor.ts";

const PAYLOAD = {
  title: "x",
  env: { NAME: "planted-in-env", OTHER: "planted, too" },
  stdin: "planted-in-stdin",
};
const SHOWN = {
  title: "x",
  env: { NAME: "***", OTHER: "***" },
  stdin: "***",
};

/** The payload in the row itself. */
function stored(it: Fixture, taskId: string): unknown {
  const row = it.store.stores.tasks.get(taskId);
  return JSON.parse(row?.payload ?? "null");
}

Deno.test("The values of env and stdin are shown nowhere, and with the task's last attempt they are gone", async () => {
  using it = await leading();
  const task = newTask({ payload: PAYLOAD, max_attempts: 2 });
  const options = { ...AS_OWNER, key: "one" };
  const { task: made } = await it.tasks.create(task, options);
  assertEquals(made.payload, SHOWN);
  await it.settle();
  assertEquals(it.tasks.get(made.task_id).payload, SHOWN);
  assertEquals((await it.tasks.create(task, options)).task.payload, SHOWN);
  assertEquals(it.kind.at(0).payload, PAYLOAD);
  it.kind.at(0).end(FAILED);
  await it.settle();
  assertEquals(stored(it, made.task_id), PAYLOAD);
  await it.clock.advance(1000);
  assertEquals(it.kind.at(1).payload, PAYLOAD);
  it.kind.at(1).end(OK);
  await it.settle();
  assertEquals(stored(it, made.task_id), SHOWN);
  const again = await it.tasks.create(task, options);
  assertEquals([again.replayed, again.task.payload], [true, SHOWN]);
  assertEquals(again.task.task_id, made.task_id);
});

Deno.test("A task that fails or is canceled in the queue loses the values of env and stdin", async () => {
  using it = await leading({ width: 1 });
  const fails =
    (await it.tasks.create(newTask({ payload: PAYLOAD }), AS_OWNER)).task;
  const waits =
    (await it.tasks.create(newTask({ payload: PAYLOAD }), AS_OWNER)).task;
  await it.settle();
  const { signal } = new AbortController();
  const canceled = await it.tasks.cancel(waits.task_id, signal);
  assertEquals([canceled.status, canceled.payload], ["canceled", SHOWN]);
  assertEquals(stored(it, waits.task_id), SHOWN);
  assertEquals(stored(it, fails.task_id), PAYLOAD);
  it.kind.at(0).end(FAILED);
  await it.settle();
  assertEquals(stored(it, fails.task_id), SHOWN);
});

Deno.test("A task whose run a crash cut off loses the values of env and stdin, unless it is tried again", async () => {
  await using database = await sharedDatabase();
  const one = await leading({ path: database.path });
  const make = async (retry_lost: boolean) => {
    const task = newTask({ payload: PAYLOAD, retry_lost });
    return (await one.tasks.create(task, AS_OWNER)).task.task_id;
  };
  const ends = await make(false);
  const goesOn = await make(true);
  await one.settle();
  one[Symbol.dispose]();
  using two = automationAt({
    path: database.path,
    clock: one.clock,
    instance: "instance_2",
    newId: (name) => `${name}_of_two_${crypto.randomUUID()}`,
  });
  two.start();
  await two.clock.advance(LEASE_MS);
  await two.settle();
  assertEquals(stored(two, ends ?? ""), SHOWN);
  assertEquals(stored(two, goesOn ?? ""), PAYLOAD);
  await two.clock.advance(1000);
  assertEquals(two.kind.at(0).payload, PAYLOAD);
});

Deno.test("A conductor leaves no value of env or stdin in its files once the task has ended", async () => {
  await using it = await testConductor();
  const task: Json = await it.server.data("POST", "/v1/tasks", {
    title: "values",
    kind: "exec",
    payload: {
      command: 'test "$NAME" = planted-in-env && test "$(wc -c)" -eq 34000',
      env: { NAME: "planted-in-env" },
      stdin: "planted-in-stdin\n".repeat(2000),
    },
  });
  assertEquals(task.payload.env, { NAME: "***" });
  assertEquals(task.payload.stdin, "***");
  const log = await it.server.get(`/v1/tasks/${task.task_id}/logs`, {
    headers: { accept: "text/event-stream" },
  });
  await readUntil(log, ({ event }) => event === "end");
  const read: Json = await it.server.data("GET", `/v1/tasks/${task.task_id}`);
  assertEquals(read.status, "succeeded");
  assertEquals(read.payload, { ...task.payload });
  for (const path of ["/v1/tasks", "/v1/events?limit=100", "/v1/audit"]) {
    const text = await (await it.server.get(path)).text();
    assertEquals(text.includes("planted-in-stdin"), false, path);
  }
  it.daemon.quiesce();
  await it.daemon.stopWork();
  await it.daemon.close();
  const database = await Deno.readFile(
    `${it.folder}/state/conductor/conductor.db`,
  );
  const text = new TextDecoder().decode(database);
  assert(text.includes(task.task_id));
  assertEquals(text.includes("planted-in-stdin"), false);
});
