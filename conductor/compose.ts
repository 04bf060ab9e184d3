import { join } from "@std/path";
import { childEnvironment, createHostOps } from "../host_ops/mod.ts";
import {
  createApp,
  type Daemon,
  type DaemonPorts,
  type DaemonSelf,
  statusWord,
} from "../shared/daemon/mod.ts";
import type { Places } from "../shared/describe/mod.ts";
import { messageOf } from "../shared/errors.ts";
import type { Zone } from "../shared/http/mod.ts";
import { randomId } from "../shared/ids.ts";
import { redactedAudit } from "../shared/redacted_audit.ts";
import { VERSION } from "../shared/version.ts";
import {
  composeAutomation,
  execKind,
  type SystemService,
  taskKinds,
} from "./automation/mod.ts";
import { browserKind, composeBrowser } from "./browser/mod.ts";
import { codexKind, composeCodexd } from "./codex/mod.ts";
import type { ConductorConfig } from "./config.ts";
import { GUIDANCE } from "./guidance.ts";
import { hostOperations } from "./host_operations.ts";
import { routes } from "./routes/mod.ts";
import { BackupService, openStore, type Store } from "./record/mod.ts";
import { diskSpace, StatusService } from "./status/mod.ts";

/** Builds conductor from its configuration. */
export function compose(config: ConductorConfig, ports: DaemonPorts): Daemon {
  const { clock, log, base } = ports;
  const { values, token } = config;
  const started = clock.monotonic();
  let stopping = false;
  const store = openStore({
    path: join(config.stateDir, "conductor.db"),
    identity: {
      controller_id: values.nodeId,
      instance_id: ports.instance,
      host: values.conductorHost,
      version: VERSION,
    },
    enforcedAudit: values.audit === "enforced",
    newId: randomId,
    clock,
    log,
  });
  const { stores } = store;
  const audit = redactedAudit(store.audit, ports.redactor);
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
  const browser = composeBrowser({
    values,
    token,
    base,
    store: stores.browser,
    events: store.events,
    feed: store.feed,
    audit,
    newId: randomId,
    clock,
    log,
    system: () => automation.system,
  });
  const codex = composeCodexd({
    base: values.codexdLocalApi,
    token,
    events: store.events,
    clock,
    log,
  });
  const automation = composeAutomation({
    store,
    kinds: taskKinds([
      execKind(hostOps, clock),
      codexKind({ api: codex.api, clock }),
      browserKind(browser),
    ]),
    leaseMs: values.leaseMs,
    width: values.maxConcurrentRuns,
    retention: { days: values.retentionDays, rows: values.retentionRows },
    about: () => ({
      health: statusWord(self.condition()),
      version: VERSION,
      uptime_ms: self.uptimeMs(),
    }),
    newId: randomId,
    clock,
    log,
  });
  const self: DaemonSelf = {
    name: "baa-conductor-daemon",
    version: VERSION,
    origin: base.origin,
    publicOrigin: values.publicApiBase?.origin,
    hasToken: token !== undefined,
    guidance: GUIDANCE,
    uptimeMs: () => Math.round(clock.monotonic() - started),
    condition() {
      const reasons = [
        stopping ? "shutting down" : undefined,
        store.health.fault?.reason,
        automation.leadership.trouble,
      ].filter((it) => it !== undefined);
      const degraded = [store.audit.trouble].filter((it) => it !== undefined);
      const away = [codex.health.unavailable, browser.unavailable()]
        .filter((it) => it !== undefined);
      return { ready: reasons.length === 0, reasons, degraded, away };
    },
    system: (zone) => systemFacts(automation.system, zone),
    websocket: () => browser.describe(),
    hostOperations,
    places: () => ({
      cwd: Deno.cwd(),
      file: readableFile(),
      ...newest(stores),
      browser: browser.activeClientId(),
      session: codex.health.condition.status?.sessions.newest ?? undefined,
    }),
  };
  const app = createApp({
    routes,
    deps: {
      self,
      role: () => automation.leadership.role,
      hostOps,
      browser,
      codex,
      ...automation,
      runs: stores.runs,
      events: store.events,
      audit: stores.audit,
      backups: new BackupService({
        from: store.db.path,
        folder: join(config.stateDir, "backups"),
        clock,
      }),
      status: new StatusService({
        self,
        identity: store.identity,
        system: automation.system,
        history: stores.history,
        codexd() {
          const { state, reason, status } = codex.health.condition;
          const codex_version = status?.app_server.version ?? null;
          return { state, reason, codex_version };
        },
        browser: () => {
          const reason = browser.unavailable() ?? null;
          const state = reason === null ? "connected" : "away";
          return { state, reason, ...browser.load() };
        },
        disk: () => diskSpace(config.stateDir),
        clock,
      }),
    },
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
  automation.start();
  browser.start();
  codex.health.start();
  return {
    handle: (request, info) => app.handle(request, info),
    quiesce() {
      stopping = true;
      browser.quiesce();
      app.quiesce();
      automation.quiesce();
    },
    async stopWork() {
      app.abortRequests();
      await automation.stopWork();
      await codex.health.stop();
      await hostOps.close();
    },
    close() {
      automation.release();
      store.close();
      return Promise.resolve();
    },
  };
}

/** The state in describe documents, which answer even when it cannot be read. */
function systemFacts(
  system: Pick<SystemService, "state" | "publicState">,
  zone: Zone,
): Readonly<Record<string, unknown>> {
  try {
    return zone === "public" ? system.publicState() : system.state();
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** What the examples of single tasks and runs name. */
function newest({ tasks, runs }: Store["stores"]): Places {
  try {
    const [task] = tasks.list({}, { limit: 1 }).items;
    const [run] = runs.list({}, { limit: 1 }).items;
    // What has ended cannot be canceled: the example shows one that has not.
    const [queued] = tasks.list({ status: "queued" }, { limit: 1 }).items;
    const [running] = tasks.list({ status: "running" }, { limit: 1 }).items;
    return {
      task_id: task?.task_id,
      run_id: run?.run_id,
      live_task_id: (queued ?? running)?.task_id,
    };
  } catch {
    return {};
  }
}

/** A text file that the examples can read: the working folder's own, or the hosts file. */
function readableFile(): string {
  const own = join(Deno.cwd(), "README.md");
  try {
    if (Deno.statSync(own).isFile) return own;
  } catch { /* not here */ }
  return "/etc/hosts";
}
