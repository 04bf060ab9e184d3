export {
  filesConfig,
  type JudgedConfig,
  judgedConfig,
} from "./daemon_config.ts";
export { DaemonBuilder } from "./daemon_builder.ts";
export { describeRoutes } from "./describe_routes.ts";
export { probeRoutes } from "./probe_routes.ts";
export { type Daemon, type DaemonPorts, runDaemon } from "./run_daemon.ts";
export {
  type DaemonSelf,
  outlook,
  type SelfDeps,
  type SelfParts,
  statusWord,
  summaryOf,
} from "./self.ts";
