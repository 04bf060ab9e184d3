import { assert, assertEquals } from "@std/assert";
import type { Json } from "../../shared/testing/json.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";

function body(command: string, rest: Record<string, unknown> = {}) {
  return { title: "x", kind: "exec", payload: { command }, ...rest };
}

async function post({ server }: TestConductor, path: string, sent: unknown) {
  const response = await server.post(path, sent);
  const { data, error }: Json = await response.json();
  return { status: response.status, data, error, headers: response.headers };
}

Deno.test("POST /v1/tasks?wait_ms answers 201 with the ended task and its last lines, or 202 with the next calls", async () => {
  await using it = await testConductor();
  const path = "/v1/tasks?wait_ms=20000";
  const done = await post(it, path, body("seq 1 30; exit 3"));
  assertEquals(done.status, 201);
  assertEquals(done.data.status, "failed");
  assertEquals(done.data.latest_run.outcome.result.exit_code, 3);
  const { entries, last_seq } = done.data.log;
  assertEquals([entries.length, last_seq], [20, 32]);
  assertEquals(entries.at(-2).message, "30");
  const leads = ({ next }: Json) =>
    next.map(({ method, path }: Json) =>
      `${method} ${path.replace(/(task|run)_[\w-]+/, "$1")}`
    );
  const all = [
    "GET /v1/tasks/task/logs?tail=100",
    "GET /v1/runs/run/output",
    "POST /v1/tasks/task/retry",
  ];
  assertEquals(leads(done.data), all);
  for (const { method, path } of done.data.next) {
    const response = await it.server.send(method, path);
    assertEquals(response.ok, true, path);
    await response.body?.cancel();
  }
  const { latest_run: { run_id }, task_id } = done.data;
  const task: Json = await it.server.data("GET", `/v1/tasks/${task_id}`);
  assertEquals(leads(task), all);
  const run: Json = await it.server.data("GET", `/v1/runs/${run_id}`);
  assertEquals(leads(run), [
    "GET /v1/runs/run/output",
    "GET /v1/tasks/task",
  ]);
  const location = `/v1/tasks/${done.data.task_id}`;
  assertEquals(done.headers.get("location"), location);

  const slow = await post(it, "/v1/tasks?wait_ms=50", body("sleep 60"));
  assertEquals(slow.status, 202);
  assertEquals("log" in slow.data, false);
  for (const { method, path } of slow.data.next) {
    const response = method === "GET"
      ? await it.server.get(path.replace("30000", "0"))
      : await it.server.post(path, {});
    assertEquals(response.status, 200, path);
    await response.body?.cancel();
  }
  const ended: Json = await it.server.data(
    "GET",
    `/v1/tasks/${slow.data.task_id}`,
  );
  assertEquals([ended.status, ended.error.code], ["canceled", "CANCELED"]);

  const plain = await post(it, "/v1/tasks", body("true"));
  assertEquals([plain.status, plain.data.status], [201, "queued"]);
  assertEquals(plain.data.next.length, 3);
  const long = await post(it, "/v1/tasks?wait_ms=55001", body("true"));
  assertEquals(long.status, 400);
});

Deno.test("No task is made when its answer cannot be held", async () => {
  await using it = await testConductor();
  await it.server.data("POST", "/v1/system/pause");
  const { last_seq } = await it.server.data<{ last_seq: number }>(
    "GET",
    "/v1/events",
  );
  const later = last_seq + 1000;
  const leave = new AbortController();
  const held = Array.from(
    { length: 64 },
    () =>
      it.server.post(
        `/v1/tasks?wait_ms=50000`,
        body("true", { labels: ["a"] }),
        {
          signal: leave.signal,
        },
      ),
  );
  let count = 0;
  while (count < 64) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    ({ count } = await it.server.data<{ count: number }>(
      "GET",
      "/v1/tasks?label=a&limit=200",
    ));
  }
  const refused = await post(it, "/v1/tasks?wait_ms=1000", body("true"));
  assertEquals([refused.status, refused.error.code], [
    429,
    "TOO_MANY_REQUESTS",
  ]);
  assertEquals(refused.headers.get("retry-after"), "5");
  const poll = await it.server.get(`/v1/events?after=${later}&wait_ms=9000`);
  assertEquals(poll.status, 429);
  await poll.body?.cancel();
  const all: Json = await it.server.data("GET", "/v1/tasks?limit=200");
  assertEquals(all.count, 64);
  leave.abort();
  const answers = await Promise.all(held);
  assertEquals(new Set(answers.map(({ status }) => status)), new Set([202]));
  await Promise.all(answers.map((answer) => answer.body?.cancel()));
});

Deno.test("POST /v1/tasks/:task_id/retry makes a new task of the same work", async () => {
  await using it = await testConductor();
  const first = await post(
    it,
    "/v1/tasks?wait_ms=20000",
    body("exit 4", {
      title: "Build",
      priority: 3,
      labels: ["ci"],
      payload: { command: "exit 4", timeoutMs: 9000 },
    }),
  );
  const { task_id } = first.data;
  const again = await post(it, `/v1/tasks/${task_id}/retry`, undefined);
  assertEquals(again.status, 201);
  const { title, priority, labels, payload, timeout_ms, retry_of } = again.data;
  assertEquals({ title, priority, labels, payload, timeout_ms, retry_of }, {
    title: "Build",
    priority: 3,
    labels: ["ci"],
    payload: { command: "exit 4", timeoutMs: 9000 },
    timeout_ms: 9000,
    retry_of: task_id,
  });
  assert(again.data.task_id !== task_id);
  assertEquals(first.data.retry_of, null);
  const old: Json = await it.server.data("GET", `/v1/tasks/${task_id}`);
  assertEquals([old.status, old.attempts], ["failed", 1]);

  await it.server.data("POST", "/v1/system/pause");
  const live = await post(it, "/v1/tasks", body("true"));
  const early = await post(it, `/v1/tasks/${live.data.task_id}/retry`, {});
  assertEquals([early.status, early.error.code], [409, "CONFLICT"]);
  const none = await post(it, "/v1/tasks/task_none/retry", {});
  assertEquals(none.status, 404);
});

Deno.test("A task that had env or stdin is retried only with them given anew", async () => {
  await using it = await testConductor();
  const first = await post(
    it,
    "/v1/tasks?wait_ms=20000",
    body("", {
      payload: { command: 'echo "$WORD"; cat', env: { WORD: "a" }, stdin: "b" },
    }),
  );
  const retry = `/v1/tasks/${first.data.task_id}/retry`;
  for (
    const [given, missing] of [
      [{}, ["env", "stdin"]],
      [{ env: { WORD: "c" } }, ["stdin"]],
      [{ stdin: "" }, ["env"]],
    ]
  ) {
    const refused = await post(it, retry, { payload: given });
    assertEquals([refused.status, refused.error.code], [409, "CONFLICT"]);
    assertEquals(refused.error.details, { missing });
    assert(refused.error.message.includes("give them anew"));
  }
  const other = await post(it, retry, { payload: { command: "id" } });
  assertEquals(other.status, 400);
  const again = await post(it, retry, {
    payload: { env: { WORD: "c" }, stdin: "d\n" },
  });
  assertEquals(again.status, 201);
  const log: Json = await it.server.data(
    "GET",
    `/v1/tasks/${again.data.task_id}/logs?after=2&wait_ms=9000`,
  );
  assertEquals(log.entries[0].message, "d");
});

Deno.test("POST /v1/tasks/cancel ends what is meant, and nothing else", async () => {
  await using it = await testConductor();
  const running = await post(
    it,
    "/v1/tasks",
    body("sleep 60", { labels: ["a"] }),
  );
  await it.server.data(
    "GET",
    `/v1/tasks/${running.data.task_id}/logs?wait_ms=9000`,
  );
  await it.server.data("POST", "/v1/system/pause");
  const ids: string[] = [];
  for (let i = 0; i < 230; i++) {
    const labels = i % 2 === 0 ? ["a"] : ["b"];
    ids.push(
      (await post(it, "/v1/tasks", body("true", { labels }))).data.task_id,
    );
  }
  for (const bad of [{}, { lable: "a" }, { status: "failed" }]) {
    assertEquals((await post(it, "/v1/tasks/cancel", bad)).status, 400);
  }
  const none = await post(it, "/v1/tasks/cancel", { kind: "codex" });
  assertEquals(none.data, { count: 0, task_ids: [] });
  const queued = await post(it, "/v1/tasks/cancel", {
    label: "a",
    status: "queued",
  });
  assertEquals(queued.data.count, 115);
  assertEquals(
    new Set(queued.data.task_ids),
    new Set(ids.filter((_, i) => i % 2 === 0)),
  );
  const rest = await post(it, "/v1/tasks/cancel", { label: "a" });
  assertEquals(rest.data, { count: 1, task_ids: [running.data.task_id] });
  const ended: Json = await it.server.data(
    "GET",
    `/v1/tasks/${running.data.task_id}`,
  );
  assertEquals([ended.status, ended.latest_run.status], [
    "canceled",
    "canceled",
  ]);
  const { counters } = await it.server.data<Json>("GET", "/v1/system/state")
    .then(({ queue }) => ({ counters: queue }));
  assertEquals(counters.queued_tasks, 115);
});
