import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { HOST_OP_ERRORS, type HostOpErrorCode } from "../../host_ops/mod.ts";
import type { Json } from "../../shared/testing/json.ts";
import { until } from "../../shared/testing/until.ts";
import { connectTools } from "../testing/mcp.ts";
import { testConductor } from "../testing/test_conductor.ts";

/** What fails, the tool that fails with it, and what its hint leads to. */
type Failing = readonly [HostOpErrorCode, string, Json, string];

const PATHS = {
  host_exec: "/v1/exec",
  host_files_read: "/v1/files/read",
  host_files_write: "/v1/files/write",
  host_files_edit: "/v1/files/edit",
} as Record<string, string>;

Deno.test("No host operation fails without a hint, over HTTP and over MCP", async () => {
  await using it = await testConductor();
  await using mcp = await connectTools(it);
  const at = (name: string) => ({ path: `${it.folder}/${name}` });
  await Deno.writeTextFile(at("notes.txt").path, "one\n");
  await Deno.writeTextFile(at("tool").path, "echo hi\n", { mode: 0o644 });
  await Deno.writeFile(at("binary").path, new Uint8Array([0xff, 0xfe]));
  const cases: readonly Failing[] = [
    ["INVALID_INPUT", "host_exec", { cmd: "ls" }, "GET /describe/host.exec"],
    ["INVALID_INPUT", "host_files_read", {}, "GET /describe/host.files.read"],
    ["INVALID_INPUT", "host_files_write", {
      ...at("x"),
      content: "?",
      encoding: "base64",
    }, "GET /describe/host.files.write"],
    ["EXEC_TIMEOUT", "host_exec", {
      command: "sleep 9",
      timeoutMs: 20,
    }, "detach: true"],
    ["EXEC_EXIT_NON_ZERO", "host_exec", { command: "exit 3" }, "stderr"],
    ["EXEC_EXIT_NON_ZERO", "host_exec", {
      command: "no-such-program-4711",
    }, "host_operations.environment.path"],
    ["EXEC_EXIT_NON_ZERO", "host_exec", {
      args: [at("tool").path],
    }, "may not be run"],
    ["EXEC_OUTPUT_LIMIT", "host_exec", {
      command: "yes",
      maxBufferBytes: 10,
    }, 'onLimit: "discard"'],
    ["EXEC_FAILED", "host_exec", {
      command: "true",
      cwd: at("none").path,
    }, "default_cwd"],
    ["EXEC_FAILED", "host_exec", {
      command: "true",
      cwd: `${at("none").path}/../x`,
    }, "default_cwd"],
    ["FILE_ALREADY_EXISTS", "host_files_write", {
      ...at("notes.txt"),
      content: "",
      overwrite: false,
    }, "overwrite: true"],
    [
      "FILE_NOT_FOUND",
      "host_files_read",
      at("note.txt"),
      `Did you mean ${at("notes.txt").path}?`,
    ],
    ["FILE_NOT_FOUND", "host_files_edit", {
      ...at("quite/another"),
      edits: [{ old: "a", new: "b" }],
    }, `${it.folder} is as far as the path leads`],
    [
      "FILE_NOT_FOUND",
      "host_files_read",
      at("unheard-of"),
      `${it.folder} is there, without it; POST /v1/exec`,
    ],
    // what may not be read is not named either
    ["FILE_NOT_FOUND", "host_files_read", at("stat"), "without it"],
    ["NOT_A_FILE", "host_files_read", { path: it.folder }, "POST /v1/exec"],
    ["NOT_A_FILE", "host_files_write", {
      path: it.folder,
      content: "",
    }, "POST /v1/exec"],
    ["FILE_READ_FAILED", "host_files_read", at("binary"), "base64"],
    ["FILE_READ_FAILED", "host_files_edit", {
      ...at("binary"),
      edits: [{ old: "a", new: "b" }],
    }, "base64"],
    ["FILE_WRITE_FAILED", "host_files_write", {
      ...at("a/b"),
      content: "",
      createParents: false,
    }, "createParents: true"],
    ["FILE_TOO_LARGE", "host_files_read", {
      ...at("notes.txt"),
      maxBytes: 1,
    }, '"offset":0'],
    ["PERMISSION_DENIED", "host_files_read", at("state/x"), "another path"],
    ["FILE_CHANGED", "host_files_write", {
      ...at("notes.txt"),
      content: "",
      ifMatch: "0".repeat(64),
    }, "POST /v1/files/read"],
    ["EDIT_MISMATCH", "host_files_edit", {
      ...at("notes.txt"),
      edits: [{ old: "two", new: "b" }],
    }, "POST /v1/files/read"],
  ];
  for (const [code, tool, input, ...parts] of cases) {
    const answer = await it.server.post(PATHS[tool] ?? "", input);
    const { data }: Json = await answer.json();
    const called = await mcp.call(tool, input);
    const what = `${code} ${JSON.stringify(input)}`;
    assertEquals([answer.status, data.ok, data.error.code], [200, false, code]);
    assertEquals([called.isError, called.data.code], [true, code]);
    assertEquals(called.data.hint, data.hint, what);
    for (const part of parts) assertStringIncludes(data.hint, part, what);
  }
  const canceled = await canceledHint(it.server);
  assertStringIncludes(canceled, "detach: true");
  const reached = new Set<string>(["CANCELED", ...cases.map(([it]) => it)]);
  assertEquals([...reached].sort(), Object.keys(HOST_OP_ERRORS).sort());
});

/** A command that somebody ends whose caller waits for it. */
async function canceledHint(
  server: Awaited<ReturnType<typeof testConductor>>["server"],
): Promise<string> {
  const waiting: Promise<Json> = server.data("POST", "/v1/exec", {
    command: "sleep 60",
    detach: true,
    waitMs: 30_000,
  });
  let id: string | undefined;
  await until(async () => {
    const list: Json = await server.data("GET", "/v1/tasks?status=running");
    return (id = list.tasks[0]?.task_id) !== undefined;
  });
  await server.data("POST", `/v1/tasks/${id}/cancel`);
  const { ok, error, hint } = await waiting;
  assertEquals([ok, error.code], [false, "CANCELED"]);
  return hint;
}

Deno.test("A failure hides neither how to keep a process nor the known fields, and says them once", async () => {
  await using it = await testConductor();
  const { data: killed }: Json = await (await it.server.post("/v1/exec", {
    command: "sleep 60 & exit 3",
  })).json();
  assert(killed.result.killedProcesses >= 1);
  assertStringIncludes(killed.hint, "stderr");
  assertStringIncludes(killed.hint, "detach: true");
  const wrong = await it.server.post("/v1/exec", { command: "ls", colour: 1 });
  const text = await wrong.text();
  assertEquals(text.split("known are command, ").length, 2);
  const { error }: Json = JSON.parse(text).data;
  assertEquals(error.message, "exec.colour is not a known field");
});
