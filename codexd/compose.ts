import { CODEXD_EVENTS_PATH } from "../shared/contracts/mod.ts";
import {
  createApp,
  type Daemon,
  type DaemonPorts,
  type DaemonSelf,
  statusWord,
} from "../shared/daemon/mod.ts";
import { logAudit } from "../shared/log_audit.ts";
import { VERSION } from "../shared/version.ts";
import type { CodexdConfig } from "./config.ts";
import type { Deps } from "./deps.ts";
import { EventSubscriptions } from "./sessions/mod.ts";
import { GUIDANCE } from "./guidance.ts";
import { routes } from "./routes/mod.ts";
import { createRuntime, type RuntimeOverrides } from "./runtime.ts";
import { codexdStatus, codexFault, degradedReasons } from "./status.ts";

/** Builds codexd from its configuration. */
export function compose(
  config: CodexdConfig,
  ports: DaemonPorts,
  overrides: RuntimeOverrides = {},
): Daemon {
  const { clock, log, base } = ports;
  const { values } = config;
  const started = clock.monotonic();
  let stopping = false;
  const runtime = createRuntime(config, ports, overrides);
  const subscriptions = new EventSubscriptions({
    events: runtime.stores.events,
    approvals: runtime.approvals,
    turns: runtime.turns,
    turnService: runtime.turnService,
    clock,
    log,
  });
  const status = () =>
    codexdStatus(runtime, { values, subscribers: subscriptions.count });
  const self: DaemonSelf = {
    name: "baa-codexd-daemon",
    version: VERSION,
    origin: base.origin,
    hasToken: config.token !== undefined,
    guidance: GUIDANCE,
    uptimeMs: () => Math.round(clock.monotonic() - started),
    condition: () => ({
      ready: !stopping,
      reasons: stopping ? ["shutting down"] : [],
      degraded: degradedReasons(runtime),
    }),
    system: (zone) => {
      if (zone === "public") {
        // A stranger learns no reasons: they name folders of this machine.
        return {
          health: statusWord(self.condition()),
          version: VERSION,
          uptime_ms: self.uptimeMs(),
        };
      }
      const { available, app_server, degraded_reasons } = status();
      const { state } = app_server;
      return { available, app_server: state, degraded_reasons };
    },
    websocket: () => ({
      url: base.origin.replace(/^http/, "ws") + CODEXD_EVENTS_PATH,
      client_messages: ["approval.respond", "turn.interrupt"],
    }),
    places: () => ({
      cwd: Deno.cwd(),
      session: runtime.stores.index.newest?.session_id,
    }),
  };
  const deps: Deps = {
    self,
    status,
    subscriptions,
    requests: runtime.requests,
    lister: runtime.lister,
    reader: runtime.reader,
    codexFault: () => codexFault(runtime),
  };
  const app = createApp({
    routes,
    deps,
    guard: {
      base,
      publicBase: undefined,
      allowed: values.allowedHosts ?? [],
      allowedOrigins: values.allowedOrigins ?? [],
      proxyAddresses: [],
      token: config.token,
    },
    limits: { maxBodyBytes: values.maxBodyBytes },
    audit: logAudit(log),
    clock,
    log,
  });
  runtime.start();
  let interrupted: Promise<void> | undefined;
  return {
    handle: (request, info) => app.handle(request, info),
    quiesce() {
      stopping = true;
      app.quiesce();
      // At once, so that who waits for a turn hears of its end.
      interrupted = runtime.interruptTurns();
    },
    async stopWork() {
      await interrupted;
      app.abortRequests();
      await runtime.stop();
    },
    close: () => Promise.resolve(),
  };
}
