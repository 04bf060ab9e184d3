export { Approvals } from "./approvals.ts";
export { findBinary } from "./binary.ts";
export {
  callerError,
  hasNoHistory,
  isUnknownMethod,
  isUnknownThread,
} from "./caller_error.ts";
export { CodexClient } from "./codex_client.ts";
export { CODEX_VARIABLES, secretValues } from "./environment.ts";
export { AppServerHost } from "./host.ts";
export { Life } from "./life.ts";
export { Login } from "./login.ts";
export {
  NOTIFICATIONS,
  OpenedThread,
  Thread,
  ThreadItem,
  WireTurn,
  WireTurnError,
} from "./protocol.ts";
export type { SupervisorEvents } from "./supervisor.ts";
export { isUntested, TESTED_VERSION } from "./version.ts";
