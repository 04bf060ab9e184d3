import { isoTime } from "../shared/clock.ts";
import type { CodexdStatus } from "../shared/contracts/mod.ts";
import { VERSION } from "../shared/version.ts";
import { isUntested, TESTED_VERSION } from "./app_server/mod.ts";
import type { CodexdConfig } from "./config.ts";
import type { Runtime } from "./runtime.ts";

/** How codexd stands, as `GET /v1/codexd/status` tells it. */
export function codexdStatus(
  runtime: Runtime,
  options: {
    readonly values: CodexdConfig["values"];
    readonly subscribers: number;
  },
): CodexdStatus {
  const { host, stores, turns, loader, approvals } = runtime;
  const { values, subscribers } = options;
  const reasons = degradedReasons(runtime);
  return {
    version: VERSION,
    available: codexFault(runtime) === undefined,
    app_server: host.supervisor.status(),
    account: host.login.account,
    sessions: {
      known: stores.index.size,
      newest: stores.index.newest?.session_id ?? null,
      loaded: loader.size,
      active_turns: turns.active.map((turn) => ({
        session_id: turn.sessionId,
        turn_id: turn.turnId,
        started_at: isoTime(turn.startedAt),
      })),
    },
    approvals: {
      mode: values.codexApprovals,
      timeout_ms: values.codexApprovalTimeoutMs,
      pending: approvals.size,
    },
    max_sandbox: values.codexMaxSandbox,
    events: {
      seq: stores.events.lastSeq,
      first_seq: stores.events.firstSeq,
      subscribers,
    },
    degraded_reasons: reasons,
  };
}

/** Why sessions and turns do not work now, with what to do; undefined when they do. */
export function codexFault({ host }: Runtime): string | undefined {
  const { state, fault } = host.supervisor.status();
  const login = host.login.fault;
  if (fault !== null) return `${fault.reason}. ${fault.fix}`;
  if (state !== "ready") return `The app-server is ${state}`;
  return login && `${login.reason}. ${login.fix}`;
}

/** Everything that is not as it should be, though codexd goes on. */
export function degradedReasons(runtime: Runtime): string[] {
  const fault = codexFault(runtime);
  const { version } = runtime.host.supervisor.status();
  const untested = version !== null && isUntested(version)
    ? [`Codex ${version} is not the tested version, ${TESTED_VERSION}`]
    : [];
  return [
    ...(fault === undefined ? [] : [fault]),
    ...untested,
    ...runtime.stores.faults(),
  ];
}
