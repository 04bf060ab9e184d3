import { join } from "@std/path";
import type { ProcessGroups } from "../host_ops/process/mod.ts";
import type { DaemonPorts } from "../shared/daemon/mod.ts";
import { randomId } from "../shared/ids.ts";
import { Approvals, AppServerHost } from "./app_server/mod.ts";
import type { CodexdConfig } from "./config.ts";
import {
  AppServerListener,
  Maintenance,
  openStores,
  Requests,
  SessionLister,
  type SessionPorts,
  SessionReader,
  SessionService,
  type Stores,
  stricter,
  ThreadLoader,
  Turns,
  TurnService,
} from "./sessions/mod.ts";

/** Codex behind codexd: everything but HTTP. */
export interface Runtime {
  readonly host: AppServerHost;
  readonly stores: Stores;
  readonly approvals: Approvals;
  readonly requests: Requests;
  readonly lister: SessionLister;
  readonly reader: SessionReader;
  readonly turnService: TurnService;
  readonly turns: Turns;
  readonly loader: ThreadLoader;
  /** Begins to run the app-server. */
  start(): void;
  /** Interrupts every turn and gives them a while to end. Never rejects. */
  interruptTurns(): Promise<void>;
  /** Ends the app-server and closes every file. */
  stop(): Promise<void>;
}

/** What a test may put in the place of the real thing. */
export interface RuntimeOverrides {
  readonly start?: ProcessGroups["startPiped"];
}

const DAY_MS = 86_400_000;
const INTERRUPT_MS = 3000;
/** The app-server ends by itself when its input ends, as a rule within 50 ms. */
const LEAVE_MS = 2000;

/**
 * Builds what stands behind codexd's routes.
 * @throws {ConfigError} when the state folder is taken
 */
export function createRuntime(
  config: CodexdConfig,
  ports: DaemonPorts,
  overrides: RuntimeOverrides = {},
): Runtime {
  const { clock, log, redactor, instance } = ports;
  const { values, stateDir } = config;
  const mark = crypto.randomUUID();
  const stores = openStores({
    folder: stateDir,
    mark,
    retentionDays: values.retentionDays,
    retentionRows: values.retentionRows,
    clock,
    log,
  });
  const { index, events } = stores;
  const cwd = Deno.cwd();
  const host = new AppServerHost({
    clock,
    log,
    redactor,
    instance,
    mark,
    cwd,
    previousMark: stores.previousMark,
    codexBin: values.codexBin,
    shell: values.shell,
    execPath: values.execPath,
    inherited: config.inherited,
    tmpDir: values.tmpDir,
    logsDir: join(config.logsDir, "codexd", "app-server"),
    maxLogAgeMs: values.retentionDays * DAY_MS,
    ...overrides,
  });
  const shared: SessionPorts = {
    clock,
    log,
    index,
    events,
    codex: host,
    loader: new ThreadLoader(index, clock),
    turns: new Turns(clock),
    limits: {
      approvals: values.codexApprovals,
      maxSandbox: values.codexMaxSandbox,
      cwd,
    },
  };
  const approvals = new Approvals({
    clock,
    newId: randomId,
    timeoutMs: values.codexApprovalTimeoutMs,
    modeOf: (sessionId) =>
      stricter(values.codexApprovals, index.get(sessionId ?? "")?.approvals),
    tell: (news) => events.append([news]),
  });
  const turnService = new TurnService(shared);
  const listener = new AppServerListener({
    ...shared,
    approvals,
    login: host.login,
    turnService,
  });
  const maintenance = new Maintenance({
    ...shared,
    host,
    approvals,
    turnService,
    stores,
  });
  return {
    host,
    stores,
    approvals,
    turnService,
    requests: new Requests({
      ...shared,
      idempotency: stores.idempotency,
      sessions: new SessionService(shared),
      turnService,
    }),
    lister: new SessionLister(shared),
    reader: new SessionReader(shared),
    turns: shared.turns,
    loader: shared.loader,
    start() {
      listener.recover();
      host.start(listener);
      maintenance.start();
    },
    async interruptTurns() {
      maintenance.stop();
      await turnService.stop(INTERRUPT_MS);
    },
    async stop() {
      maintenance.stop();
      await host.stop(LEAVE_MS);
      stores[Symbol.dispose]();
    },
  };
}
