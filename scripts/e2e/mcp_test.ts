import { assert, assertEquals, assertRejects } from "@std/assert";
import { readLines } from "../../shared/lines.ts";
import type { Json } from "../../shared/testing/json.ts";
import {
  endlessSleep,
  runs,
  waitUntilGone,
} from "../../shared/testing/processes.ts";
import { connectMcp } from "../../shared/testing/mcp_client.ts";
import { until } from "../../shared/testing/until.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { startDaemon } from "../testing/daemon.ts";
import { codexHome, findRealCodex } from "../testing/real_codex.ts";

const TOKEN = "an-agent-of-tests-4711";
const codex = await findRealCodex();

Deno.test("a client of MCP whose connection ends takes its command along, in either era", async () => {
  await using conductor = await startDaemon("conductor");
  for (const era of ["modern", "legacy"] as const) {
    await using it = await connectMcp(`${conductor.origin}/mcp`, { era });
    const command = endlessSleep();
    const leave = new AbortController();
    const left = it.client.callTool({
      name: "host_exec",
      arguments: {
        command: `${command} # ${"longer than one packet ".repeat(50)}`,
        timeoutMs: 50_000,
      },
    }, { signal: leave.signal });
    await until(() => runs(command));
    // Of the older era only the end of the connection counts: there is no session.
    if (era === "legacy") await it.client.close();
    leave.abort();
    await assertRejects(() => left);
    assertEquals(await waitUntilGone(command), []);
  }
});

Deno.test({
  name: "the real Codex lists conductor's tools and calls them",
  ignore: codex === undefined,
  async fn() {
    await using conductor = await startDaemon("conductor", {
      BAA_SHARED_TOKEN: TOKEN,
    });
    await using folder = await tempDir();
    const child = new Deno.Command(codex ?? "", {
      args: [
        "app-server",
        "-c",
        `mcp_servers.baa.url="${conductor.origin}/mcp"`,
        "-c",
        'mcp_servers.baa.bearer_token_env_var="BAA_TOKEN"',
      ],
      env: {
        CODEX_HOME: await codexHome(folder.path, "http://127.0.0.1:9/v1"),
        BAA_TOKEN: TOKEN,
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    const batches = readLines(child.stdout, {
      maxChars: 1_048_576,
    });
    let id = 0;
    const ask = async (method: string, params: unknown): Promise<Json> => {
      id++;
      const text = JSON.stringify({ id, method, params });
      await writer.write(new TextEncoder().encode(`${text}\n`));
      while (true) {
        const { value: lines, done } = await batches.next();
        assert(done !== true, "Codex has ended");
        const answer = lines.map((it: string) => JSON.parse(it))
          .find((it: Json) => it.id === id);
        if (answer !== undefined) return answer.result ?? answer.error;
      }
    };
    try {
      await ask("initialize", {
        clientInfo: { name: "test", title: "test", version: "1" },
        capabilities: { experimentalApi: true },
      });
      const { data: [server] } = await ask("mcpServerStatus/list", {});
      const names = Object.keys(server.tools);
      for (const name of ["host_exec", "host_files_edit", "tasks_create"]) {
        assert(names.includes(name), name);
      }
      const { thread } = await ask("thread/start", { cwd: folder.path });
      const tool = (name: string, args: unknown) =>
        ask("mcpServer/tool/call", {
          threadId: thread.id,
          server: "baa",
          tool: name,
          arguments: args,
        });
      const ran = await tool("host_exec", { command: "echo by codex" });
      assertEquals(ran.structuredContent.result.stdout, "by codex\n");
      const queued = await tool("tasks_create", {
        title: "By Codex",
        kind: "exec",
        payload: { command: "echo done" },
        wait_ms: 20_000,
      });
      const { status, latest_run: { run_id } } = queued.structuredContent;
      assertEquals(status, "succeeded");
      const output = await tool("runs_output", { run_id });
      assertEquals(output.structuredContent.content, "done\n");
    } finally {
      await writer.close();
      child.kill();
      await child.status;
      await batches.return(undefined);
    }
  },
});
