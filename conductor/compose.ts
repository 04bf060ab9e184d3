import { join } from "@std/path";
import { childEnvironment, createHostOps } from "../host_ops/mod.ts";
import {
  createDaemon,
  type Daemon,
  type DaemonPorts,
  DaemonSelf,
} from "../shared/daemon/mod.ts";
import { Lockout } from "../shared/http/mod.ts";
import { randomId } from "../shared/ids.ts";
import { redactedAudit } from "../shared/audit.ts";
import { sleep } from "../shared/wait.ts";
import { VERSION } from "../shared/version.ts";
import { FormKeys, NamedTokens, OwnerSessions } from "./access/mod.ts";
import {
  composeAutomation,
  DetachedExec,
  execKind,
  OutputSpace,
  RunOutputs,
  RunOutputService,
  taskKinds,
} from "./automation/mod.ts";
import { browserKind, composeBrowser } from "./browser/mod.ts";
import { Codex, codexKind } from "./codex/mod.ts";
import { commandEnvironment } from "./command_environment.ts";
import type { ConductorConfig } from "./config.ts";
import { routes } from "./routes/mod.ts";
import { Notifier } from "./notify/mod.ts";
import {
  AuditVerifier,
  BackupService,
  DailyBackup,
  LogService,
  openStore,
} from "./record/mod.ts";
import { conductorSelf } from "./self.ts";
import { diskSpace, lastAttack, StatusService } from "./status/mod.ts";

/** Builds conductor from its configuration. */
export function compose(config: ConductorConfig, ports: DaemonPorts): Daemon {
  const { clock, log, base, redactor } = ports;
  const { values, token } = config;
  const common = { newId: randomId, clock, log };
  const store = openStore({
    path: join(config.stateDir, "conductor.db"),
    identity: {
      controller_id: values.nodeId,
      instance_id: ports.instance,
      host: values.conductorHost,
      version: VERSION,
    },
    enforcedAudit: values.audit === "enforced",
    redactor,
    ...common,
  });
  const { stores } = store;
  const audit = redactedAudit(store.audit, redactor);
  const environment = childEnvironment({
    own: (name) => Deno.env.get(name),
    shell: values.shell,
    execPath: values.execPath,
    passOn: values.execEnv,
  });
  const place = { cwd: Deno.cwd(), home: environment.values.HOME };
  const hostOps = createHostOps({
    ...values,
    ...place,
    environment: environment.values,
    ownPaths: [
      values.stateDir,
      values.logsDir,
      values.codexdSocket,
      ...[values.sharedTokenFile, values.notifySecretFile]
        .filter((it) => it !== undefined),
    ],
    staging: join(config.stateDir, "staging"),
    audit,
    clock,
    log,
  });
  const browser = composeBrowser({
    values,
    token,
    base,
    listening: ports.listening,
    store: stores.browser,
    events: store.events,
    feed: store.feed,
    audit,
    ...common,
    system: () => automation.system,
  });
  const codex = new Codex({
    base: values.codexdLocalApi,
    socket: values.codexdSocket,
    stateDir: values.stateDir,
    events: store.events,
    held: store.held,
    leads: () => automation.leadership.isLeader,
    isLeft: ({ task_id = "", started_at }) =>
      automation.leadership.isLeader &&
      automation.tasks.hasLeft(task_id, started_at),
    clock,
    log,
  });
  const self = new DaemonSelf(
    config,
    ports,
    conductorSelf({
      store,
      browser,
      codex,
      automation: () => automation,
      daily: () => daily,
      notifier: () => notifier,
      publicBase: values.publicApiBase,
      environment: commandEnvironment(config, { ...place, environment }),
      roots: { read: values.readRoots, write: values.writeRoots },
    }),
  );
  const jobs = join(values.stateDir, "jobs");
  const outputs = new RunOutputs(jobs);
  const automation = composeAutomation({
    store,
    kinds: taskKinds([
      execKind(hostOps, { ...place, outputs, clock }),
      codexKind({ api: codex.api, clock }),
      browserKind(browser),
    ]),
    outputs,
    leaseMs: values.leaseMs,
    width: values.maxConcurrentRuns,
    retention: { days: values.retentionDays, rows: values.retentionRows },
    about: () => self.summary(),
    onRunEnd: () => space.wake(),
    isBackingUp: () => backups.isRunning,
    isWaiting: ({ approval_id, asked_at }) =>
      codex.health.isWaiting(approval_id, Date.parse(asked_at)),
    ...common,
  });
  // What earlier runs left is looked for at once.
  automation.leadership.listen({ gained: () => codex.health.hurry() });
  const space = new OutputSpace({
    ...stores,
    folder: jobs,
    maxBytes: values.outputMaxBytes,
    leadership: automation.leadership,
    ...common,
  });
  const backups = new BackupService({
    from: store.db.path,
    folder: join(config.stateDir, "backups"),
    clock,
    pause: () => sleep(clock, 0),
  });
  const daily = new DailyBackup({
    backups,
    leads: () => automation.leadership.isLeader,
    freeBytes: async () => (await diskSpace(config.stateDir))?.free_bytes,
    sizeBytes: () => Deno.statSync(store.db.path).size,
    onDamage: (error) => store.db.giveUp(error),
    clock,
    log,
  });
  const tokens = new NamedTokens({
    store: stores.tokens,
    leadership: automation.leadership,
    hasSharedToken: token !== undefined,
    ...common,
  });
  const notifier = values.notifyUrl && new Notifier({
    db: store.db,
    ...stores,
    leadership: automation.leadership,
    url: values.notifyUrl,
    asked(approvalId) {
      const items = codex.health.condition.status?.approvals.items ?? [];
      const found = items.find((it) => it.approval_id === approvalId);
      return found && redactor.fields(found.request);
    },
    on: values.notifyOn,
    message: {
      base,
      node: values.nodeId,
      format: values.notifyFormat,
      withDetails: values.notifyDetails,
      secret: config.notifySecret,
      clock,
    },
    ...common,
  });
  const lockout = new Lockout(clock);
  const sessions = new OwnerSessions({
    store: stores.ownerSessions,
    outage: () => store.health.outage,
    token,
    lockout,
    audit,
    clock,
    log,
  });
  const built = createDaemon(config, ports, {
    routes,
    credentials: [tokens],
    people: { sessions, lockout },
    deps: {
      self,
      clock,
      role: () => automation.leadership.role,
      hostOps,
      detached: new DetachedExec({
        ...automation,
        ...place,
        hostOps,
        outputs,
        audit,
        redactor,
        held: store.held,
      }),
      browser,
      codex,
      ...automation,
      runs: stores.runs,
      runOutputs: new RunOutputService({
        ...stores,
        outputs,
        held: store.held,
        clock,
      }),
      events: store.events,
      held: store.held,
      logs: new LogService({
        logsDir: values.logsDir,
        redactor,
        held: store.held,
        clock,
        flush: ports.flushLog,
      }),
      audit: stores.audit,
      auditVerifier: new AuditVerifier({
        path: store.db.path,
        remembered: () => stores.audit.written,
        pause: () => sleep(clock, 0),
        clock,
      }),
      tokens,
      notifier,
      sessions,
      formKeys: new FormKeys(clock),
      backups,
      lastAttack: () => lastAttack(config.stateDir),
      status: new StatusService({
        self,
        identity: store.identity,
        whoMay: config.whoMay,
        system: automation.system,
        history: stores.history,
        schedules: (now) => automation.schedules.nextDay(now),
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
        notifications: () => notifier?.counts() ?? null,
        backups,
        descriptors: ports.descriptors,
        groupWay: () => hostOps.groupWay(),
        clock,
      }),
    },
    limits: { maxBodyBytes: values.maxBodyBytes },
    audit,
    quiesce() {
      store.held.quiesce();
      browser.quiesce();
      automation.quiesce();
      daily.stop();
    },
    async stopWork() {
      await backups.stop();
      await automation.stopWork();
      await space.stop();
      await notifier?.stop();
      await codex.stop();
      await hostOps.close();
    },
    close() {
      tokens.close();
      if (store.health.outage === undefined) automation.release();
      store.close();
    },
  });
  void hostOps.prepare();
  codex.health.start();
  if (store.health.outage === undefined) {
    automation.start();
    space.start();
    browser.start();
    daily.start();
    store.health.onOutage = () => {
      automation.quiesce();
      daily.stop();
    };
  }
  return built;
}
