import { assert, assertEquals } from "@std/assert";
import type { Json } from "../../shared/testing/json.ts";
import { readUntil } from "../../shared/testing/sse_reader.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";

const EVENTS = { headers: { accept: "text/event-stream" } };

async function create(
  it: TestConductor,
  command: string,
  rest: Record<string, unknown> = {},
): Promise<Json> {
  return await it.server.data("POST", "/v1/tasks", {
    title: command,
    kind: "exec",
    payload: { command },
    ...rest,
  });
}

/** Follows a task's log to its end. */
async function follow(
  it: TestConductor,
  taskId: string,
  { headers = {}, query = "" } = {},
) {
  const response = await it.server.get(`/v1/tasks/${taskId}/logs${query}`, {
    headers: { ...EVENTS.headers, ...headers },
  });
  assertEquals(
    response.headers.get("content-type"),
    "text/event-stream; charset=utf-8",
  );
  return await readUntil(response, ({ event }) => event === "end");
}

Deno.test("A task runs its command, and list, task, run and log tell of it", async () => {
  await using it = await testConductor();
  const response = await it.server.post("/v1/tasks", {
    title: "Say hello",
    kind: "exec",
    payload: { command: "echo hello from local api" },
    labels: ["demo"],
  });
  assertEquals(response.status, 201);
  const { data: task } = await response.json();
  assertEquals(task.status, "queued");
  const events = await follow(it, task.task_id);
  assertEquals(events.map(({ event, id }) => [event, id]), [
    ["log", "1"],
    ["log", "2"],
    ["end", undefined],
  ]);
  assertEquals(events[2]?.data, {
    task_id: task.task_id,
    status: "succeeded",
  });

  const log: Json = await it.server.data(
    "GET",
    `/v1/tasks/${task.task_id}/logs?limit=10`,
  );
  assertEquals([log.task_id, log.count], [task.task_id, 2]);
  const [start, hello] = log.entries;
  assertEquals([start.stream, start.message], [
    "system",
    "Attempt 1 of 1 starts",
  ]);
  assertEquals(hello.message, "hello from local api");
  assertEquals(hello, events[1]?.data);

  const read: Json = await it.server.data("GET", `/v1/tasks/${task.task_id}`);
  assertEquals(read.status, "succeeded");
  assertEquals(read.payload, { command: "echo hello from local api" });
  assertEquals(read.latest_run.outcome.result.exit_code, 0);

  const list: Json = await it.server.data(
    "GET",
    "/v1/tasks?status=succeeded&kind=exec&label=demo&limit=5",
  );
  assertEquals(list.count, 1);
  assertEquals(list.tasks[0].task_id, task.task_id);
  assertEquals("payload" in list.tasks[0], false);

  const runs: Json = await it.server.data(
    "GET",
    `/v1/runs?task_id=${task.task_id}&status=succeeded`,
  );
  assertEquals(runs.runs, [read.latest_run]);
  const { run_id } = read.latest_run;
  const { next, ...run }: Json = await it.server.data(
    "GET",
    `/v1/runs/${run_id}`,
  );
  assertEquals(run, read.latest_run);
  assertEquals(next[0].path, `/v1/runs/${run_id}/output`);
});

Deno.test("A log is followed from a cursor of its list, and a bad one is refused", async () => {
  await using it = await testConductor();
  const { task_id } = await create(it, "printf '1\\n2\\n3\\n'");
  await follow(it, task_id);
  const page: Json = await it.server.data(
    "GET",
    `/v1/tasks/${task_id}/logs?limit=2`,
  );
  const query = `?cursor=${page.next_cursor}`;
  const rest = await follow(it, task_id, { query });
  assertEquals(rest.map(({ id }) => id), ["3", "4", undefined]);
  const refused = await it.server.get(
    `/v1/tasks/${task_id}/logs?cursor=x`,
    EVENTS,
  );
  assertEquals(refused.status, 400);
  assertEquals((await refused.json()).error.code, "INVALID_INPUT");
});

Deno.test("A failed command fails its task with the reason of the host operation", async () => {
  await using it = await testConductor();
  const { task_id } = await create(it, "echo out; echo err >&2; exit 3");
  const events = await follow(it, task_id);
  assertEquals(
    events.map(({ data }) => data.message ?? data.status).toSorted(),
    [
      "Attempt 1 of 1 starts",
      "EXEC_EXIT_NON_ZERO: Command exited with code 3.",
      "err",
      "failed",
      "out",
    ],
  );
  const task: Json = await it.server.data("GET", `/v1/tasks/${task_id}`);
  assertEquals(task.error.code, "EXEC_EXIT_NON_ZERO");
  assertEquals(task.latest_run.outcome.result.exit_code, 3);
});

Deno.test("A task that is canceled takes everything with it that it started", async () => {
  await using it = await testConductor();
  const marker = `${it.folder}/alive`;
  const started = await create(
    it,
    `trap '' TERM; (while :; do touch '${marker}'; sleep 0.05; done) & echo up; wait`,
  );
  const log = await it.server.get(`/v1/tasks/${started.task_id}/logs`, EVENTS);
  await readUntil(log, ({ data }) => data.message === "up");
  const canceled: Json = await it.server.data(
    "POST",
    `/v1/tasks/${started.task_id}/cancel`,
  );
  assertEquals(canceled.status, "canceled");
  assertEquals(canceled.latest_run.status, "canceled");
  await Deno.remove(marker);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assertEquals(
    await Deno.stat(marker).catch(() => undefined),
    undefined,
    "a grandchild goes on",
  );
  const again = await it.server.post(
    `/v1/tasks/${started.task_id}/cancel`,
  );
  assertEquals(again.status, 200);
  await again.body?.cancel();
});

Deno.test("A task that takes too long is ended with TASK_TIMEOUT", async () => {
  await using it = await testConductor();
  const { task_id } = await create(it, "sleep 60", {
    timeout_ms: 200,
  });
  await follow(it, task_id);
  const task: Json = await it.server.data("GET", `/v1/tasks/${task_id}`);
  assertEquals([task.status, task.error.code], ["failed", "TASK_TIMEOUT"]);
});

Deno.test("A log is resumed after the last line that was read", async () => {
  await using it = await testConductor();
  const { task_id } = await create(it, "seq 1 300");
  const all = await follow(it, task_id);
  assertEquals(
    all.slice(1, -1).map(({ data }) => data.message),
    Array.from({ length: 300 }, (_, index) => `${index + 1}`),
  );
  const rest = await follow(it, task_id, {
    headers: { "last-event-id": "299" },
  });
  assertEquals(rest.map(({ data }) => data.message ?? data.status), [
    "299",
    "300",
    "succeeded",
  ]);
  const bad = await it.server.get(`/v1/tasks/${task_id}/logs`, {
    headers: { ...EVENTS.headers, "last-event-id": "x" },
  });
  assertEquals(bad.status, 400);
  await bad.body?.cancel();
});

Deno.test("POST /v1/tasks with an Idempotency-Key makes one task", async () => {
  await using it = await testConductor();
  await it.server.data("POST", "/v1/system/pause");
  const body = { title: "once", kind: "exec", payload: { command: "true" } };
  const post = (it_body: unknown, key = "key-1") =>
    it.server.post("/v1/tasks", it_body, {
      headers: { "idempotency-key": key },
    });
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => post(body)));
  assertEquals(answers.map(({ status }) => status), [201, 201, 201, 201, 201]);
  const ids = new Set(
    await Promise.all(
      answers.map(async (it) => (await it.json()).data.task_id),
    ),
  );
  assertEquals(ids.size, 1);
  assertEquals(
    answers.filter((it) => it.headers.has("idempotency-replayed")).length,
    4,
  );
  const other = await post({ ...body, title: "twice" });
  assertEquals(other.status, 409);
  assertEquals((await other.json()).error.code, "CONFLICT");
  const bad = await post(body, "has space");
  assertEquals(bad.status, 400);
  await bad.body?.cancel();
});

Deno.test("POST /v1/tasks refuses what it cannot run, naming each fault", async () => {
  await using it = await testConductor();
  const good = { title: "t", kind: "exec", payload: { command: "true" } };
  for (
    const [change, path] of [
      [{ title: "" }, "title"],
      [{ title: undefined }, "title"],
      [{ kind: "nope" }, "kind"],
      [{ payload: "true" }, "payload"],
      [{ payload: {} }, "payload.command"],
      [{ payload: { command: "true", timeoutMS: 5 } }, "payload.timeoutMS"],
      [{ payload: { command: "true", timeoutMs: -5 } }, "payload.timeoutMs"],
      [{ priority: 1.5 }, "priority"],
      [{ priority: "high" }, "priority"],
      [{ not_before: "tomorrow" }, "not_before"],
      [{ max_attempts: 0 }, "max_attempts"],
      [{ timeout_ms: 2_147_483_648 }, "timeout_ms"],
      [
        { timeout_ms: 5, payload: { command: "true", timeoutMs: 5 } },
        "timeout_ms",
      ],
      [{ labels: ["ok", ""] }, "labels.1"],
      [{ labels: "x" }, "labels"],
      [{ retry_lost: "yes" }, "retry_lost"],
      [{ prioritty: 1 }, "prioritty"],
    ] as const
  ) {
    const response = await it.server.post("/v1/tasks", { ...good, ...change });
    const { error } = await response.json();
    assertEquals([response.status, error.code], [400, "INVALID_INPUT"]);
    assertEquals(error.details.issues[0].path, path);
  }
  assertEquals((await it.server.data("GET", "/v1/tasks")).count, 0);
});

Deno.test("Lists refuse a bad limit, cursor, status and filter", async () => {
  await using it = await testConductor();
  for (
    const path of [
      "/v1/tasks?limit=0",
      "/v1/tasks?limit=201",
      "/v1/tasks?limit=-1",
      "/v1/tasks?limit=1.5",
      "/v1/tasks?limit=1e2",
      "/v1/tasks?limit=abc",
      "/v1/tasks?limit=",
      "/v1/tasks?limit=5&limit=6",
      "/v1/tasks?cursor=abc",
      "/v1/tasks?cursor=",
      "/v1/tasks?status=done",
      "/v1/tasks?stauts=queued",
      "/v1/runs?limit=1000",
      "/v1/runs?status=queued",
      "/v1/controllers?limit=x",
      "/v1/controllers?cursor=x",
      "/v1/audit?cursor=x",
    ]
  ) {
    const response = await it.server.get(path);
    assertEquals(response.status, 400, path);
    const { error } = await response.json();
    assertEquals(error.code, "INVALID_INPUT");
    assert(error.details.issues.length > 0);
  }
  for (
    const path of ["/v1/tasks/nope", "/v1/tasks/nope/logs", "/v1/runs/nope"]
  ) {
    const response = await it.server.get(path);
    assertEquals(response.status, 404, path);
    assertEquals((await response.json()).error.code, "NOT_FOUND");
  }
  const missing = await it.server.get("/v1/tasks/nope/logs", EVENTS);
  assertEquals(missing.status, 404);
  await missing.body?.cancel();
});

Deno.test("GET /v1/events tells what happens and resumes", async () => {
  await using it = await testConductor();
  const live = await it.server.get("/v1/events", EVENTS);
  await it.server.data("POST", "/v1/system/pause", { reason: "why" });
  const events = await readUntil(
    live,
    ({ event }) => event === "system.mode_changed",
  );
  const last = events.at(-1);
  assertEquals(String(last?.data.seq), last?.id);
  assertEquals(last?.data.data.reason, "why");
  await it.server.data("POST", "/v1/system/resume");
  const resumed = await it.server.get("/v1/events", {
    headers: { ...EVENTS.headers, "last-event-id": last?.id ?? "" },
  });
  const [next] = await readUntil(resumed, () => true);
  assertEquals(next?.id, String(Number(last?.id) + 1));
  assertEquals(next?.data.data.mode, "running");
  const all = await it.server.get("/v1/events?after=0", EVENTS);
  assertEquals((await readUntil(all, () => true))[0]?.id, "1");
});

Deno.test("What a task runs does not know the token", async () => {
  await using it = await testConductor({
    BAA_SHARED_TOKEN: "planted-secret-4711",
  });
  const headers = { authorization: "Bearer planted-secret-4711" };
  const response = await it.server.post("/v1/tasks", {
    title: "env",
    kind: "exec",
    payload: { command: "env" },
  }, { headers });
  const { data: { task_id } } = await response.json();
  const log = await follow(it, task_id, { headers });
  assert(!JSON.stringify(log).includes("planted-secret"));
});

Deno.test("POST /v1/tasks is audited with what it made, and without its payload", async () => {
  await using conductor = await testConductor();
  const task = await conductor.server.data<{ task_id: string }>(
    "POST",
    "/v1/tasks",
    { title: "Audited", kind: "exec", payload: { command: "echo canary-31" } },
  );
  const { entries } = await conductor.server.data<{
    entries: Record<string, unknown>[];
  }>("GET", "/v1/audit?limit=200");
  const rows = entries.filter((it) => it.action === "tasks.create");
  assertEquals(rows.map((it) => it.phase).sort(), ["intent", "outcome"]);
  const of = (phase: string) => rows.find((it) => it.phase === phase);
  assertEquals(of("intent")?.target, { kind: "exec", title: "Audited" });
  assertEquals(of("outcome")?.facts, { task_id: task.task_id });
  assertEquals(JSON.stringify(rows).includes("canary-31"), false);
});
