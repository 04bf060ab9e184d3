import { assert, assertEquals, assertMatch } from "@std/assert";
import { ScriptedClient } from "../../conductor/browser/testing/scripted_client.ts";
import { connectMcp } from "../../shared/testing/mcp_client.ts";
import { until } from "../../shared/testing/until.ts";
import { CodexRig } from "../testing/codex_rig.ts";
import { startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";
import { findRealCodex } from "../testing/real_codex.ts";

const codex = await findRealCodex();
const ERAS = ["modern", "legacy"] as const;

Deno.test("a command of a minute is handed over at 50 s, and its task read on, through MCP", async () => {
  await using conductor = await startDaemon("conductor");
  await using it = await connectMcp(`${conductor.origin}/mcp`);
  const started = performance.now();
  const ran = await it.call("host_exec", {
    command: "echo begun; sleep 55; echo ended",
    timeoutMs: 90_000,
  });
  const took = performance.now() - started;
  assert(took > 49_000 && took < 58_000, `${took} ms`);
  assertEquals([ran.isError ?? false, ran.data.pending], [false, true]);
  assertMatch(ran.data.next[0].path, /^\/v1\//);
  const { taskId: task_id, runId: run_id } = ran.data;
  const done = await until(
    async () => (await it.call("tasks_read", { task_id })).data,
    ({ status }) => status !== "running",
    { withinMs: 30_000 },
  );
  assertEquals(done.status, "succeeded");
  const { data } = await it.call("runs_output", { run_id });
  assertEquals(data.content, "begun\nended\n");
});

for (const era of ERAS) {
  Deno.test(`the browser sends a request that came through MCP, ${era}`, async () => {
    await using conductor = await startDaemon("conductor");
    await using client = await ScriptedClient.connect(conductor.origin);
    client.answerWith((message) =>
      message.type === "api_request"
        ? [{ type: "api_response", id: message.id, status: 200, body: "[7]" }]
        : []
    );
    await using it = await connectMcp(`${conductor.origin}/mcp`, { era });
    const sent = await it.call("browser_request", {
      platform: "claude",
      path: "/api/organizations",
    });
    assertEquals([sent.data.status, sent.data.body], [200, "[7]"]);
    const refused = await it.call("browser_request", { path: 7 });
    assertEquals([refused.isError, refused.data.code], [true, "INVALID_INPUT"]);
  });

  Deno.test({
    name: `real Codex: a turn runs through MCP, ${era}`,
    ignore: codex === undefined,
    async fn() {
      await using rig = await CodexRig.start(codex ?? "");
      await using conductor = await startDaemon("conductor", rig.conductorEnv);
      await until(
        () => call(`${conductor.origin}/v1/codex`),
        ({ data }) => data?.reachable === true,
        { withinMs: 60_000 },
      );
      await using it = await connectMcp(
        `${conductor.origin}/mcp?tools=all`,
        { era },
      );
      const made = await it.call("codex_sessions_open", { cwd: rig.work });
      const { session_id } = made.data;
      const turn = await it.call("codex_turn", {
        session_id,
        input: '@model:text text="through MCP"',
        wait: true,
      });
      assertMatch(JSON.stringify(turn.data), /through MCP/);
      assertEquals(turn.isError ?? false, false);
      const asked = await it.call("codex_approvals_list");
      assertEquals(asked.isError ?? false, false, JSON.stringify(asked.data));
    },
  });
}
