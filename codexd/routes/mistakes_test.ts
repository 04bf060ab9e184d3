import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Json } from "../../shared/testing/json.ts";
import {
  mendedCall,
  type TriedCall,
} from "../../shared/testing/mended_call.ts";
import { type TestCodexd, testCodexd } from "../testing/test_codexd.ts";

Deno.test("The words of a failure alone lead to a second call that works, on codexd too", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const turn = { session_id, wait: true };
  const cases: readonly [string, Json?, string?][] = [
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
  for (const [line, body, type] of cases) {
    const [method = "", path = ""] = line.split(" ");
    let call: TriedCall = { method, path, body, type };
    let answer = await told(it, call);
    assert(!answer.ok, line);
    for (let tries = 2; tries > 0 && !answer.ok; tries--) {
      call = mendedCall(call, answer.error);
      answer = await told(it, call);
    }
    const what = `${line} ${JSON.stringify(body)}: ${JSON.stringify(answer)}`;
    assertEquals(answer.ok, true, what);
  }
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
    const { error } = await told(it, { ...turn, body });
    assertStringIncludes(error.hint, hint);
    assert(!error.hint.includes("/v1/codex/"), error.hint);
  }
});

async function told(
  { server }: TestCodexd,
  { method, path, body, type }: TriedCall,
): Promise<{ readonly ok: boolean; readonly error?: Json }> {
  const response = await server.send(method, path, {
    ...(method !== "GET" && { body }),
    ...(type !== undefined && { headers: { "content-type": type } }),
  });
  const { ok, error } = await response.json();
  return { ok, error };
}
