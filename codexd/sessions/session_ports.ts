import type { Clock } from "../../shared/clock.ts";
import type { ApprovalMode, Sandbox } from "../../shared/contracts/mod.ts";
import type { PathBase } from "../../shared/user_path.ts";
import type { Logger } from "../../shared/log.ts";
import type { AppServerHost } from "../app_server/mod.ts";
import type { EventLog } from "./event_log.ts";
import type { SessionIndex } from "./session_index.ts";
import type { ThreadLoader } from "./thread_loader.ts";
import type { Turns } from "./turns.ts";

/** What the services of this folder share. */
export interface SessionPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly codex: Pick<AppServerHost, "client" | "ready" | "usable">;
  /** What sessions may do at most. */
  readonly limits: {
    readonly approvals: ApprovalMode;
    readonly maxSandbox: Sandbox;
  };
  /** Where sessions work that name no folder, and from where they name one. */
  readonly place: PathBase;
  readonly index: SessionIndex;
  readonly loader: ThreadLoader;
  readonly turns: Turns;
  readonly events: EventLog;
}
