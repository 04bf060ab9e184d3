import { runDaemon } from "../shared/daemon/mod.ts";
import { VERSION } from "../shared/version.ts";
import { compose } from "./compose.ts";
import { readConductorConfig } from "./config.ts";
import {
  composeStatusApi,
  confine,
  readStatusApiConfig,
} from "./status/mod.ts";

if (import.meta.main) {
  const [command, ...rest] = Deno.args;
  await (command === "status-api"
    ? runDaemon({
      name: "status-api",
      version: VERSION,
      readConfig: readStatusApiConfig,
      compose: composeStatusApi,
      confine,
    }, rest)
    : runDaemon({
      name: "conductor",
      version: VERSION,
      readConfig: readConductorConfig,
      compose,
    }, Deno.args));
}
