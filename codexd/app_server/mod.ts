export { ApprovalRecord } from "./approval_record.ts";
export { Approvals } from "./approvals.ts";
export {
  hasNoHistory,
  isRefusal,
  isUnknownMethod,
  isUnknownThread,
} from "./caller_error.ts";
export { CodexClient, type TurnLimits } from "./codex_client.ts";
export { CODEX_VARIABLES, secretValues } from "./environment.ts";
export { AppServerHost } from "./app_server_host.ts";
export { Login } from "./login.ts";
export { Offer } from "./offer.ts";
export {
  OpenedThread,
  SANDBOX_POLICIES,
  Thread,
  ThreadItem,
  ThreadStatus,
  TokenUsage,
  WireTurn,
  WireTurnError,
} from "./protocol.ts";
export type { AppServerEvents } from "./supervisor.ts";
export { isUntested, TESTED_VERSION } from "./version.ts";
