import {
  createDaemon,
  type Daemon,
  type DaemonPorts,
  DaemonSelf,
} from "../../../shared/daemon/mod.ts";
import { logAudit } from "../../../shared/audit.ts";
import type { StatusApiConfig } from "./config.ts";
import { statusApiRoutes } from "./routes.ts";
import { Upstream } from "./upstream.ts";

/** Builds the status wrapper from its configuration. */
export function composeStatusApi(
  config: StatusApiConfig,
  ports: DaemonPorts,
): Daemon {
  const { upstream } = config;
  const { clock, log } = ports;
  const notes = [
    "Reads conductor; writes nothing, runs nothing.",
    "New callers should ask conductor itself.",
  ];
  const guidance = { flow: ["GET /v1/status"], notes };
  const self = new DaemonSelf(config, ports, {
    name: "baa-status-api",
    guidance: { all: guidance, business: guidance, control: guidance },
    system: () => ({ upstream: upstream.origin }),
  });
  return createDaemon(config, ports, {
    routes: statusApiRoutes,
    deps: { self, upstream: new Upstream(upstream, clock), clock },
    // No route takes a body.
    limits: { maxBodyBytes: 1024 },
    audit: logAudit(log),
  });
}
