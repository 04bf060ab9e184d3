import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Json } from "../../shared/testing/json.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";

async function exec(
  it: TestConductor,
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly answer: Json }> {
  const response = await it.server.post("/v1/exec", body, { headers });
  return { status: response.status, answer: await response.json() };
}

async function ended(it: TestConductor, taskId: string): Promise<Json> {
  const response = await it.server.get(`/v1/tasks/${taskId}/logs`, {
    headers: { accept: "text/event-stream" },
  });
  await response.text();
  return await it.server.data("GET", `/v1/tasks/${taskId}`);
}

Deno.test("A detached command that ends in time is answered as any other, with its task", async () => {
  await using it = await testConductor();
  const { status, answer } = await exec(it, {
    command: "printf out; printf err >&2; exit 3",
    detach: true,
    waitMs: 20_000,
  });
  assertEquals(status, 200);
  const { ok, error, result, taskId, input } = answer.data;
  assertEquals([ok, error.code], [false, "EXEC_EXIT_NON_ZERO"]);
  assertEquals(
    [result.stdout, result.stderr, result.exitCode, result.truncated],
    ["out", "err", 3, false],
  );
  assertEquals([input.timeoutMs, input.waitMs], [0, 20_000]);
  const task: Json = await it.server.data("GET", `/v1/tasks/${taskId}`);
  assertEquals(task.title, "printf out; printf err >&2; exit 3");
  assertEquals([task.timeout_ms, task.effective_timeout_ms], [null, null]);
  const good = await exec(it, { command: "echo é", detach: true, waitMs: 9e3 });
  assertEquals(good.answer.data.result.stdout, "é\n");
  const large = await exec(it, {
    command: "yes é | head -c 300000; printf '\\377'",
    detach: true,
    waitMs: 20_000,
  });
  const { stdout, stdoutBytes } = large.answer.data.result;
  assertEquals(stdout === "é\n".repeat(100_000) + "\ufffd", true);
  assertEquals(stdoutBytes, 300_001);
});

Deno.test("A detached command that goes on is answered 202 with the calls that follow and end it", async () => {
  await using it = await testConductor({ BAA_MAX_CONCURRENT_RUNS: "1" });
  await it.server.data("POST", "/v1/system/pause");
  const { status, answer } = await exec(it, {
    command: "echo begun; sleep 60",
    detach: true,
    env: { WORD: "plain-word" },
    stdin: "plain-word",
  });
  assertEquals(status, 202);
  const { ok, operation, pending, taskId, runId, next } = answer.data;
  assertEquals([ok, operation, pending], [true, "exec", true]);
  assert(next[0].path.includes(runId));
  const { env, stdin } = answer.data.input;
  assertEquals([env, stdin], [{ WORD: "***" }, "***"]);
  for (const { method, path } of next) {
    const answer: Json = await it.server.data(
      method,
      path.replace(/wait_ms=\d+/, "wait_ms=10"),
    );
    if (path.includes("stdout")) assertEquals(answer.running, true);
  }
  const task: Json = await it.server.data("GET", `/v1/tasks/${taskId}`);
  assertEquals(task.status, "canceled");
});

Deno.test("A detached command takes no place of a task, and starts while paused", async () => {
  await using it = await testConductor({ BAA_MAX_CONCURRENT_RUNS: "1" });
  const first = await exec(it, { command: "sleep 60", detach: true });
  const { task_id }: Json = await it.server.data("POST", "/v1/tasks", {
    title: "beside it",
    kind: "exec",
    payload: { command: "true" },
  });
  assertEquals((await ended(it, task_id)).status, "succeeded");
  await it.server.data("POST", "/v1/system/pause");
  const second = await exec(it, { command: "true", detach: true, waitMs: 9e3 });
  assertEquals(second.answer.data.result.exitCode, 0);
  await it.server.data(
    "POST",
    `/v1/tasks/${first.answer.data.taskId}/cancel`,
  );
});

Deno.test("Detaching is refused while draining, with an event stream and in a task", async () => {
  await using it = await testConductor();
  const body = { command: "true", detach: true };
  const stream = await it.server.post("/v1/exec", body, {
    headers: { accept: "text/event-stream" },
  });
  assertStringIncludes(await stream.text(), "exec.detach is for POST /v1/exec");
  const refused = await it.server.post("/v1/tasks", {
    title: "x",
    kind: "exec",
    payload: body,
  });
  assertEquals(refused.status, 400);
  await refused.body?.cancel();
  for (
    const [field, wrong] of [
      ["waitMs", { waitMs: 5 }],
      ["waitMs", { detach: true, waitMs: 55_001 }],
      ["command", { command: "", detach: true }],
      ["timeoutMs", { detach: true, timeoutMs: "5" }],
      ["onLimit", { detach: true, onLimit: "discard" }],
    ] as const
  ) {
    const { answer } = await exec(it, { command: "true", ...wrong });
    const { code, details } = answer.data.error;
    assertEquals(code, "INVALID_INPUT");
    const issues: Json[] = details.issues;
    assertEquals(issues.map(({ path }) => path), [field]);
  }
  await it.server.data("POST", "/v1/system/drain");
  const drained = await exec(it, body);
  assertEquals(
    [drained.status, drained.answer.error.code],
    [409, "SYSTEM_DRAINING"],
  );
});

Deno.test("A detached command fails as one does whose caller waits, and says how long it ran", async () => {
  await using it = await testConductor();
  for (
    const [command, limits] of [
      ["exit 3", {}],
      ["kill -KILL $$", {}],
      ["echo x; exec sleep 60", { timeoutMs: 1_500 }],
    ] as const
  ) {
    const of = async (more: object) =>
      (await exec(it, { command, ...limits, ...more })).answer.data;
    const [waited, detached] = await Promise.all([
      of({}),
      of({ detach: true, waitMs: 20_000 }),
    ]);
    assertEquals(detached.error, waited.error);
    const { durationMs, startedAt, finishedAt, ...rest } = detached.result;
    assertEquals(durationMs, Date.parse(finishedAt) - Date.parse(startedAt));
    const { durationMs: _, startedAt: _from, finishedAt: _to, ...usual } =
      waited.result;
    assertEquals(rest, usual);
  }
});

Deno.test("A detached command tells what it left running, and its answer holds as much as is asked for", async () => {
  await using it = await testConductor();
  const { answer } = await exec(it, {
    command: "sleep 60 & printf 0123456789",
    detach: true,
    waitMs: 20_000,
    maxBufferBytes: 4,
  });
  const { ok, hint, result, runId, input } = answer.data;
  assertEquals(
    [ok, result.stdout, result.stdoutBytes, result.truncated],
    [true, "0123", 10, true],
  );
  assertEquals([result.killedProcesses, "onLimit" in input], [1, false]);
  assertStringIncludes(hint, "detach: true");
  const all: Json = await it.server.data(
    "GET",
    `/v1/runs/${runId}/output?stream=stdout`,
  );
  assertEquals(all.content, "0123456789");
});

Deno.test("The same Idempotency-Key finds the same detached command", async () => {
  await using it = await testConductor();
  const headers = { "idempotency-key": "once" };
  const marker = `${it.folder}/ran`;
  const command = `echo x >> ${marker}; cat ${marker}`;
  const body = { command, detach: true };
  const first = await exec(it, { ...body, waitMs: 20_000 }, headers);
  const again = await exec(it, { ...body, wait_ms: 10 }, headers);
  assertEquals(again.answer.data.taskId, first.answer.data.taskId);
  assertEquals(again.answer.data.result, first.answer.data.result);
  const other = await exec(it, { command: "true", detach: true }, headers);
  assertEquals([other.status, other.answer.error.code], [409, "CONFLICT"]);
});

Deno.test("The title of a detached command shows no secret, and its timeout is its own", async () => {
  await using it = await testConductor();
  const { answer } = await exec(it, {
    command: `TOKEN=hunter2hunter2 sleep 60 # ${"x".repeat(100)}`,
    detach: true,
    waitMs: 20_000,
    timeoutMs: 100,
  });
  assertEquals(answer.data.error.code, "EXEC_TIMEOUT");
  assertEquals(answer.data.result.timedOut, true);
  const task: Json = await it.server.data(
    "GET",
    `/v1/tasks/${answer.data.taskId}`,
  );
  assertEquals(task.title.includes("hunter2"), false);
  assertEquals(task.title.length, 80);
});

Deno.test("What a command of a task prints is kept for its owner alone", async () => {
  await using it = await testConductor();
  const { answer } = await exec(it, {
    command: "echo x",
    detach: true,
    waitMs: 20_000,
  });
  const folder = `${it.folder}/state/jobs/${answer.data.runId}`;
  const modes = [folder, `${folder}/stdout`, `${folder}/stderr`]
    .map((path) => (Deno.statSync(path).mode ?? 0) & 0o777);
  assertEquals(modes, [0o700, 0o600, 0o600]);
});

Deno.test("host.exec says, in both descriptions, that a late failure has status 200", async () => {
  await using it = await testConductor();
  const text = async (path: string) => await (await it.server.get(path)).text();
  const described = await text("/describe/host.exec");
  assertStringIncludes(described, "what fails then is ok: false in a 200");
  const { paths, components } = JSON.parse(await text("/openapi.json"));
  const { $ref } = paths["/v1/exec"].post.responses[200];
  const { description } = components.responses[$ref.split("/").at(-1)];
  assertStringIncludes(description, "failed late (ok: false)");
});
