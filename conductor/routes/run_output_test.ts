import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Json } from "../../shared/testing/json.ts";
import { readUntil } from "../../shared/testing/sse_reader.ts";
import { until } from "../../shared/testing/until.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";

async function run(
  it: TestConductor,
  command: string,
  rest: Record<string, unknown> = {},
): Promise<string> {
  const { task_id }: Json = await it.server.data("POST", "/v1/tasks", {
    title: "prints",
    kind: "exec",
    payload: { command, cwd: "/" },
    ...rest,
  });
  const task: Json = await until(
    () => it.server.data("GET", `/v1/tasks/${task_id}`) as Promise<Json>,
    (task) => task.latest_run !== null,
  );
  return task.latest_run.run_id;
}

function output(it: TestConductor, runId: string, query = ""): Promise<Json> {
  return it.server.data("GET", `/v1/runs/${runId}/output${query}`);
}

const WAIT = "?wait_ms=20000";

async function ended(it: TestConductor, runId: string): Promise<void> {
  await until(
    () => it.server.data("GET", `/v1/runs/${runId}`) as Promise<Json>,
    (run) => run.finished_at !== null,
  );
}

for (const survive of [false, true]) {
  const kind = survive ? "surviving" : "ordinary";

  Deno.test(`Any byte of what an ${kind} run prints can be read, as it comes and later`, async () => {
    await using it = await testConductor();
    const go = `${it.folder}/go`;
    const id = await run(
      it,
      `printf 'a prompt: '; printf err >&2; while [ ! -e ${go} ]; do sleep 0.02; done; printf 'é\\200'; exit 3`,
      { survive },
    );
    const first = await output(it, id, WAIT);
    assertEquals(first, {
      run_id: id,
      stream: "stdout",
      offset: 0,
      next_offset: 10,
      content: "a prompt: ",
      size_bytes: 10,
      running: true,
      eof: false,
      exit: null,
    });
    const held = output(it, id, `${WAIT}&offset=10`);
    await Deno.writeTextFile(go, "");
    await held;
    await ended(it, id);
    const rest = await output(it, id, "?offset=10");
    assertEquals(rest.content_base64, btoa("\xc3\xa9\x80"));
    assertEquals([rest.running, rest.eof, rest.next_offset], [false, true, 13]);
    assertEquals(rest.exit, {
      status: "failed",
      code: "EXEC_EXIT_NON_ZERO",
      exit_code: 3,
      signal: null,
    });
    const part = await output(it, id, "?offset=2&max_bytes=6");
    assertEquals([part.content, part.eof], ["prompt", false]);
    const cut = await output(it, id, "?max_bytes=11");
    assertEquals([cut.content, cut.next_offset], ["a prompt: ", 10]);
    const errors = await output(it, id, "?stream=stderr");
    assertEquals([errors.content, errors.eof], ["err", true]);
    const beyond = await output(it, id, "?offset=99");
    assertEquals([beyond.content, beyond.eof], ["", true]);
  });
}

Deno.test("What has no output is told so", async () => {
  await using it = await testConductor();
  const refused = async (path: string, status: number) => {
    const response = await it.server.get(path);
    assertEquals(response.status, status, path);
    return (await response.json()).error;
  };
  await refused("/v1/runs/run_none/output", 404);
  const id = await run(it, "true");
  for (
    const query of ["stream=x", "offset=-1", "max_bytes=0", "wait_ms=55001"]
  ) {
    await refused(`/v1/runs/${id}/output?${query}`, 400);
  }
  const { details } = await refused(
    `/v1/runs/${id}/output?max_bytes=4194305`,
    400,
  );
  assertEquals(
    details.issues[0].message,
    "must be an integer from 1 to 4194304",
  );
});

Deno.test("A surviving run whose files are removed is ended, told so without a path, and its output is gone", async () => {
  await using it = await testConductor();
  const marker = `${it.folder}/alive`;
  const id = await run(
    it,
    `echo a; while :; do touch ${marker}; sleep 0.05; done`,
    { survive: true },
  );
  await output(it, id, WAIT);
  await Deno.remove(`${it.folder}/state/jobs/${id}`, { recursive: true });
  await ended(it, id);
  const { status, outcome }: Json = await it.server.data(
    "GET",
    `/v1/runs/${id}`,
  );
  assertEquals([status, outcome.code], ["lost", "RUN_LOST"]);
  assertEquals(
    outcome.message,
    "Cannot tell how the command ended: its files were removed while it ran; what was left is killed",
  );
  const response = await it.server.get(`/v1/runs/${id}/output`);
  const { error } = await response.json();
  assertEquals([error.code, error.details.reason], ["NOT_FOUND", "gone"]);
  assertEquals(JSON.stringify([outcome, error]).includes(it.folder), false);
  await Deno.remove(marker);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await assertRejects(() => Deno.stat(marker), Deno.errors.NotFound);
});

Deno.test("Outputs make room, the oldest ended first, and no running one does", async () => {
  await using it = await testConductor({ BAA_OUTPUT_MAX_BYTES: "25000" });
  const go = `${it.folder}/go`;
  const print = "head -c 10000 /dev/zero";
  const live = await run(
    it,
    `${print}; while [ ! -e ${go} ]; do sleep 0.02; done`,
    { survive: true },
  );
  const [first, second] = [await run(it, print), await run(it, print)];
  await ended(it, first);
  await ended(it, second);
  const third = await run(it, print);
  await ended(it, third);
  const response = await until(
    () => it.server.get(`/v1/runs/${second}/output`),
    ({ status }) => status === 404,
    { withinMs: 10_000 },
  );
  const { error } = await response.json();
  assertEquals([error.code, error.details.reason], ["NOT_FOUND", "expired"]);
  for (const id of [live, third]) {
    assertEquals((await output(it, id)).size_bytes, 10_000);
  }
  await Deno.writeTextFile(go, "");
  await ended(it, live);
});

Deno.test("A byte far into a large output is read at once", async () => {
  await using it = await testConductor();
  const far = 2 ** 30;
  const id = await run(it, "echo small", { survive: true });
  await ended(it, id);
  // Sparse: the room on the disk is the output's only in name.
  await Deno.truncate(`${it.folder}/state/jobs/${id}/stdout`, far + 5);
  const times = [];
  for (let round = 0; round < 9; round++) {
    const since = performance.now();
    const read = await output(it, id, `?offset=${far}`);
    times.push(performance.now() - since);
    assertEquals(read.next_offset, far + 5);
  }
  const median = times.sort((a, b) => a - b)[4] ?? Infinity;
  assert(median <= 20, `${median} ms`);
});

for (const survive of [false, true]) {
  const kind = survive ? "surviving" : "ordinary";

  Deno.test(`A line that an ${kind} run has not ended is in its live log at once, until it ends`, async () => {
    await using it = await testConductor();
    const go = `${it.folder}/go`;
    const id = await run(
      it,
      `echo first; printf 'Password: '; while [ ! -e ${go} ]; do sleep 0.02; done; echo given`,
      { survive },
    );
    const { task_id }: Json = await it.server.data("GET", `/v1/runs/${id}`);
    const log = await it.server.get(`/v1/tasks/${task_id}/logs`, {
      headers: { accept: "text/event-stream" },
    });
    const events = await readUntil(log, ({ event, data }) => {
      if (event === "open" && data.message === "Password: ") {
        Deno.writeTextFileSync(go, "");
      }
      return event === "end";
    });
    const told = events.filter(({ data }) => data.stream === "stdout");
    const at = told.findLastIndex(({ event }) => event === "open");
    assertEquals(told[at]?.data, {
      run_id: id,
      stream: "stdout",
      message: "Password: ",
    });
    assertEquals(
      told.filter(({ event }) => event === "log").map((it) => it.data.message),
      ["first", "Password: given"],
    );
    assertEquals(told.slice(at + 1).length, 1);
  });
}

for (const survive of [false, true]) {
  const kind = survive ? "surviving" : "ordinary";

  Deno.test(`The last line of an ${kind} run stands before what is said of its end, and a timeout is told`, async () => {
    await using it = await testConductor();
    for (
      const [command, code, timedOut] of [
        [`printf 'a\\nz'; exit 4`, "EXEC_EXIT_NON_ZERO", false],
        [`printf 'a\\nz'; sleep 60`, "TASK_TIMEOUT", true],
      ] as const
    ) {
      const id = await run(it, command, { survive, timeout_ms: 2000 });
      await ended(it, id);
      const { task_id, outcome }: Json = await it.server.data(
        "GET",
        `/v1/runs/${id}`,
      );
      assertEquals([outcome.code, outcome.result.timed_out], [code, timedOut]);
      const { entries }: Json = await it.server.data(
        "GET",
        `/v1/tasks/${task_id}/logs`,
      );
      assertEquals(
        entries.map((it: Json) => it.message.split(":")[0]).slice(1),
        ["a", "z", code],
      );
      const wrong = await it.server.get(
        `/v1/tasks/${task_id}/logs?run_id=${task_id}`,
      );
      const { error } = await wrong.json();
      assertEquals([error.code, error.message.includes("it is a task")], [
        "NOT_FOUND",
        true,
      ]);
    }
  });
}

Deno.test("A task refuses what only bounds an answer, and shows what bounds its output", async () => {
  await using it = await testConductor();
  for (
    const field of ["onLimit", "on_limit", "headBytes", "tailBytes"]
  ) {
    const response = await it.server.post("/v1/tasks", {
      title: "prints",
      kind: "exec",
      payload: { command: "true", [field]: /imit/.test(field) ? "kill" : 10 },
    });
    const { error } = await response.json();
    assertEquals([response.status, error.code], [400, "INVALID_INPUT"]);
    const [issue] = error.details.issues;
    assertEquals(issue.path, `payload.${field}`);
    assert(issue.message.includes("max_output_bytes"));
  }
  for (
    const [rest, effective] of [[{}, 268_435_456], [
      { max_output_bytes: 9 },
      9,
    ]] as const
  ) {
    const task: Json = await it.server.data(
      "POST",
      "/v1/tasks",
      { title: "x", kind: "exec", payload: { command: "true" }, ...rest },
    );
    assertEquals(task.effective_max_output_bytes, effective);
    assertEquals(task.payload, { command: "true" });
  }
  const buffered = {
    title: "x",
    kind: "exec",
    payload: { command: "printf 0123456789", maxBufferBytes: 9 },
  };
  const cut: Json = await it.server.data(
    "POST",
    "/v1/tasks?wait_ms=20000",
    buffered,
  );
  assertEquals(
    [cut.max_output_bytes, cut.effective_max_output_bytes, cut.error.code],
    [9, 9, "EXEC_OUTPUT_LIMIT"],
  );
  const again: Json = await it.server.data(
    "POST",
    `/v1/tasks/${cut.task_id}/retry`,
  );
  assertEquals([again.max_output_bytes, again.payload], [9, {
    command: "printf 0123456789",
  }]);
  const both = { ...buffered, max_output_bytes: 10 };
  const twice = await it.server.post("/v1/tasks", both);
  assertEquals((await twice.json()).error.code, "INVALID_INPUT");
  const { taskId, runId }: Json = await it.server.data("POST", "/v1/exec", {
    command: "true",
    detach: true,
    waitMs: 20_000,
  });
  await ended(it, runId);
  const task: Json = await it.server.data("GET", `/v1/tasks/${taskId}`);
  assertEquals(Object.keys(task.payload).sort(), ["command", "cwd"]);
});
