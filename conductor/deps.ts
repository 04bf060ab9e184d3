import type { HostOps } from "../host_ops/mod.ts";
import type { SelfDeps } from "../shared/daemon/self.ts";
import { routeFor } from "../shared/http/route.ts";
import type { Browser } from "./browser/browser.ts";
import type { Codex } from "./codex/codex.ts";
import type { BackupService } from "./record/backup_service.ts";
import type { ControllerService } from "./automation/controller_service.ts";
import type { EventService } from "./record/event_service.ts";
import type { SystemService } from "./automation/system_service.ts";
import type { TaskLogService } from "./automation/task_log_service.ts";
import type { TaskService } from "./automation/task_service.ts";
import type { StatusService } from "./status/status_service.ts";
import type { AuditStore } from "./store/audit_store.ts";
import type { RunStore } from "./store/run_store.ts";

/** What conductor's routes may use: each feature brings its slice. */
export interface Deps extends SelfDeps {
  /** The role of this controller, as `/rolez` answers it. */
  readonly role: () => "leader" | "standby";
  readonly hostOps: Pick<
    HostOps,
    "executeCommand" | "streamCommand" | "readTextFile" | "writeTextFile"
  >;
  readonly browser: Browser;
  readonly codex: Codex;
  readonly system: SystemService;
  readonly controllers: ControllerService;
  readonly tasks: TaskService;
  readonly taskLogs: TaskLogService;
  readonly runs: Pick<RunStore, "get" | "list">;
  readonly events: EventService;
  readonly audit: Pick<AuditStore, "list">;
  readonly backups: BackupService;
  readonly status: Pick<StatusService, "public" | "full">;
}

/** Defines a route of conductor. */
export const route = routeFor<Deps>();

/** Why a write of automation cannot work now; undefined when it can. */
export function unlessLeader({ role }: Pick<Deps, "role">): string | undefined {
  return role() === "leader" ? undefined : "this controller is a standby";
}
