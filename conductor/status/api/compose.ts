import {
  createApp,
  type Daemon,
  type DaemonPorts,
  type DaemonSelf,
} from "../../../shared/daemon/mod.ts";
import { logAudit } from "../../../shared/log_audit.ts";
import { VERSION } from "../../../shared/version.ts";
import type { StatusApiConfig } from "./config.ts";
import { statusApiRoutes } from "./routes.ts";
import { Upstream } from "./upstream.ts";

/** Builds the status wrapper from its configuration. */
export function composeStatusApi(
  config: StatusApiConfig,
  { clock, log, base }: DaemonPorts,
): Daemon {
  const { values, token, upstream } = config;
  const started = clock.monotonic();
  let stopping = false;
  const notes = [
    "Reads conductor; writes nothing, runs nothing.",
    "New callers should ask conductor itself.",
  ];
  const guidance = { flow: ["GET /v1/status"], notes };
  const self: DaemonSelf = {
    name: "baa-status-api",
    version: VERSION,
    origin: base.origin,
    hasToken: token !== undefined,
    guidance: { all: guidance, business: guidance, control: guidance },
    uptimeMs: () => Math.round(clock.monotonic() - started),
    condition: () => ({
      ready: !stopping,
      reasons: stopping ? ["shutting down"] : [],
      degraded: [],
    }),
    system: (zone) => zone === "public" ? {} : { upstream: upstream.origin },
    websocket: () => ({}),
    places: () => ({}),
  };
  const app = createApp({
    routes: statusApiRoutes,
    deps: { self, upstream: new Upstream(upstream, clock), clock },
    guard: {
      base,
      publicBase: values.publicApiBase,
      allowed: values.allowedHosts ?? [],
      allowedOrigins: values.allowedOrigins ?? [],
      proxyAddresses: values.publicProxyAddresses ?? [],
      token,
    },
    // No route takes a body.
    limits: { maxBodyBytes: 1024 },
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
