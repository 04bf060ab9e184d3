import { runDaemon } from "../shared/daemon/mod.ts";
import { VERSION } from "../shared/version.ts";
import { compose } from "./compose.ts";
import { readConductorConfig } from "./config.ts";

if (import.meta.main) {
  const [command, ...rest] = Deno.args;
  if (command === "status-api") {
    const { composeStatusApi, confine, readStatusApiConfig } = await import(
      "./status/api/mod.ts"
    );
    await runDaemon({
      name: "status-api",
      version: VERSION,
      readConfig: readStatusApiConfig,
      compose: composeStatusApi,
      confine,
    }, rest);
  } else {
    await runDaemon({
      name: "conductor",
      version: VERSION,
      readConfig: readConductorConfig,
      compose,
    }, Deno.args);
  }
}
