import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { ERRORS } from "../../shared/errors.ts";
import { SCOPES } from "../../shared/http/mod.ts";
import { until } from "../../shared/testing/until.ts";
import { connectTools } from "../testing/mcp.ts";
import { routes } from "../routes/mod.ts";
import { testConductor } from "../testing/test_conductor.ts";
import { callTool } from "./call_tool.ts";
import { toolsFor } from "./tools.ts";

const TOKEN = "the-owner-4711-x9k2";

for (const era of ["modern", "legacy"] as const) {
  Deno.test(`the official client, ${era}, runs commands, edits files, queues tasks`, async () => {
    await using conductor = await testConductor();
    await using it = await connectTools(conductor, {
      era,
      query: "?tools=all",
    });
    const { tools } = await it.client.listTools();
    assert(tools.every(({ name }) => /^[a-z_]+$/.test(name)));
    const ran = await it.call("host_exec", { command: "echo hello" });
    assertEquals(ran.data.result.stdout, "hello\n");
    assertEquals(
      JSON.parse((ran.content[0] as { text: string }).text),
      ran.data,
    );
    const file = { path: "a.txt", cwd: conductor.folder };
    await it.call("host_files_write", { ...file, content: "one two" });
    await it.call("host_files_edit", {
      ...file,
      edits: [{ old: "two", new: "three" }],
    });
    const read = await it.call("host_files_read", file);
    assertEquals(read.data.result.content, "one three");
    const made = await it.call("tasks_create", {
      title: "By a tool",
      kind: "exec",
      payload: { command: "echo done" },
      wait_ms: 20_000,
    });
    assertEquals(made.data.status, "succeeded");
    const { task_id, latest_run: { run_id } } = made.data;
    const task = await it.call("tasks_read", { task_id });
    assertEquals(task.data.latest_run.run_id, run_id);
    const output = await it.call("runs_output", { run_id, max_bytes: 100 });
    assertEquals(output.data.content, "done\n");
    const logs = await it.call("tasks_logs_read", { task_id, limit: 5 });
    assert(logs.data.entries.length > 0);
    // Its audit rows name what was done, not the way in.
    const { entries } = (await it.call("audit_list")).data;
    const actions = entries.map(({ action }: { action: string }) => action);
    for (
      const action of ["exec", "files/write", "files/edit", "tasks.create"]
    ) {
      assert(actions.includes(action), `${action} of ${actions}`);
    }
    assert(!actions.includes("mcp"));
  });
}

Deno.test("what fails is a result with the code, message and hint of HTTP", async () => {
  await using conductor = await testConductor();
  await using it = await connectTools(conductor);
  const over = await conductor.server.get("/v1/tasks/task_none");
  const { error } = await over.json();
  const lost = await it.call("tasks_read", { task_id: "task_none" });
  assertEquals([lost.isError, lost.data], [true, error]);
  const absent = await it.call("host_files_read", { path: "/none/at/all" });
  assertEquals(absent.isError, true);
  const { data } = await (await conductor.server.post("/v1/files/read", {
    path: "/none/at/all",
  })).json();
  assertEquals(absent.data.code, data.error.code);
  assertEquals(absent.data.message, data.error.message);
  const odd = await it.call("status_get", { surprise: 1 });
  assertEquals(odd.data.code, "INVALID_INPUT");
  for (const task_id of ["..", ".", "", undefined]) {
    const refused = await it.call("tasks_cancel", { task_id });
    assertEquals(refused.data.code, "INVALID_INPUT");
  }
  await assertRejects(() => it.call("no_such_tool"), Error, "no_such_tool");
  await assertRejects(() => it.call("mcp"), Error, "mcp");
});

Deno.test("a mistaken call of a tool is told the right one, and what leads on its tool", async () => {
  await using conductor = await testConductor();
  await using it = await connectTools(conductor);
  for (
    const [tool, args, ...parts] of [
      ["tasks_read", { id: "task_1" }, "did you mean task_id?", "tasks_list"],
      ["tasks_read", { taskId: "task_1" }, "did you mean task_id?"],
      ["tasks_read", {}, 'with {"task_id":"…"}', "GET /describe/tasks.read"],
      ["tasks_read", { task_id: "task_1", foo: 1 }, "foo", "known: task_id"],
      ["tasks_logs_read", { task_id: "task_1", limt: 1 }, "mean limit?"],
      ["codex_approvals_answer", { approval: "x" }, "codex_approvals_list"],
      ["schedules_put", { name: "x", crom: "* * * * *" }, "did you mean cron?"],
    ] as const
  ) {
    const { isError, data } = await it.call(tool, args);
    assertEquals([isError, data.code], [true, "INVALID_INPUT"]);
    const said = `${data.message} ${data.hint}`;
    for (const part of parts) assertStringIncludes(said, part);
  }
  for (
    const [name, meant] of [
      ["host.exec", "host_exec"],
      ["hostexec", "host_exec"],
      ["exec", "host_exec"],
      ["host_files_reed", "host_files_read"],
    ] as const
  ) {
    await assertRejects(() => it.call(name), Error, `did you mean ${meant}?`);
  }
  const { data } = await it.call("tasks_create", {
    title: "x",
    kind: "exec",
    payload: { command: "true" },
    not_before: "2099-01-01T00:00:00Z",
  });
  const tools = data.next.map(({ why }: { why: string }) =>
    /\(tool (\w+)\)$/.exec(why)?.[1]
  );
  assertEquals(tools, ["tasks_logs_read", "tasks_read", "tasks_cancel"]);
});

Deno.test("what is refused for now says in its hint when to come again", async () => {
  const route = routes.find(({ id }) => id === "status.get");
  assert(route !== undefined);
  const hintOf = async (hint: string, seconds?: string) => {
    const error = { code: "TOO_MANY_REQUESTS", hint };
    const { structuredContent } = await callTool(route, {}, {
      context: {
        routes,
        resend: () =>
          Promise.resolve(Response.json({ ok: false, error }, {
            headers: seconds === undefined ? {} : { "retry-after": seconds },
          })),
      },
      signal: new AbortController().signal,
    });
    return (structuredContent as { hint?: string } | undefined)?.hint;
  };
  const { remedy } = ERRORS.TOO_MANY_REQUESTS;
  assertEquals(await hintOf(remedy, "5"), "Send it again after 5 s.");
  assertEquals(await hintOf(remedy), "Send it again after 1 s.");
  assertEquals(
    await hintOf("See GET /v1/browser.", "30"),
    "Send it again after 30 s. See GET /v1/browser.",
  );
});

Deno.test("the core list is small, in one order, with what each tool does", () => {
  const scopes = new Set(SCOPES);
  const core = toolsFor({ routes, scopes }, false);
  const { length } = new TextEncoder().encode(JSON.stringify({ tools: core }));
  assert(length <= 24_000, `${length} bytes`);
  assertEquals(core.map(({ name }) => name).sort(), [
    "browser_request",
    "codex_approvals_answer",
    "codex_approvals_list",
    "codex_turn",
    "host_exec",
    "host_files_edit",
    "host_files_read",
    "host_files_write",
    "runs_output",
    "status_get",
    "tasks_cancel",
    "tasks_create",
    "tasks_logs_read",
    "tasks_read",
  ]);
  const all = toolsFor({ routes, scopes }, true);
  assertEquals(new Set(all.map(({ name }) => name)).size, all.length);
  for (const { name, outputSchema, inputSchema } of all) {
    assertEquals(outputSchema?.type ?? "object", "object", name);
    assertEquals(inputSchema.type, "object");
  }
  const hints = (name: string) =>
    all.find((it) => it.name === name)?.annotations;
  assertEquals(hints("tasks_list"), { readOnlyHint: true });
  assertEquals(hints("host_files_write"), {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: true,
  });
  // A name must not mean two things.
  for (const { id, path, query, body } of routes) {
    const names = [
      ...path.matchAll(/:(\w+)/g).map(([, name]) => name),
      ...[query, body].flatMap((it) =>
        Object.keys((it as { shape?: object } | undefined)?.shape ?? {})
      ),
    ];
    assertEquals(new Set(names).size, names.length, id);
  }
});

Deno.test("it is guarded as every route is, and by the scopes of each", async () => {
  await using conductor = await testConductor({ BAA_SHARED_TOKEN: TOKEN });
  const { server } = conductor;
  const owner = { authorization: `Bearer ${TOKEN}` };
  const body = { jsonrpc: "2.0", id: 1, method: "tools/list" };
  const statusOf = async (headers: Record<string, string>, method = "POST") => {
    const answer = await server.send(method, "/mcp", {
      headers,
      ...(method === "POST" && { body }),
    });
    await answer.body?.cancel();
    assertEquals(
      answer.headers.get("www-authenticate")?.includes("resource"),
      answer.status === 401 ? false : undefined,
    );
    return answer.status;
  };
  assertEquals(await statusOf(owner), 200);
  assertEquals(await statusOf({}), 401);
  assertEquals(await statusOf({ authorization: "Bearer wrong" }), 401);
  assertEquals(
    await statusOf({ ...owner, origin: "https://evil.example" }),
    403,
  );
  const strange = await statusOf({ ...owner, host: "evil.example" });
  assert(strange >= 400 && strange < 500);
  for (const method of ["GET", "DELETE"]) {
    assertEquals(await statusOf(owner, method), 405);
  }
  const made = await server.post("/v1/tokens", {
    name: "reader",
    scopes: ["files"],
  }, { headers: owner });
  const { token } = (await made.json()).data;
  await using it = await connectTools(conductor, { token });
  const names = (await it.client.listTools()).tools.map(({ name }) => name);
  assert(names.includes("host_files_read"));
  assert(!names.includes("host_exec"));
  const marker = join(conductor.folder, "ran");
  const refused = await it.call("host_exec", { command: `touch ${marker}` });
  assertEquals([refused.isError, refused.data.code], [true, "SCOPE_REQUIRED"]);
  await assertRejects(() => Deno.stat(marker), Deno.errors.NotFound);
});

for (const era of ["modern", "legacy"] as const) {
  Deno.test(`a call tells its progress, ${era}, and ends with who leaves`, async () => {
    await using conductor = await testConductor();
    await using it = await connectTools(conductor, { era });
    const leave = new AbortController();
    // Of the older era only the end of the connection counts: there is no session.
    leave.signal.onabort = () => era === "legacy" && it.client.close();
    const pid = join(conductor.folder, "pid");
    const left = it.client.callTool({
      name: "host_exec",
      arguments: { command: `echo $$ > ${pid}; exec sleep 30` },
    }, {
      signal: leave.signal,
      // Once it is told that the command runs, the client leaves.
      onprogress: () => leave.abort(),
    });
    await assertRejects(() => left);
    const number = Number(await Deno.readTextFile(pid));
    await until(() => !isAlive(number));
  });
}

function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, 0 as unknown as Deno.Signal);
    return true;
  } catch {
    return false;
  }
}

Deno.test("a command with no end, or a far one, is a task that the call waits for", async () => {
  await using conductor = await testConductor();
  await using it = await connectTools(conductor);
  for (const timeoutMs of [0, 50_001]) {
    const { data } = await it.call("host_exec", {
      command: "echo hi",
      timeoutMs,
    });
    assertMatch(data.taskId, /^task_/);
    assertEquals(data.result.stdout, "hi\n");
  }
  const { data } = await it.call("host_exec", {
    command: "echo hi",
    timeoutMs: 50_000,
  });
  assertEquals(data.taskId, undefined);
});

Deno.test("the library is no part of what a start loads", async () => {
  const root = fromFileUrl(new URL("../..", import.meta.url));
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", join(root, "conductor/main.ts")],
    cwd: root,
  }).output();
  const { roots, modules } = JSON.parse(new TextDecoder().decode(stdout));
  const graph = new Map<string, string[]>(
    (modules as ModuleInfo[]).map(({ specifier, dependencies = [] }) => [
      specifier,
      dependencies.filter((it) => it.isDynamic !== true)
        .flatMap((it) => it.code?.specifier ?? []),
    ]),
  );
  const loaded = new Set<string>(roots);
  for (const at of loaded) for (const to of graph.get(at) ?? []) loaded.add(to);
  assert([...loaded].some((it) => it.endsWith("/mcp/answer_mcp.ts")));
  assertEquals([...loaded].filter((it) => it.includes("modelcontext")), []);
  assert(graph.keys().some((it) => it.includes("modelcontext")));
});

interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly isDynamic?: boolean;
    readonly code?: { readonly specifier: string };
  }[];
}

Deno.test("a greeting without what it must hold is an error of its params", async () => {
  await using conductor = await testConductor();
  for (const params of [{}, undefined, { protocolVersion: 1 }]) {
    const answer = await conductor.server.post("/mcp", {
      jsonrpc: "2.0",
      id: 7,
      method: "initialize",
      params,
    });
    const { id, error } = await answer.json();
    assertEquals([answer.status, id, error.code], [200, 7, -32602]);
    assertMatch(error.message, /protocolVersion|params/);
  }
});

Deno.test("what is no JSON, or no request, is answered as JSON-RPC says", async () => {
  await using conductor = await testConductor();
  const { server } = conductor;
  const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
  for (
    const [body, code] of [
      ['{"jsonrpc":"2.0","id":1,', -32700],
      ["not JSON", -32700],
      [" ", -32700],
      [`[${ping}]`, -32600],
      ["[]", -32600],
      ["null", -32600],
      ['"ping"', -32600],
      ["{}", -32600],
      ['{"foo":"bar"}', -32600],
      ['{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600],
      ['{"jsonrpc":"2.0","method":1}', -32600],
      ["[".repeat(500) + "]".repeat(500), -32600],
    ] as const
  ) {
    const answer = await server.post("/mcp", body);
    const type = answer.headers.get("content-type") ?? "";
    const said = await answer.json();
    assertEquals(
      [answer.status, type.split(";")[0], said.jsonrpc, said.error.code],
      [400, "application/json", "2.0", code],
      body,
    );
    assertEquals([said.id, said.ok], [null, undefined], body);
    assert(typeof said.error.message === "string");
  }
  // What HTTP alone refuses is refused as on every route.
  for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
    const answer = await server.post("/mcp", ping, {
      headers: { "content-type": type },
    });
    const { error } = await answer.json();
    assertEquals(
      [answer.status, error.code],
      [415, "UNSUPPORTED_MEDIA_TYPE"],
    );
    assert(error.hint.includes("application/json"));
  }
  const good = await server.post("/mcp", ping);
  assertEquals((await good.json()).id, 1);
});
