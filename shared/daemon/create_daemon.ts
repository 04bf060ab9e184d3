import type { AuditPort } from "../audit.ts";
import {
  type Credentials,
  Dispatcher,
  type DispatcherLimits,
  type GuardConfig,
  type Route,
  type SocketKey,
} from "../http/mod.ts";
import type { DaemonConfig } from "./daemon_config.ts";
import type { Daemon, DaemonPorts } from "./run_daemon.ts";
import type { SelfDeps } from "./self.ts";

/** Returns the daemon that serves `routes`, and stops in the one right order. */
export function createDaemon<Deps extends SelfDeps>(
  { values, token }: DaemonConfig,
  { base, hasIpv6, clock, log }: DaemonPorts,
  { routes, deps, limits, audit, socketKey, credentials, people, ...work }:
    DaemonParts<Deps>,
): Daemon {
  const app = new Dispatcher({
    routes,
    deps,
    guard: {
      base,
      hasIpv6,
      publicBase: values.publicApiBase,
      allowed: values.allowedHosts ?? [],
      allowedOrigins: values.allowedOrigins ?? [],
      proxyAddresses: values.publicProxyAddresses ?? [],
      token,
      socketKey,
      ...(credentials !== undefined && { credentials }),
      ...people,
    },
    limits,
    audit,
    outage: (caller) => deps.self.outage(caller),
    clock,
    log,
  });
  return {
    handle: (request, info) => app.handle(request, info),
    relieve: () => app.relieve(),
    isWorking: () => app.isWorking,
    quiesce() {
      deps.self.isStopping = true;
      work.quiesce?.();
      app.quiesce();
    },
    async stopWork() {
      app.abortRequests();
      await work.stopWork?.();
    },
    async close() {
      await work.close?.();
    },
  };
}

/** What is a daemon's own: its routes, and what it starts and stops beside answering. */
interface DaemonParts<Deps> {
  readonly routes: readonly Route<Deps>[];
  readonly deps: Deps;
  readonly limits: DispatcherLimits;
  readonly audit: AuditPort;
  /** What opens its Unix socket, where it serves one. */
  readonly socketKey?: SocketKey | undefined;
  /** Who else than the owner may call. */
  readonly credentials?: readonly Credentials[];
  /** What lets people in. */
  readonly people?: Required<Pick<GuardConfig, "sessions" | "lockout">>;
  /** Comes before streams and sockets are closed. */
  quiesce?(): void;
  /** Comes after the signals of all requests were aborted. */
  stopWork?(): Promise<void>;
  close?(): void;
}
