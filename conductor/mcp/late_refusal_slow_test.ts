import { assert, assertEquals } from "@std/assert";
import { until } from "../../shared/testing/until.ts";
import { connectTools } from "../testing/mcp.ts";
import { testConductor } from "../testing/test_conductor.ts";

Deno.test("a command that waits in vain for its place is refused as such, over HTTP and MCP", async () => {
  await using conductor = await testConductor({
    BAA_MAX_CONCURRENT_EXECS: "1",
  });
  const { server } = conductor;
  await using it = await connectTools(conductor);
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
