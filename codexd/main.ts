import { runDaemon } from "../shared/daemon/mod.ts";
import { VERSION } from "../shared/version.ts";
import { composeCodexd } from "./compose.ts";
import { readCodexdConfig } from "./config.ts";

if (import.meta.main) {
  await runDaemon(
    {
      name: "codexd",
      version: VERSION,
      readConfig: readCodexdConfig,
      compose: composeCodexd,
    },
    Deno.args,
  );
}
