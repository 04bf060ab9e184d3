import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { CodexdStatus } from "../shared/contracts/mod.ts";
import { tempDir } from "../shared/testing/fakes.ts";
import { testCodexd } from "./testing/test_codexd.ts";

Deno.test("another binary is told while a turn runs, and taken when it has ended", async () => {
  await using folder = await tempDir();
  const path = folder.join("codex");
  const install = async () => {
    await Deno.writeTextFile(`${path}.new`, "#!/bin/sh\n", { mode: 0o755 });
    await Deno.rename(`${path}.new`, path);
  };
  await install();
  await using it = await testCodexd({ env: { BAA_CODEX_BIN: path } });
  const status = () => it.server.data<CodexdStatus>("GET", "/v1/codexd/status");
  const turn = (body: Record<string, unknown>) =>
    it.server.data("POST", "/v1/codexd/turn", body);
  const [one, two] = [await it.session(), await it.session()];
  await turn({ session_id: one, input: "@model:hang" });
  const before = await status();
  await install();
  // Each end of a turn looks for it, and so does time.
  await turn({ session_id: two, input: "x", wait: true });
  const told = await it.event(({ type }) => type === "app_server.outdated");
  assertMatch(String(told.data.reason), /binary was replaced/);
  const during = await status();
  assertEquals(during.app_server.pid, before.app_server.pid);
  assertMatch(during.degraded_reasons.join(), /anew once no turn runs/);
  const renewed = it.machine.next();
  await turn({ session_id: one, action: "interrupt", wait: true });
  await renewed;
  await turn({ session_id: two, input: "y", wait: true });
  const { app_server, degraded_reasons } = await status();
  assertNotEquals(app_server.pid, before.app_server.pid);
  assertEquals([app_server.outdated, app_server.restarts], [null, 0]);
  assertEquals(degraded_reasons, []);
});

Deno.test("a turn that was refused for its login is told of, until one is not", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const reasons = async (input: string) => {
    const body = { session_id, input, wait: true };
    await it.server.data("POST", "/v1/codexd/turn", body);
    const path = "/v1/codexd/status";
    return (await it.server.data<CodexdStatus>("GET", path)).degraded_reasons;
  };
  assertMatch((await reasons("@model:status code=401")).join(), /its login/);
  assertEquals(await reasons("x"), []);
});
