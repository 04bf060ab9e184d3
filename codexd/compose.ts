import { join } from "@std/path";
import type { ProcessGroups } from "../host_ops/process/mod.ts";
import { codexdEvents, codexdKeyPath } from "../shared/contracts/mod.ts";
import {
  createDaemon,
  type Daemon,
  type DaemonPorts,
  DaemonSelf,
} from "../shared/daemon/mod.ts";
import { randomId } from "../shared/ids.ts";
import { logAudit } from "../shared/audit.ts";
import {
  ApprovalRecord,
  Approvals,
  AppServerHost,
  Offer,
} from "./app_server/mod.ts";
import type { CodexdConfig } from "./config.ts";
import { CODEXD_GUIDANCE, codexdRoutes } from "./routes/mod.ts";
import {
  AppServerListener,
  CutTurns,
  EventLog,
  EventSubscriptions,
  Idempotency,
  IdempotentRequests,
  Maintenance,
  PersistentMap,
  SessionIndex,
  SessionLister,
  type SessionPorts,
  SessionReader,
  SessionService,
  StatusReport,
  stricter,
  takeStateFolder,
  ThreadLoader,
  TokenCounter,
  Turns,
  TurnService,
  UsageLedger,
  WriteFaults,
} from "./sessions/mod.ts";
import { takeSocketKey } from "./socket_key.ts";

const DAY_MS = 86_400_000;
const INTERRUPT_MS = 3000;
/** The app-server ends by itself when its input ends, as a rule within 50 ms. */
const LEAVE_MS = 2000;
/** Of which it is known who decided. */
const MAX_APPROVALS = 1000;

/**
 * Builds codexd from its configuration, from the disk up.
 * @throws {ConfigError} when the state folder is taken
 */
export function composeCodexd(
  config: CodexdConfig,
  ports: DaemonPorts,
  /** What a test may put in the place of the real thing. */
  overrides: { readonly start?: ProcessGroups["startPiped"] } = {},
): Daemon {
  const { clock, log, redactor, base } = ports;
  const { values, stateDir } = config;
  const mark = crypto.randomUUID();
  const cwd = Deno.cwd();
  const maxAgeMs = values.retentionDays * DAY_MS;

  const writing = new WriteFaults({ clock, log });
  using opened = new DisposableStack();
  const { previousMark } = opened.use(takeStateFolder(stateDir, mark));
  const key = takeSocketKey(codexdKeyPath(values.stateDir));
  const index = opened.use(
    new SessionIndex({
      path: join(stateDir, "sessions.jsonl"),
      clock,
      maxAgeMs,
      onError: writing.of("session index"),
    }),
  );
  const cut = opened.use(
    new CutTurns({
      path: join(stateDir, "cut_turns.jsonl"),
      clock,
      maxAgeMs,
      onError: writing.of("cut turns"),
    }),
  );
  const usage = opened.use(
    new UsageLedger({
      path: join(stateDir, "usage.jsonl"),
      clock,
      maxAgeMs,
      onError: writing.of("usage"),
    }),
  );
  const events = opened.use(
    new EventLog({
      folder: join(stateDir, "events"),
      clock,
      maxAgeMs,
      maxEvents: values.retentionRows,
      onError: writing.of("event log"),
    }),
  );
  const idempotency = opened.use(
    new Idempotency({
      path: join(stateDir, "idempotency.jsonl"),
      clock,
      onError: writing.of("idempotency journal"),
    }),
  );

  const turns = new Turns(clock);
  const offer = new Offer(clock);
  const host = new AppServerHost({
    clock,
    log,
    redactor,
    mark,
    previousMark,
    cwd,
    codexBin: values.codexBin,
    shell: values.shell,
    execPath: values.execPath,
    key,
    tellAccount: (account) =>
      events.append([{
        session_id: null,
        turn_id: null,
        type: "account.updated",
        data: account,
      }]),
    isBusy: (starting) => turns.isBusy(starting),
    inherited: config.inherited,
    tmpDir: values.tmpDir,
    logsDir: join(config.logsDir, "codexd", "app-server"),
    maxLogAgeMs: maxAgeMs,
    ...overrides,
  });
  const records = opened.use(
    new PersistentMap({
      path: join(stateDir, "approvals.jsonl"),
      clock,
      schema: ApprovalRecord,
      maxEntries: MAX_APPROVALS,
      maxAgeMs,
      onError: writing.of("approvals"),
    }),
  );
  const approvals = new Approvals({
    clock,
    records,
    changesOf: (turnId, itemId) =>
      turns.running(turnId ?? undefined)?.patches.get(itemId ?? ""),
    newId: randomId,
    timeoutMs: values.codexApprovalTimeoutMs,
    maxSandbox: values.codexMaxSandbox,
    modeOf: (sessionId) =>
      stricter(values.codexApprovals, index.get(sessionId ?? "")?.approvals),
    tell: (news) => events.append([news]),
  });

  const shared: SessionPorts = {
    clock,
    log,
    index,
    events,
    codex: host,
    loader: new ThreadLoader(index, clock),
    turns,
    limits: {
      approvals: values.codexApprovals,
      maxSandbox: values.codexMaxSandbox,
    },
    place: { cwd, home: config.inherited.get("HOME") },
  };
  const turnService = new TurnService({ ...shared, approvals });
  const sessions = new SessionService({ ...shared, approvals });
  const work = { ...shared, host, approvals, turnService, login: host.login };
  const listener = new AppServerListener({
    ...work,
    cut,
    offer,
    tokens: new TokenCounter(index, usage),
  });
  const maintenance = new Maintenance(work);
  const audit = logAudit(log);
  const subscriptions = new EventSubscriptions({ ...work, audit });
  const status = new StatusReport({
    ...work,
    writing,
    subscriptions,
    usage,
    offer,
    approvalTimeoutMs: values.codexApprovalTimeoutMs,
  });

  const self = new DaemonSelf(config, ports, {
    name: "baa-codexd-daemon",
    guidance: CODEXD_GUIDANCE,
    trouble: () => ({ degraded: status.degradedReasons }),
    system() {
      const { available, app_server, degraded_reasons } = status.read();
      const { state } = app_server;
      return { available, app_server: state, degraded_reasons };
    },
    websocket: () => ({
      url: base.origin.replace(/^http/, "ws") + codexdEvents.path,
      client_messages: ["approval.respond", "turn.interrupt"],
    }),
    exampleValues: () => ({
      cwd,
      session: index.newest?.session_id,
    }),
  });
  let interrupted: Promise<void> | undefined;
  const built = createDaemon(config, ports, {
    routes: codexdRoutes,
    deps: {
      self,
      status,
      subscriptions,
      requests: new IdempotentRequests({ ...work, idempotency, sessions }),
      lister: new SessionLister(shared),
      reader: new SessionReader({ ...shared, cut }),
    },
    limits: { maxBodyBytes: values.maxBodyBytes },
    socketKey: { key, actor: "conductor" },
    audit,
    quiesce() {
      maintenance.stop();
      // At once, so that who waits for a turn hears of its end.
      interrupted = turnService.stop(INTERRUPT_MS);
    },
    async stopWork() {
      await interrupted;
      await host.stop(LEAVE_MS);
      stores.dispose();
    },
  });
  listener.recover();
  host.supervisor.start(listener);
  maintenance.start();
  const stores = opened.move();
  return built;
}
