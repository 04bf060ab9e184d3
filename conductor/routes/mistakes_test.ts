import { assert, assertEquals, assertStringIncludes } from "@std/assert";
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
  return JSON.stringify({
    status: response.status,
    error: error ?? data.error,
  });
}

Deno.test("A mistake is refused with what leads to the right call", async () => {
  await using it = await testConductor();
  const cases: readonly [string, unknown, ...string[]][] = [
    ["POST /v1/exec", { cmd: "ls" }, "did you mean command?"],
    ["POST /v1/exec", { command: ["ls"] }, "as args"],
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
    ["GET /describe?x=1", undefined, "400", 'Unknown field \\"x\\"'],
  ];
  for (const [line, body, ...parts] of cases) {
    const said = await refused(it, line, body);
    for (const part of parts) assertStringIncludes(said, part, line);
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
