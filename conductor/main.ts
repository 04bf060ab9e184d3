import { runDaemon } from "../shared/daemon/run_daemon.ts";
import { VERSION } from "../shared/version.ts";
import { compose } from "./compose.ts";
import { readConductorConfig } from "./config.ts";

if (import.meta.main) {
  await runDaemon(
    {
      name: "conductor",
      version: VERSION,
      readConfig: readConductorConfig,
      compose,
    },
    Deno.args,
  );
}
