import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Json } from "../../shared/testing/json.ts";
import {
  assertMended,
  type Mistake,
} from "../../shared/testing/mended_call.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";

const TASK = { title: "x", kind: "exec", payload: { command: "true" } };

/** Sends it, and returns all that the failure says. */
async function refused(
  { server }: TestConductor,
  line: string,
  body?: unknown,
): Promise<string> {
  const [method = "", path = ""] = line.split(" ");
  const response = await server.send(method, path, { body });
  const { ok, data, error } = await response.json();
  assert(!ok || data.ok === false, line);
  const told = error ?? { ...data.error, hint: data.hint };
  return JSON.stringify({ status: response.status, error: told });
}

Deno.test("A mistake is refused with what leads to the right call", async () => {
  await using it = await testConductor();
  const cases: readonly [string, unknown, ...string[]][] = [
    ["POST /v1/exec", { cmd: "ls" }, "did you mean command?"],
    ["POST /v1/exec", { shell: "ls" }, "did you mean command?"],
    ["POST /v1/exec", { script: "ls" }, "did you mean command?"],
    ["POST /v1/exec", { command: ["ls"] }, "as args"],
    ["POST /v1/exec", { command: "sleep 9", timeoutMs: 9 }, "detach: true"],
    [
      "POST /v1/exec",
      { command: "yes", maxBufferBytes: 9 },
      'onLimit: \\"discard\\"',
    ],
    ["POST /v1/exec", { command: "ls", timeout: 1 }, "did you mean timeoutMs?"],
    ["POST /v1/exec", { command: "ls", timeoutMs: "5" }, '5, not \\"5\\"'],
    ["POST /v1/files/read", { file: "/etc/hosts" }, "did you mean path?"],
    ["POST /v1/tasks", { ...TASK, retries: 1 }, "did you mean max_attempts?"],
    ["POST /v1/tasks", { title: "x", kind: "exec" }, "Required: object"],
    ["POST /v1/tasks", { ...TASK, priority: "5" }, '5, not \\"5\\"'],
    ["POST /v1/tasks", { ...TASK, survive: "true" }, 'true, not \\"true\\"'],
    [
      "POST /v1/tasks",
      { ...TASK, not_before: "tomorrow" },
      "for example 2026-01-31T09:30:00Z",
    ],
    ["GET /v1/exec", undefined, "405", "Use POST."],
    ["GET /v1/tasks/", undefined, "404", "Did you mean /v1/tasks?"],
    ["GET /v1/task", undefined, "404", "Did you mean /v1/tasks"],
    [
      "GET /v1/status?verbose=1",
      undefined,
      "400",
      'Unknown field \\"verbose\\"',
    ],
    [
      "POST /v1/tasks",
      { title: "x", kind: "exec", command: "true" },
      'put it into payload: {\\"payload\\":{\\"command\\":…}}',
      "GET /describe/tasks.create",
    ],
    [
      "POST /v1/files/edit",
      { path: "/x", old: "a", new: "b" },
      'put it into edits: [{\\"old\\":…',
    ],
    ["POST /v1/exec", { command: "ls", timeoutMs: "2s" }, '2000, not \\"2s\\"'],
    ["POST /v1/exec", { command: "ls", detach: 1 }, "true, not 1"],
    ["GET /v1/tasks?status=done", undefined, "did you mean succeeded?"],
    ["GET /v1/logs?level=warning", undefined, "did you mean warn?"],
    ["GET /describe/host.exe", undefined, "Did you mean host.exec?"],
    ["POST /v1/schedules", {}, "Near: PUT /v1/schedules/:name"],
    ["DELETE /v1/tasks/x", undefined, "POST /v1/tasks/x/cancel"],
    [
      "GET /v1/schedules/nightly/",
      undefined,
      "Did you mean /v1/schedules/nightly?",
    ],
    ["POST /v1/tokens", { name: "x", scopes: ["read"] }, "BAA_SHARED_TOKEN"],
    [
      "GET /v1/tasks/run_0",
      undefined,
      "begins with task_, not run_",
      "GET /v1/tasks lists",
    ],
    ["GET /v1/runs/task_0/output", undefined, "GET /v1/runs lists"],
    [
      "GET /v1/status/ui/tasks/",
      undefined,
      "404",
      "Did you mean /v1/status/ui/tasks?",
    ],
    [
      "POST /v1/tasks",
      { title: "x", kind: "codex", payload: { prompt: "a", input: "b" } },
      "give one of them",
    ],
    [
      "POST /v1/codex/turn",
      { session_id: "x", prompt: "a", input: "b" },
      "give one of them",
    ],
    [
      "POST /v1/codex/turn",
      { session_id: "x", message: "a" },
      "did you mean input?",
    ],
    [
      "GET /v1/schedules/task_0",
      undefined,
      "A task id begins with task_",
      "GET /v1/schedules lists",
    ],
    ["POST /v1/schedules/none/run", {}, "GET /v1/schedules lists"],
    [
      "DELETE /v1/tokens/run_0",
      undefined,
      "A token id begins with token_, not run_",
      "GET /v1/tokens lists",
    ],
    [
      "POST /v1/browser/request",
      { url: "claude.ai" },
      "400",
      "must be absolute: https://claude.ai",
    ],
    [
      "POST /v1/tasks",
      { title: "x", kind: "browser", payload: {} },
      "400",
      "payload.url: give url, or platform and path",
      'Send {\\"url\\":',
    ],
    [
      "POST /v1/tasks",
      { title: "x", kind: "browser", payload: { url: "claude.ai" } },
      "400",
      "payload.url: must be absolute: https://claude.ai",
    ],
    [
      "PUT /v1/schedules/x",
      {
        cron: "0 0 1 1 *",
        task: { title: "x", kind: "browser", payload: { platform: "no" } },
      },
      "400",
      "task.payload.platform: give one of claude",
    ],
    [
      "PUT /v1/schedules/x",
      {
        cron: "0 0 1 1 *",
        task: { title: "x", kind: "browser", payload: {} },
      },
      "task.payload.url: give url, or platform and path",
      'Send {\\"url\\":',
    ],
    ["POST /mcp", [], "-32600", "GET /describe/mcp has the fields"],
    ["GET /describe?x=1", undefined, "400", 'Unknown field \\"x\\"'],
  ];
  for (const [line, body, ...parts] of cases) {
    const said = await refused(it, line, body);
    for (const part of parts) assertStringIncludes(said, part, line);
    assert(!said.includes("<id>"), said);
  }
  const colour = { ...TASK, colour: "red" };
  for (
    const [line, body] of [
      ["POST /v1/tasks", colour],
      ["POST /v1/tasks", { ...colour, kind: "codex" }],
      ["POST /v1/tasks", { ...colour, kind: undefined }],
      ["PUT /v1/schedules/x", { cron: "0 0 1 1 *", task: colour }],
    ] as const
  ) {
    const said = await refused(it, line, body);
    assertStringIncludes(said, 'Unknown field \\"colour\\"');
    assert(!said.includes("put it into"), said);
  }
  const probe = await it.server.get("/healthz?x=1");
  assertEquals([probe.status, await probe.text()], [200, "ok"]);
});

Deno.test("A body that is no JSON is told where, and a wrong method before its type", async () => {
  await using it = await testConductor();
  const send = (path: string, body: string, type = "application/json") =>
    it.server.post(path, body, { headers: { "content-type": type } });
  for (
    const [text, details] of [
      ['{"a":1,\n "b" 2}', { line: 2, column: 6, near: "2}" }],
      ["{a:1}", { line: 1, column: 2, near: "a:1}" }],
      ['{"a":', { line: 1, column: 6, near: "" }],
      ['{"a": x}', { line: 1, column: 7, near: "x}" }],
      ['{"a":tru}', { line: 1, column: 9, near: "}" }],
      ["hello", { line: 1, column: 1, near: "hello" }],
      ['{"a":"b}', { line: 1, column: 9, near: "" }],
    ] as const
  ) {
    const { error } = await (await send("/v1/tasks", text)).json();
    assertEquals([error.code, error.details], ["INVALID_JSON", details], text);
  }
  const wrong = await send("/v1/runs", "x", "text/plain");
  assertEquals((await wrong.json()).error.code, "METHOD_NOT_ALLOWED");
  const typed = await send("/v1/tasks", "{}", "text/plain");
  assertEquals((await typed.json()).error.code, "UNSUPPORTED_MEDIA_TYPE");
});

Deno.test("A form from elsewhere is told which page sends it, and no setting that lets it in", async () => {
  await using it = await testConductor();
  for (const path of ["/v1/status/approvals/apr_1", "/v1/status/session"]) {
    for (const origin of ["https://evil.example", "null"]) {
      const answer = await it.server.send("POST", path, {
        form: { decision: "accept" },
        headers: { origin },
      });
      const { error } = await answer.json();
      assertEquals([answer.status, error.code], [403, "ORIGIN_NOT_ALLOWED"]);
      assertStringIncludes(error.hint, "open /v1/status/ui");
      assert(!JSON.stringify(error).includes("BAA_ALLOWED_ORIGINS"));
    }
  }
});

Deno.test("The words of a failure alone lead to a second call that works", async () => {
  await using it = await testConductor();
  const made: Json = await it.server.data(
    "POST",
    "/v1/tasks?wait_ms=20000",
    TASK,
  );
  const { task_id, latest_run: { run_id } } = made;
  const file = `${it.folder}/x`;
  await Deno.writeTextFile(file, "a");
  const cron = "0 0 1 1 *";
  const cases: readonly Mistake[] = [
    ["POST /v1/exec", { cmd: "true" }],
    ["POST /v1/exec", { shell: "true" }],
    ["POST /v1/exec", { script: "true" }],
    ["POST /v1/exec", { command: ["true"] }],
    ["POST /v1/exec", { command: "true", timeout: 9000 }],
    ["POST /v1/exec", { command: "true", timeoutMs: "9000" }],
    ["POST /v1/exec", { command: "true", timeoutMs: "9s" }],
    ["POST /v1/exec", { command: "true", detach: "false" }],
    ["POST /v1/exec", { command: "true" }, ""],
    ["POST /v1/exec", { command: "true" }, "text/plain"],
    ["GET /v1/exec", { command: "true" }],
    ["POST /v1/files/read", { file }],
    ["POST /v1/files/read", { path: `${file}y` }],
    ["POST /v1/files/edit", { path: file, old: "a", new: "b" }],
    ["POST /v1/tasks", { ...TASK, retries: 2 }],
    ["POST /v1/tasks", { ...TASK, priority: "5" }],
    ["POST /v1/tasks", { ...TASK, survive: 1 }],
    ["POST /v1/tasks", { ...TASK, not_before: "tomorrow" }],
    ["POST /v1/tasks", { ...TASK, payload: { cmd: "true" } }],
    ["POST /v1/tasks", { ...TASK, payload: { command: ["true"] } }],
    ["POST /v1/tasks", { title: "x", kind: "exec", payload: {}, cmd: "true" }],
    ["POST /v1/tasks", { title: "x", kind: "codex", payload: {}, prompt: "x" }],
    ["POST /v1/tasks", {
      title: "x",
      kind: "codex",
      payload: { prompt: "x", input: "x" },
    }],
    ["POST /v1/tasks/", TASK],
    ["GET /v1/tasks/"],
    ["GET /v1/task"],
    [`GET /v1/tasks/${run_id}`],
    [`GET /v1/runs/${task_id}`],
    ["GET /v1/status/ui/tasks/"],
    ["PUT /v1/schedules/x", {
      cron,
      task: { title: "x", kind: "exec", payload: {}, command: "true" },
    }],
  ];
  await assertMended(it.server, cases);
});
