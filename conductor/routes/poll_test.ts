import { assert, assertEquals } from "@std/assert";
import type { Json } from "../../shared/testing/json.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";

async function create(
  { server }: TestConductor,
  command: string,
  rest: Record<string, unknown> = {},
): Promise<Json> {
  const body = { title: "x", kind: "exec", payload: { command }, ...rest };
  return await server.data("POST", "/v1/tasks", body);
}

function get({ server }: TestConductor, path: string): Promise<Json> {
  return server.data("GET", path);
}

/** Polls a log to its end, as an agent does. */
async function pollAll(it: TestConductor, path: string, limit: number) {
  const lines: Json[] = [];
  let after = 0;
  while (true) {
    const part = await get(
      it,
      `${path}?after=${after}&limit=${limit}&wait_ms=10000`,
    );
    lines.push(...part.entries);
    assertEquals(part.last_seq, part.entries.at(-1)?.seq ?? after);
    if (part.next.length === 0) return { lines, status: part.status };
    after = part.last_seq;
    assert(part.next[0].path.includes(`after=${after}`));
  }
}

function messages(entries: Json[]): string[] {
  return entries.map(({ message }) => message);
}

/** Codex is looked for at the start: waits until that is told. */
async function started(it: TestConductor): Promise<void> {
  await get(it, "/v1/events?after=1&wait_ms=20000");
}

async function refusal(it: TestConductor, path: string): Promise<string> {
  const response = await it.server.get(path);
  const { error } = await response.json();
  return `${response.status} ${error.details.issues[0].path}`;
}

Deno.test("A log is polled to its end without loss or repetition, whoever writes meanwhile", async () => {
  await using it = await testConductor();
  const { task_id } = await create(
    it,
    "for i in $(seq 1 30); do echo $i; test $((i % 10)) = 0 && sleep 0.1; done; true",
  );
  const { lines, status } = await pollAll(it, `/v1/tasks/${task_id}/logs`, 4);
  assertEquals(lines.map(({ seq }) => seq), lines.map((_, i) => i + 1));
  assertEquals(
    messages(lines).slice(1),
    lines.slice(1).map((_, i) => `${i + 1}`),
  );
  assertEquals([lines.length, status], [31, "succeeded"]);
  const past = await get(
    it,
    `/v1/tasks/${task_id}/logs?after=999&wait_ms=5000`,
  );
  assertEquals([past.count, past.last_seq, past.next], [0, 31, []]);
});

Deno.test("A log shows its end, one attempt, and plain text", async () => {
  await using it = await testConductor();
  const { task_id } = await create(it, "seq 1 25; exit 1", { max_attempts: 2 });
  await pollAll(it, `/v1/tasks/${task_id}/logs`, 200);
  const logs = `/v1/tasks/${task_id}/logs`;
  const tail = await get(it, `${logs}?tail=2`);
  assertEquals(messages(tail.entries), [
    "25",
    "EXEC_EXIT_NON_ZERO: Command exited with code 1.",
  ]);
  assertEquals([tail.last_seq, tail.gap, tail.next_cursor], [54, null, null]);

  const { runs } = await get(it, `/v1/runs?task_id=${task_id}`);
  const [second, first] = runs.map((run: Json) => run.run_id);
  for (const [run_id, start, attempt] of [[first, 1, 1], [second, 28, 2]]) {
    const page = await get(it, `${logs}?run_id=${run_id}&limit=200`);
    assertEquals(page.count, 27);
    assertEquals(page.entries[0].seq, start);
    assertEquals(page.entries[0].message, `Attempt ${attempt} of 2 starts`);
    assertEquals(new Set(page.entries.map((it: Json) => it.run_id)).size, 1);
    const last = await get(it, `${logs}?run_id=${run_id}&tail=1`);
    assertEquals(last.entries[0].seq, start + 26);
    const none = await get(
      it,
      `${logs}?run_id=${run_id}&after=${last.last_seq}&wait_ms=9000`,
    );
    assertEquals([none.count, none.last_seq], [0, start + 26]);
  }

  const text = await it.server.get(`${logs}?format=text&after=1&limit=3`);
  const { paths } = await (await it.server.get("/openapi.json")).json();
  const { content } = paths["/v1/tasks/{task_id}/logs"].get.responses[200];
  assertEquals(content["text/plain"], { schema: { type: "string" } });
  assertEquals(text.headers.get("content-type"), "text/plain; charset=utf-8");
  assertEquals(text.headers.get("x-last-seq"), "4");
  assertEquals(await text.text(), "1\n2\n3\n");
});

Deno.test("A log that is asked for what does not go together is refused", async () => {
  await using it = await testConductor();
  const { task_id } = await create(it, "seq 1 25");
  const logs = `/v1/tasks/${task_id}/logs`;
  await pollAll(it, logs, 200);
  const { next_cursor } = await get(it, logs);
  for (
    const [query, path] of [
      [`after=1&cursor=${next_cursor}`, "cursor"],
      ["tail=5&after=1", "tail"],
      ["tail=0", "tail"],
      ["wait_ms=55001", "wait_ms"],
      ["after=x", "after"],
      ["format=xml", "format"],
    ]
  ) assertEquals(await refusal(it, `${logs}?${query}`), `400 ${path}`, query);
  const resumed = await it.server.get(`${logs}?limit=1`, {
    headers: { "last-event-id": "7" },
  });
  assertEquals((await resumed.json()).data.entries[0].seq, 8);
  const wrong = await it.server.get(`${logs}?run_id=run_nope`);
  assertEquals([wrong.status, (await wrong.json()).error.code], [
    404,
    "NOT_FOUND",
  ]);
});

Deno.test("A run id in the place of a task id, and the other way round, is told so", async () => {
  await using it = await testConductor();
  const { task_id } = await create(it, "true");
  await pollAll(it, `/v1/tasks/${task_id}/logs`, 200);
  const { runs: [{ run_id }] } = await get(it, "/v1/runs");
  for (
    const [method, path, hint] of [
      ["GET", `/v1/tasks/${run_id}`, `it is a run, of task "${task_id}"`],
      ["GET", `/v1/tasks/${run_id}/logs`, `it is a run, of task "${task_id}"`],
      ["POST", `/v1/tasks/${run_id}/cancel`, "it is a run, of task"],
      ["GET", `/v1/runs/${task_id}`, "it is a task"],
    ] as const
  ) {
    const response = method === "GET"
      ? await it.server.get(path)
      : await it.server.post(path, {});
    const { error } = await response.json();
    assertEquals([response.status, error.code], [404, "NOT_FOUND"]);
    assert(error.message.includes(hint), error.message);
  }
  for (const list of ["runs", "audit"]) {
    const path = `/v1/${list}?task_id=${run_id}`;
    assertEquals(await refusal(it, path), "400 task_id");
  }
});

Deno.test("Events are polled: what is there, what comes, and nothing twice", async () => {
  await using it = await testConductor();
  await started(it);
  const start = await get(it, "/v1/events");
  assertEquals(start.last_seq, start.events.at(-1).seq);
  const waiting = get(
    it,
    `/v1/events?after=${start.last_seq}&wait_ms=20000`,
  );
  await it.server.data("POST", "/v1/system/pause");
  const news = await waiting;
  assertEquals(
    news.events.map((event: Json) => [event.seq, event.type]),
    [[start.last_seq + 1, "system.mode_changed"]],
  );
  const none = await get(it, `/v1/events?after=${news.last_seq}&wait_ms=20`);
  assertEquals([none.count, none.last_seq], [0, news.last_seq]);
  // A place that was never reached is another database's.
  const far = await get(it, "/v1/events?after=999999");
  assertEquals([far.count, far.last_seq], [0, news.last_seq]);

  const all = await get(it, "/v1/events?after=0&limit=200");
  assertEquals(all.events[0].seq, 1);
  const first = await get(it, "/v1/events?after=0&limit=1");
  const rest = await get(it, `/v1/events?cursor=${first.next_cursor}`);
  assertEquals([...first.events, ...rest.events], all.events);
  assertEquals(
    await refusal(it, `/v1/events?after=1&cursor=${first.next_cursor}`),
    "400 cursor",
  );
});

Deno.test("A poll is let go of when its caller leaves and when the daemon stops", async () => {
  await using it = await testConductor();
  await started(it);
  const leave = new AbortController();
  const { last_seq } = await get(it, "/v1/events");
  const path = `/v1/events?after=${last_seq}&wait_ms=50000`;
  const gone = it.server.get(path, { signal: leave.signal });
  leave.abort();
  await gone.catch(() => {});
  const { task_id } = await create(it, "sleep 60", { timeout_ms: 1500 });
  await get(it, `/v1/tasks/${task_id}/logs?wait_ms=20000`);
  const { runs: [{ run_id }] } = await get(it, "/v1/runs");
  const { last_seq: last } = await get(it, "/v1/events");
  const held = [
    `/v1/events?after=${last}&wait_ms=50000`,
    "/v1/audit?actor=nobody&wait_ms=50000",
    `/v1/tasks/${task_id}/logs?after=1&wait_ms=50000`,
    `/v1/runs/${run_id}/output?wait_ms=50000`,
  ].map((it_path) => it.server.get(it_path));
  await new Promise((resolve) => setTimeout(resolve, 100));
  it.daemon.quiesce();
  for (const answer of await Promise.all(held)) {
    assertEquals((await answer.json()).ok, true);
  }
});
