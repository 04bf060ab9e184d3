export { createDaemon } from "./create_daemon.ts";
export {
  type DaemonConfig,
  daemonConfig,
  filesConfig,
} from "./daemon_config.ts";
export { describeRoutes } from "./describe_routes.ts";
export { probeRoutes } from "./probe_routes.ts";
export { type Daemon, type DaemonPorts, runDaemon } from "./run_daemon.ts";
export { readSecretFile } from "./secret_file.ts";
export { DaemonSelf, type SelfDeps, type SelfParts } from "./self.ts";
