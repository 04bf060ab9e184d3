import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { findRealCodex } from "../testing/real_codex.ts";

const codex = await findRealCodex();

async function smoke(bin: string): Promise<string> {
  const script = new URL("../runtime/codexd-e2e-smoke.sh", import.meta.url);
  const { success, stdout, stderr } = await new Deno.Command(
    fromFileUrl(script),
    { env: { DENO_BIN: Deno.execPath(), BAA_CODEX_BIN: bin } },
  ).output();
  const text = new TextDecoder();
  const said = text.decode(stdout);
  assertEquals(success, true, said + text.decode(stderr));
  return said;
}

Deno.test("codexd-e2e-smoke.sh passes with the stand-in, and says so", async () => {
  const said = await smoke("/nowhere/codex");
  assertStringIncludes(said, "with  a stand-in for Codex");
  assert(said.endsWith(" passed, 0 failed\n"));
});

Deno.test({
  name: "codexd-e2e-smoke.sh passes with the real Codex, and says so",
  ignore: codex === undefined,
  async fn() {
    assertStringIncludes(await smoke(codex ?? ""), "with  the real Codex");
  },
});
