import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { tempDir } from "../shared/testing/fakes.ts";
import type { Json } from "../shared/testing/json.ts";
import { testConductor } from "./testing/test_conductor.ts";

const TOKEN = "the-owner-4711-x9k2";
const headers = { authorization: `Bearer ${TOKEN}` };

Deno.test("Examples that end, repeat or remove something name only what examples made", async () => {
  await using it = await testConductor({ BAA_SHARED_TOKEN: TOKEN });
  const send = async (method: string, path: string, body?: unknown) => {
    const answer = await it.server.send(method, path, { body, headers });
    const { ok, data, error }: Json = await answer.json();
    assert(ok, JSON.stringify(error));
    return data;
  };
  const curlOf = async (id: string): Promise<string | undefined> =>
    (await send("GET", `/describe/${id}`)).curl;
  /** Makes what an example makes; only its labels, names and times count. */
  const task = (more: Json) => ({
    title: "x",
    kind: "exec",
    payload: { command: "true" },
    ...more,
  });
  const later = "2999-01-01T00:00:00.000Z";
  await send("POST", "/v1/tasks?wait_ms=20000", task({}));
  await send("POST", "/v1/tasks", task({ not_before: later }));
  const cron = { cron: "0 0 1 1 *", task: task({}) };
  await send("PUT", "/v1/schedules/nightly", cron);
  await send("POST", "/v1/tokens", { name: "ci", scopes: ["read"] });

  const ending = [
    "tasks.cancel",
    "tasks.retry",
    "schedules.run",
    "schedules.delete",
    "tokens.revoke",
  ];
  for (const id of ending) assertEquals(await curlOf(id), undefined, id);
  assertStringIncludes(await curlOf("schedules.put") ?? "", "/example'");
  assertStringIncludes(await curlOf("tokens.create") ?? "", '"example"');
  assertStringIncludes(await curlOf("tasks.create") ?? "", '["example"]');
  assertStringIncludes(await curlOf("tasks.cancel.many") ?? "", '"example"');
  assertStringIncludes(await curlOf("schedules.read") ?? "", "/nightly'");

  const labels = ["example"];
  const { task_id } = await send(
    "POST",
    "/v1/tasks?wait_ms=20000",
    task({ labels }),
  );
  const waits = await send(
    "POST",
    "/v1/tasks",
    task({ labels, not_before: later }),
  );
  await send("PUT", "/v1/schedules/example", cron);
  const { token_id } = await send("POST", "/v1/tokens", {
    name: "example",
    scopes: ["read"],
  });
  const named = [waits.task_id, task_id, "example", "example", token_id];
  for (const [index, id] of ending.entries()) {
    assertStringIncludes(await curlOf(id) ?? "", `/${named[index]}`, id);
  }
});

Deno.test("with roots, the examples write where files may be written", async () => {
  await using root = await tempDir();
  await using conductor = await testConductor({
    BAA_HOST_OPS_READ_ROOTS: root.path,
    BAA_HOST_OPS_WRITE_ROOTS: root.path,
  });
  const { server } = conductor;
  const text = await (await server.get("/llms.txt")).text();
  for (const op of ["write", "edit"]) {
    const [, body = ""] =
      new RegExp(`/v1/files/${op}' .* -d '(.*)'$`, "m").exec(text) ?? [];
    const answer = await server.post(`/v1/files/${op}`, body);
    assertEquals((await answer.json()).data.ok, true, body);
  }
  // Nothing lies there that a line could read.
  assertEquals(text.includes("/v1/files/read'"), false);
});

Deno.test("a route whose example has nothing to name yet shows the form of its line", async () => {
  await using conductor = await testConductor();
  const { data } = await (await conductor.server.get(
    "/describe/tasks.cancel",
  )).json();
  assertEquals(data.curl, undefined);
  assert(data.curl_form.includes("/v1/tasks/LIVE_TASK_ID/cancel"));
});

Deno.test("GET / answers JSON to who prefers it, and text to everybody else", async () => {
  await using conductor = await testConductor();
  const rows = [
    ["application/json", true],
    ["application/json, text/plain, */*", true],
    ["application/json;q=0.1, text/plain", false],
    ["text/plain", false],
    ["*/*", false],
  ] as const;
  for (const [accept, isJson] of rows) {
    const answer = await conductor.server.get("/", { headers: { accept } });
    const type = answer.headers.get("content-type") ?? "";
    assertEquals(type.startsWith("application/json"), isJson, accept);
    await answer.body?.cancel();
  }
});
