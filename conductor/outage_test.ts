import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { tempDir } from "../shared/testing/fakes.ts";
import { testConductor } from "./testing/test_conductor.ts";

const TOKEN = "canary-token-1234";

Deno.test("A conductor without its database tells its owner why, and strangers only that it is not ready", async () => {
  await using dir = await tempDir();
  await Deno.mkdir(dir.join("conductor"));
  const path = join(dir.path, "conductor", "conductor.db");
  await Deno.writeTextFile(path, "no database");
  await using conductor = await testConductor({
    BAA_STATE_DIR: dir.path,
    BAA_SHARED_TOKEN: TOKEN,
  });
  const { server } = conductor;
  const ask = async (route: string, headers = {}) =>
    await (await server.get(route, { headers })).text();
  const owner = { authorization: `Bearer ${TOKEN}` };
  const stranger = { "x-forwarded-for": "10.0.0.1" };

  const told = await ask("/v1/system/state", owner);
  for (const part of ["not a database", dir.path, '"retryable":false']) {
    assertStringIncludes(told, part);
  }
  for (
    const route of ["/v1/system/state", "/health", "/v1/status", "/describe"]
  ) {
    for (const headers of [{}, stranger]) {
      const answer = await ask(route, headers);
      assert(!answer.includes(dir.path), answer);
      assert(!answer.includes("not a database"), answer);
    }
  }
  const { error } = JSON.parse(await ask("/v1/system/state", stranger));
  assertEquals([error.code, error.retryable, error.hint], [
    "NOT_READY",
    false,
    "GET /health lists the reasons.",
  ]);
  // Who may not call at all is still told that, and nothing else.
  assertStringIncludes(await ask("/v1/tasks"), "UNAUTHORIZED");
  assertStringIncludes(await ask("/v1/logs"), "UNAUTHORIZED");
  // The logs are what an owner wants to see then.
  assertStringIncludes(await ask("/v1/logs", owner), '"entries":');
  assertEquals(await Deno.readTextFile(path), "no database");
});
