import type { Clock } from "../shared/clock.ts";
import type { AuditedCaller } from "../shared/audit.ts";
import type { FormKeys, NamedTokens, OwnerSessions } from "./access/mod.ts";
import type { HostOps } from "../host_ops/mod.ts";
import type { SelfDeps } from "../shared/daemon/mod.ts";
import { type RouteContext, routeFor } from "../shared/http/mod.ts";
import type { Browser } from "./browser/mod.ts";
import type { Codex } from "./codex/mod.ts";
import type {
  AuditVerifier,
  BackupService,
  EventService,
  HeldCalls,
  LogService,
} from "./record/mod.ts";
import type {
  Automation,
  DetachedExec,
  RunOutputService,
  SystemService,
  TaskLogService,
  TaskService,
} from "./automation/mod.ts";
import type { Notifier } from "./notify/mod.ts";
import type { lastAttack, StatusService } from "./status/mod.ts";
import type { Stores } from "./store/mod.ts";

/** What conductor's routes may use: each feature brings its slice. */
export interface Deps extends SelfDeps {
  readonly clock: Clock;
  /** The role of this controller, as `/rolez` answers it. */
  readonly role: () => "leader" | "standby";
  readonly hostOps: Pick<
    HostOps,
    | "executeCommand"
    | "streamCommand"
    | "readTextFile"
    | "writeTextFile"
    | "editTextFile"
  >;
  readonly detached: DetachedExec;
  readonly browser: Browser;
  readonly codex: Codex;
  readonly system: SystemService;
  readonly controllers: Automation["controllers"];
  readonly schedules: Automation["schedules"];
  readonly tasks: TaskService;
  readonly taskLogs: TaskLogService;
  readonly runs: Stores["runs"];
  readonly runOutputs: RunOutputService;
  readonly events: EventService;
  readonly held: HeldCalls;
  readonly logs: LogService;
  readonly audit: Stores["audit"];
  readonly auditVerifier: AuditVerifier;
  readonly backups: BackupService;
  readonly tokens: NamedTokens;
  /** Undefined where nobody is notified. */
  readonly notifier: Pick<Notifier, "test"> | undefined;
  readonly sessions: OwnerSessions;
  readonly formKeys: FormKeys;
  readonly status: Pick<StatusService, "public" | "full">;
  readonly lastAttack: () => ReturnType<typeof lastAttack>;
}

export const route = routeFor<Deps>();

/** Why a write of automation cannot work now; undefined when it can. */
export function unlessLeader({ role }: Pick<Deps, "role">): string | undefined {
  return role() === "leader" ? undefined : "this controller is a standby";
}

/** Returns who asks, for services: the actor of the audit, when it leaves, when it has its answer. */
export function callerOf(
  context: RouteContext<Deps>,
): Required<AuditedCaller> {
  const { actor, requestId, remoteAddress } = context;
  return {
    actor: {
      name: actor,
      source: "http",
      request_id: requestId,
      remote_address: remoteAddress,
    },
    // Made when it is asked for: of what is done at once nobody does.
    get signal() {
      return context.signal;
    },
    hold: (release) => context.hold(release),
    begun: (options) => context.begun(options),
  };
}
