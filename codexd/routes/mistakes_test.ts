import { assert, assertStringIncludes } from "@std/assert";
import {
  assertMended,
  type Mistake,
  toldOf,
} from "../../shared/testing/mended_call.ts";
import { testCodexd } from "../testing/test_codexd.ts";

Deno.test("The words of a failure alone lead to a second call that works, on codexd too", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const turn = { session_id, wait: true };
  const cases: readonly Mistake[] = [
    ["POST /v1/codexd/turn", { ...turn, message: "x" }],
    ["POST /v1/codexd/turn", { ...turn, prompt: "x", input: "x" }],
    ["POST /v1/codexd/turn", { session_id, input: "x", wait: "true" }],
    ["POST /v1/codexd/turn", { ...turn, input: "x", timeout_ms: "9000" }],
    ["POST /v1/codexd/turn", { ...turn, input: "x", timeout: 9000 }],
    ["POST /v1/codexd/turn", { ...turn, input: "x" }, "text/plain"],
    ["POST /v1/codexd/turn/", { ...turn, input: "x" }],
    ["POST /v1/codexd/sessions", { directory: it.folder }],
    ["POST /v1/codexd/sessions", { cwd: it.folder, ephemeral: "true" }],
    ["GET /v1/codexd/sessions/"],
    ["GET /v1/codexd/session"],
    ["POST /v1/codexd/status"],
  ];
  await assertMended(it.server, cases);
});

Deno.test("A hint of codexd's names calls of codexd's own", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const turn = { method: "POST", path: "/v1/codexd/turn" };
  const respond = {
    action: "respond",
    approval_id: "none",
    decision: "decline",
  };
  for (
    const [body, hint] of [
      [respond, "approvals.items[] of GET /v1/codexd/status"],
      [{ session_id: crypto.randomUUID(), input: "x" }, "/v1/codexd/sessions"],
      [{ session_id, action: "interrupt" }, "POST /v1/codexd/turn without"],
    ] as const
  ) {
    const { error } = await toldOf(it.server, { ...turn, body });
    assertStringIncludes(error.hint, hint);
    assert(!error.hint.includes("/v1/codex/"), error.hint);
  }
});
