import { createApp } from "../shared/daemon/app.ts";
import type { Daemon, DaemonPorts } from "../shared/daemon/run_daemon.ts";
import type { DaemonSelf } from "../shared/daemon/self.ts";
import { logAudit } from "../shared/log_audit.ts";
import { VERSION } from "../shared/version.ts";
import type { CodexdConfig } from "./config.ts";
import { routes } from "./routes/mod.ts";

/** Builds codexd from its configuration. */
export function compose(config: CodexdConfig, ports: DaemonPorts): Daemon {
  const { clock, log, base } = ports;
  const codexFault = "Codex is not wired to this daemon yet";
  let stopping = false;
  const started = clock.monotonic();
  const self: DaemonSelf = {
    name: "baa-codexd-daemon",
    version: VERSION,
    origin: base.origin,
    hasToken: config.token !== undefined,
    guidance: {
      all: { flow: [], notes: ["codexd drives Codex sessions."] },
      business: { flow: ["GET /v1/codexd/status"], notes: [] },
      control: { flow: ["GET /healthz"], notes: [] },
    },
    uptimeMs: () => Math.round(clock.monotonic() - started),
    condition: () => ({
      ready: !stopping,
      reasons: stopping ? ["shutting down"] : [],
      degraded: [codexFault],
    }),
    system: () => ({ mode: "running" }),
    websocket: () => ({}),
    places: () => ({ cwd: Deno.cwd() }),
  };
  const app = createApp({
    routes,
    deps: { self, codexFault },
    guard: {
      base,
      publicBase: undefined,
      allowed: config.values.allowedHosts ?? [],
      allowedOrigins: config.values.allowedOrigins ?? [],
      proxyAddresses: [],
      token: config.token,
    },
    limits: { maxBodyBytes: config.values.maxBodyBytes },
    audit: logAudit(log),
    clock,
    log,
  });
  return {
    handle: (request, info) => app.handle(request, info),
    quiesce() {
      stopping = true;
      app.quiesce();
    },
    stopWork() {
      app.abortRequests();
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
