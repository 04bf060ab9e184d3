import { CodexRig } from "./codex_rig.ts";
import { findRealCodex } from "./real_codex.ts";

const codex = await findRealCodex();

/** Registers a test with a codexd over the real Codex. */
export function realCodexTest(
  name: string,
  run: (rig: CodexRig) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): void {
  Deno.test({
    name: `real Codex: ${name}`,
    ignore: codex === undefined,
    async fn() {
      await using rig = await CodexRig.start(codex ?? "", env);
      await run(rig);
    },
  });
}
