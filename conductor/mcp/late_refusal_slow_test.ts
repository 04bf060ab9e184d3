import { assert, assertEquals } from "@std/assert";
import { connectMcp } from "../../shared/testing/mcp_client.ts";
import { until } from "../../shared/testing/until.ts";
import { testConductor } from "../testing/test_conductor.ts";

Deno.test("a command that waits in vain for its place is refused as such, over HTTP and MCP", async () => {
  await using conductor = await testConductor({
    BAA_MAX_CONCURRENT_EXECS: "1",
  });
  const { daemon, origin, server } = conductor;
  await using it = await connectMcp(`${origin}/mcp`, {
    async fetch(url, init) {
      const headers = new Headers(init?.headers);
      headers.set("host", new URL(origin).host);
      if (init?.body) {
        headers.set("content-length", String(String(init.body).length));
      }
      return await daemon.handle(new Request(url, { ...init, headers }), {
        remoteAddress: "127.0.0.1",
      });
    },
  });
  const holder = new AbortController();
  const held = server.post("/v1/exec", {
    command: "touch began; sleep 60",
    cwd: conductor.folder,
  }, {
    signal: holder.signal,
  }).then((response) => response.text()).catch(() => {});
  await until(() => {
    try {
      return Deno.statSync(`${conductor.folder}/began`).isFile;
    } catch {
      return false;
    }
  });
  const [refused, tool] = await Promise.all([
    server.post("/v1/exec", { command: "true" }),
    it.call("host_exec", { command: "true" }),
  ]);
  assertEquals(refused.status, 429);
  assert(refused.headers.has("retry-after"));
  const { error } = await refused.json();
  assertEquals(error.code, "TOO_MANY_REQUESTS");
  assertEquals(tool.isError, true);
  assertEquals(tool.data.code, "TOO_MANY_REQUESTS");
  holder.abort();
  await held;
});
