import { join } from "@std/path";
import { childEnvironment, createHostOps } from "../host_ops/mod.ts";
import { createApp } from "../shared/daemon/app.ts";
import type { Daemon, DaemonPorts } from "../shared/daemon/run_daemon.ts";
import type { DaemonSelf } from "../shared/daemon/self.ts";
import { logAudit } from "../shared/log_audit.ts";
import { VERSION } from "../shared/version.ts";
import type { ConductorConfig } from "./config.ts";
import { GUIDANCE } from "./guidance.ts";
import { hostOperations } from "./host_operations.ts";
import { routes } from "./routes/mod.ts";

/** Builds conductor from its configuration. */
export function compose(config: ConductorConfig, ports: DaemonPorts): Daemon {
  const { clock, log, base } = ports;
  const { values, token } = config;
  const started = clock.monotonic();
  let stopping = false;
  const audit = logAudit(log);
  const hostOps = createHostOps({
    cwd: Deno.cwd(),
    shell: values.shell,
    environment: childEnvironment({
      own: (name) => Deno.env.get(name),
      shell: values.shell,
      execPath: values.execPath,
    }),
    ownPaths: [
      values.stateDir,
      values.logsDir,
      ...(values.sharedTokenFile === undefined ? [] : [values.sharedTokenFile]),
    ],
    readRoots: values.readRoots,
    writeRoots: values.writeRoots,
    maxBufferedBytes: values.maxBufferedBytes,
    maxConcurrentExecs: values.maxConcurrentExecs,
    audit,
    clock,
    log,
  });
  hostOps.prepare();
  const self: DaemonSelf = {
    name: "baa-conductor-daemon",
    version: VERSION,
    origin: base.origin,
    hasToken: token !== undefined,
    guidance: GUIDANCE,
    uptimeMs: () => Math.round(clock.monotonic() - started),
    condition: () => ({
      ready: !stopping,
      reasons: stopping ? ["shutting down"] : [],
      degraded: [],
    }),
    system: () => ({ mode: "running" }),
    websocket: () => ({}),
    hostOperations,
    places: () => ({ cwd: Deno.cwd(), file: readableFile() }),
  };
  const app = createApp({
    routes,
    deps: { self, role: () => "leader" as const, hostOps },
    guard: {
      base,
      publicBase: values.publicApiBase,
      allowed: values.allowedHosts ?? [],
      allowedOrigins: values.allowedOrigins ?? [],
      proxyAddresses: values.publicProxyAddresses ?? [],
      token,
    },
    limits: { maxBodyBytes: values.maxBodyBytes },
    audit,
    clock,
    log,
  });
  return {
    handle: (request, info) => app.handle(request, info),
    quiesce() {
      stopping = true;
      app.quiesce();
    },
    async stopWork() {
      app.abortRequests();
      await hostOps.close();
    },
    close: () => Promise.resolve(),
  };
}

/** A text file that the examples can read: the working folder's own, or the hosts file. */
function readableFile(): string {
  const own = join(Deno.cwd(), "README.md");
  try {
    if (Deno.statSync(own).isFile) return own;
  } catch { /* not here */ }
  return "/etc/hosts";
}
