import { isoTime } from "../../shared/clock.ts";
import type { CodexdStatus, StatusQuery } from "../../shared/contracts/mod.ts";
import { VERSION } from "../../shared/version.ts";
import {
  type Approvals,
  type AppServerHost,
  isUntested,
  type Offer,
  TESTED_VERSION,
} from "../app_server/mod.ts";
import type { EventSubscriptions } from "./event_subscriptions.ts";
import type { SessionPorts } from "./session_ports.ts";
import type { UsageLedger } from "./usage_ledger.ts";
import type { WriteFaults } from "./write_faults.ts";

/** How codexd stands. */
export class StatusReport {
  readonly #ports: StatusPorts;

  constructor(ports: StatusPorts) {
    this.#ports = ports;
  }

  /** Data of `GET /v1/codexd/status`, with the usage that is asked for. */
  read({ usage_since, usage_by }: StatusQuery = {}): CodexdStatus {
    const { host, index, events, turns, loader, limits, usage, offer } =
      this.#ports;
    const items = this.#ports.approvals.items.map((it) => ({
      ...it,
      task_id: turns.running(it.turn_id ?? undefined)?.plan.taskId,
    }));
    return {
      version: VERSION,
      available: this.fault === undefined,
      app_server: host.supervisor.status(),
      account: host.login.account,
      sessions: {
        known: index.size,
        newest: index.newest?.session_id ?? null,
        loaded: loader.size,
        active_turns: turns.active.map((turn) => ({
          session_id: turn.sessionId,
          turn_id: turn.turnId,
          task_id: turn.plan.taskId,
          started_at: isoTime(turn.startedAt),
        })),
      },
      approvals: {
        mode: limits.approvals,
        timeout_ms: this.#ports.approvalTimeoutMs,
        pending: items.length,
        items,
      },
      rate_limits: offer.limits,
      models: offer.models,
      max_sandbox: limits.maxSandbox,
      events: {
        seq: events.lastSeq,
        first_seq: events.firstSeq,
        subscribers: this.#ports.subscriptions.count,
      },
      ...(usage_by && {
        usage: usage.report({ since: usage_since, group_by: usage_by }),
      }),
      degraded_reasons: this.degradedReasons,
    };
  }

  /** Why sessions and turns do not work now, with what to do; undefined when they do. */
  get fault(): string | undefined {
    const { host } = this.#ports;
    const { state, fault } = host.supervisor.status();
    const login = host.login.fault;
    if (fault !== null) return `${fault.reason}. ${fault.fix}`;
    if (state !== "ready") return `The app-server is ${state}`;
    return login && `${login.reason}. ${login.fix}`;
  }

  /** Everything that is not as it should be, though codexd goes on. */
  get degradedReasons(): string[] {
    const { fault } = this;
    const { supervisor, login } = this.#ports.host;
    const { version, outdated } = supervisor.status();
    const untested = version !== null && isUntested(version)
      ? [`Codex ${version} is not the tested version, ${TESTED_VERSION}`]
      : [];
    return [
      ...(fault === undefined ? [] : [fault]),
      ...(outdated === null
        ? []
        : [`${outdated}: Codex is started anew once no turn runs`]),
      ...(login.refused === undefined
        ? []
        : [`The last turn was refused for its login: ${login.refused}`]),
      ...untested,
      ...this.#ports.writing.recent(),
    ];
  }
}

interface StatusPorts extends SessionPorts {
  readonly host: Pick<AppServerHost, "supervisor" | "login">;
  readonly approvals: Pick<Approvals, "items">;
  readonly approvalTimeoutMs: number;
  readonly subscriptions: Pick<EventSubscriptions, "count">;
  readonly offer: Pick<Offer, "limits" | "models">;
  readonly usage: Pick<UsageLedger, "report">;
  readonly writing: Pick<WriteFaults, "recent">;
}
