import { assertEquals } from "@std/assert";
import { contractTests } from "../shared/testing/contract_tests.ts";
import { codexdRoutes as routes } from "./routes/mod.ts";
import { testCodexd } from "./testing/test_codexd.ts";

contractTests("codexd", {
  routes,
  async start() {
    const codexd = await testCodexd();
    const session = await codexd.session();
    return {
      server: codexd.server,
      exampleValues: { cwd: codexd.folder, session },
      [Symbol.asyncDispose]: () => codexd[Symbol.asyncDispose](),
    };
  },
});

Deno.test("GET /describe tells the public zone nothing of this machine", async () => {
  await using it = await testCodexd({
    env: { BAA_CODEX_BIN: "/nowhere/canary/codex" },
  });
  for (const path of ["/describe", "/describe/control", "/health"]) {
    const response = await it.server.send("GET", path, {
      headers: { via: "1.1 proxy" },
    });
    assertEquals(response.status, 200);
    const text = await response.text();
    assertEquals(text.includes("canary"), false, path);
  }
});
