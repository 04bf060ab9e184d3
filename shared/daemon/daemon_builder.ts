import type { AuditPort } from "../audit.ts";
import { Dispatcher, type DispatcherLimits, type Route } from "../http/mod.ts";
import { VERSION } from "../version.ts";
import type { JudgedConfig } from "./daemon_config.ts";
import type { Daemon, DaemonPorts } from "./run_daemon.ts";
import type { DaemonSelf, SelfParts } from "./self.ts";

/** Builds what is alike in every daemon: its self-description, its app, the way it stops. */
export class DaemonBuilder {
  readonly #config: JudgedConfig;
  readonly #ports: DaemonPorts;
  readonly #started: number;
  #isStopping = false;

  constructor(config: JudgedConfig, ports: DaemonPorts) {
    this.#config = config;
    this.#ports = ports;
    this.#started = ports.clock.monotonic();
  }

  /** Returns what the daemon tells of itself. */
  self({ trouble, ...parts }: SelfParts): DaemonSelf {
    const { values, token } = this.#config;
    const { base, clock } = this.#ports;
    return {
      version: VERSION,
      origin: base.origin,
      publicOrigin: values.publicApiBase?.origin,
      hasToken: token !== undefined,
      uptimeMs: () => Math.round(clock.monotonic() - this.#started),
      condition: () => {
        const { reasons = [], degraded = [], away = [] } = trouble?.() ?? {};
        const all = [this.#isStopping ? "shutting down" : undefined, ...reasons]
          .filter((it) => it !== undefined);
        return {
          ready: all.length === 0,
          reasons: all,
          degraded: degraded.filter((it) => it !== undefined),
          away: away.filter((it) => it !== undefined),
        };
      },
      websocket: () => ({}),
      exampleValues: () => ({}),
      ...parts,
    };
  }

  /** Returns the daemon that serves `routes`. */
  build<Deps>(
    { routes, deps, limits, audit, ...work }: DaemonParts<Deps>,
  ): Daemon {
    const { values, token } = this.#config;
    const { base, clock, log } = this.#ports;
    const app = new Dispatcher({
      routes,
      deps,
      guard: {
        base,
        publicBase: values.publicApiBase,
        allowed: values.allowedHosts ?? [],
        allowedOrigins: values.allowedOrigins ?? [],
        proxyAddresses: values.publicProxyAddresses ?? [],
        token,
      },
      limits,
      audit,
      clock,
      log,
    });
    return {
      handle: (request, info) => app.handle(request, info),
      quiesce: () => {
        this.#isStopping = true;
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
}

/** What is a daemon's own: its routes, and what it starts and stops beside answering. */
interface DaemonParts<Deps> {
  readonly routes: readonly Route<Deps>[];
  readonly deps: Deps;
  readonly limits: DispatcherLimits;
  readonly audit: AuditPort;
  /** Comes before streams and sockets are closed. */
  quiesce?(): void;
  /** Comes after the signals of all requests were aborted. */
  stopWork?(): Promise<void>;
  close?(): void;
}
