import type { Clock } from "../../shared/clock.ts";
import type { ApprovalMode, Sandbox } from "../../shared/contracts/mod.ts";
import type { Logger } from "../../shared/log.ts";
import type { CodexClient } from "../app_server/mod.ts";
import type { EventLog } from "./event_log.ts";
import type { SessionIndex } from "./session_index.ts";
import type { ThreadLoader } from "./thread_loader.ts";
import type { Turns } from "./turns.ts";

/** The way to the app-server. */
interface CodexAccess {
  /** The app-server when it is ready now. */
  readonly client: CodexClient | undefined;
  /** Waits a little for one that is starting. @throws {AppError} CODEXD_UNAVAILABLE */
  ready(): Promise<CodexClient>;
  /** As `ready`, and somebody is logged in. */
  usable(): Promise<CodexClient>;
}

/** What sessions may do at most. */
interface SessionLimits {
  readonly approvals: ApprovalMode;
  readonly maxSandbox: Sandbox;
  /** Where sessions work that name no folder. */
  readonly cwd: string;
}

/** What the services of this folder share. */
export interface SessionPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly codex: CodexAccess;
  readonly limits: SessionLimits;
  readonly index: SessionIndex;
  readonly loader: ThreadLoader;
  readonly turns: Turns;
  readonly events: EventLog;
}
