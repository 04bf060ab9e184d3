export { createApp } from "./app.ts";
export { describeRoutes } from "./describe_routes.ts";
export { judgeNetwork } from "./network_config.ts";
export { probeRoutes } from "./probe_routes.ts";
export {
  type Daemon,
  type DaemonConfig,
  type DaemonPorts,
  runDaemon,
} from "./run_daemon.ts";
export { type DaemonSelf, outlook, type SelfDeps, statusWord } from "./self.ts";
