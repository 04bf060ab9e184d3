import { Database } from "@db/sqlite";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { testConductor } from "../testing/test_conductor.ts";

const PUBLIC = { "x-forwarded-for": "203.0.113.9" };
const TOKEN = "a-token-for-tests";

Deno.test("POST /v1/system/pause answers the latest state, and resume takes it back", async () => {
  await using it = await testConductor();
  const paused = await it.server.data("POST", "/v1/system/pause", {
    reason: "human_clicked_pause",
    requested_by: "test",
  });
  assertEquals(paused.mode, "paused");
  assertEquals(paused.drained, false);
  const state = await it.server.data("GET", "/v1/system/state");
  assertEquals(state.mode, "paused");
  assertEquals(state.automation, paused.automation);
  const { updated_at: _, ...automation } = state.automation as Record<
    string,
    unknown
  >;
  assertEquals(automation, {
    mode: "paused",
    requested_by: "test",
    reason: "human_clicked_pause",
    source: "http",
  });
  const resumed = await it.server.data("POST", "/v1/system/resume");
  assertEquals(resumed.mode, "running");
});

Deno.test("POST /v1/system/drain proves that nothing runs any more", async () => {
  await using it = await testConductor();
  const task = await it.server.data("POST", "/v1/tasks", {
    title: "slow",
    kind: "exec",
    payload: { command: "sleep 0.4" },
  });
  const follow = await it.server.get(`/v1/tasks/${task.task_id}/logs`, {
    headers: { accept: "text/event-stream" },
  });
  await follow.body?.cancel();
  let first = await it.server.data("POST", "/v1/system/drain");
  while ((first.active_runs as unknown[]).length === 0 && !first.drained) {
    first = await it.server.data("GET", "/v1/system/state");
  }
  const state = await it.server.data(
    "POST",
    "/v1/system/drain?wait_ms=10000",
    {},
  );
  assertEquals([state.mode, state.drained], ["draining", true]);
  assertEquals(state.active_runs, []);
  const refused = await it.server.post("/v1/tasks", {
    title: "late",
    kind: "exec",
    payload: { command: "true" },
  });
  assertEquals(refused.status, 409);
  assertEquals((await refused.json()).error.code, "SYSTEM_DRAINING");
});

Deno.test("Changes of the mode refuse what they do not know", async () => {
  await using it = await testConductor();
  for (
    const [path, body] of [
      ["/v1/system/pause", { resaon: "typo" }],
      ["/v1/system/pause", { reason: 5 }],
      ["/v1/system/pause", { reason: "" }],
      ["/v1/system/drain?wait_ms=-1", {}],
      ["/v1/system/drain?wait_ms=9999999", {}],
      ["/v1/system/drain?wait=1", {}],
    ] as const
  ) {
    const response = await it.server.post(path, body);
    assertEquals(response.status, 400, path);
    assertEquals((await response.json()).error.code, "INVALID_INPUT");
  }
  assertEquals(
    (await it.server.data("GET", "/v1/system/state")).mode,
    "running",
  );
});

Deno.test("GET /v1/system/state shows strangers no more than mode, health, version, uptime", async () => {
  await using it = await testConductor({ BAA_SHARED_TOKEN: TOKEN });
  const response = await it.server.get("/v1/system/state", { headers: PUBLIC });
  const { data } = await response.json();
  assertEquals(Object.keys(data).sort(), [
    "health",
    "mode",
    "uptime_ms",
    "version",
  ]);
});

Deno.test("Automation is exposed as its routes say", async () => {
  await using it = await testConductor({ BAA_SHARED_TOKEN: TOKEN });
  const authorization = { authorization: `Bearer ${TOKEN}` };
  const status = async (method: string, path: string, headers = {}) => {
    const body = method === "POST" ? {} : undefined;
    const response = await it.server.send(method, path, { headers, body });
    await response.body?.cancel();
    return response.status;
  };
  for (
    const [method, path] of [
      ["GET", "/v1/controllers"],
      ["GET", "/v1/tasks"],
      ["GET", "/v1/runs"],
      ["POST", "/v1/system/pause"],
      ["POST", "/v1/system/resume"],
      ["POST", "/v1/system/drain"],
    ] as const
  ) {
    assertEquals(await status(method, path), 401, path);
    assertEquals(await status(method, path, PUBLIC), 403, path);
    assertEquals(
      await status(method, path, { ...PUBLIC, ...authorization }),
      200,
      path,
    );
  }
  for (
    const [method, path] of [
      ["POST", "/v1/tasks"],
      ["POST", "/v1/tasks/task_1/cancel"],
      ["GET", "/v1/events"],
      ["GET", "/v1/audit"],
      ["POST", "/v1/system/backup"],
    ] as const
  ) {
    assertEquals(
      await status(method, path, { ...PUBLIC, ...authorization }),
      403,
      path,
    );
    assertEquals(await status(method, path), 401, path);
  }
});

Deno.test("GET /v1/controllers names this process as the leader", async () => {
  await using it = await testConductor();
  const data = await it.server.data("GET", "/v1/controllers?limit=5");
  assertEquals(data.count, 1);
  const [controller] = data.controllers as Record<string, unknown>[];
  assertEquals(controller?.controller_id, "mini-main");
  assertEquals(controller?.is_leader, true);
  assertEquals(await (await it.server.get("/rolez")).text(), "leader");
});

Deno.test("POST /v1/system/backup writes a file that nobody else reads", async () => {
  await using it = await testConductor();
  const backup = await it.server.data("POST", "/v1/system/backup");
  const { size, mode } = await Deno.stat(String(backup.path));
  assertEquals(size, backup.size_bytes);
  assertEquals(mode, 0o100600);
});

Deno.test("GET /v1/audit shows who did what, and how it ended", async () => {
  await using it = await testConductor();
  const response = await it.server.post("/v1/system/pause", {
    requested_by: "somebody",
    reason: "for a while, password=planted-4711",
  }, { headers: { "x-request-id": "mine" } });
  await response.body?.cancel();
  await it.server.post("/v1/exec", { command: "exit 4" });
  const { entries } = await it.server.data<
    { entries: Record<string, unknown>[] }
  >("GET", "/v1/audit?request_id=mine");
  assertEquals(
    entries.map((row) => [row.phase, row.action, row.ok, row.actor]),
    [
      ["outcome", "system.pause", true, "local"],
      ["intent", "system.pause", null, "local"],
    ],
  );
  assertEquals(entries.at(-1)?.target, {
    requested_by: "somebody",
    reason: "for a while, password=***",
  });
  const exec = await it.server.data<{ entries: Record<string, unknown>[] }>(
    "GET",
    "/v1/audit?action=exec",
  );
  assertEquals(exec.entries.map((row) => [row.phase, row.code]), [
    ["outcome", "EXEC_EXIT_NON_ZERO"],
    ["intent", null],
  ]);
  assert(!JSON.stringify(entries).includes("planted"));
});

Deno.test("GET /v1/audit/verify sees rows that somebody cut off the end", async () => {
  await using it = await testConductor();
  for (let i = 0; i < 3; i++) {
    await it.server.data("POST", "/v1/exec", { command: "true" });
  }
  const whole = await it.server.data("GET", "/v1/audit/verify");
  assertEquals([whole.ok, whole.rows, whole.head_seq], [true, 6, 6]);
  assertEquals(whole.first_bad_seq, null);
  const raw = new Database(`${it.folder}/state/conductor/conductor.db`);
  raw.exec(`DROP TRIGGER audit_undeletable;
    DELETE FROM audit WHERE seq > 4;
    UPDATE audit_head
    SET (seq, hash) = (SELECT seq, hash FROM audit WHERE seq = 4)`);
  raw.close();
  const cut = await it.server.data("GET", "/v1/audit/verify");
  assertEquals([cut.ok, cut.head_seq, cut.first_bad_seq], [false, 4, 5]);
  await it.server.data("POST", "/v1/exec", { command: "true" });
  const health = await it.server.data("GET", "/health");
  assertStringIncludes(JSON.stringify(health), "row 6 is not there any more");
});
