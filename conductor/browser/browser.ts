import type { AuditPort } from "../../shared/audit.ts";
import { ByteBudget } from "../../shared/byte_budget.ts";
import type { Clock } from "../../shared/clock.ts";
import type { NewId } from "../../shared/ids.ts";
import type { DaemonPorts } from "../../shared/daemon/mod.ts";
import type { Logger } from "../../shared/log.ts";
import type { SystemService } from "../automation/mod.ts";
import type { ChangeFeed, EventService } from "../record/mod.ts";
import type { BrowserStore } from "../store/mod.ts";
import { BrowserActions } from "./actions.ts";
import {
  Bridge,
  Clients,
  describeBridge,
  Door,
  Pairing,
  PendingActions,
} from "./bridge/mod.ts";
import { ClaudeWrapper } from "./claude/mod.ts";
import { browserGone } from "./failures.ts";
import { BrowserViewer, Records } from "./records/mod.ts";
import {
  BrowserRequests,
  Exchanges,
  Platforms,
  Policy,
  Targets,
} from "./requests/mod.ts";
import { announceChanges, systemPort } from "./system_port.ts";

/** Bytes that all buffered responses together may hold until they are passed on. */
const BUFFERED_BYTES = 134_217_728;

/** Everything that conductor can do with the owner's browser. */
export interface Browser {
  readonly door: Door;
  readonly bridge: Bridge;
  readonly requests: BrowserRequests;
  readonly actions: BrowserActions;
  readonly viewer: BrowserViewer;
  readonly claude: ClaudeWrapper;
  /** The browser that is asked where none is named; undefined: none is connected. */
  activeClientId(): string | undefined;
  /** How many browsers are connected, and what they are busy with. */
  load(): { readonly clients: number; readonly in_flight: number };
  /** Why nothing can be asked of a browser now; undefined when it can. */
  unavailable(): string | undefined;
  /** What describe documents tell of the bridge. */
  describe(): Readonly<Record<string, unknown>>;
  /** Tells the browsers each change of the system's state from now on. */
  start(): void;
  /** Says goodbye to the browsers, and ends what runs there. */
  quiesce(): void;
}

/** The settings of the browser side. */
export interface BrowserValues {
  readonly browserHeartbeatMs: number;
  readonly browserFreshMs: number;
  readonly browserLostMs: number;
  readonly browserMaxInFlight: number;
  readonly browserSpacingMs: number;
  readonly browserBreakerFailures: number;
  readonly browserHosts: readonly string[] | undefined;
  readonly browserPlatforms: readonly string[] | undefined;
  readonly publicApiBase: URL | undefined;
  readonly allowedHosts: readonly string[] | undefined;
}

interface BrowserOptions {
  readonly values: BrowserValues;
  /** The shared token; undefined: there is none, browsers are paired. */
  readonly token: string | undefined;
  /** The base with the port that is really used. */
  readonly base: URL;
  readonly listening: DaemonPorts["listening"];
  readonly store: BrowserStore;
  readonly events: Pick<EventService, "record">;
  readonly feed: Pick<ChangeFeed, "wait">;
  readonly audit: AuditPort;
  readonly newId: NewId;
  readonly clock: Clock;
  readonly log: Logger;
  /** Automation is composed later: what it does may be a browser's work. */
  readonly system: () => Pick<SystemService, "state" | "setMode">;
}

/** Puts the browser's parts together. */
export function composeBrowser(options: BrowserOptions): Browser {
  const {
    audit,
    base,
    clock,
    feed,
    listening,
    log,
    newId,
    store,
    token,
    values,
  } = options;
  const websocket = new URL("/ws/firefox", base);
  websocket.protocol = base.protocol.replace("http", "ws");
  const heartbeatMs = values.browserHeartbeatMs;
  const allowedHosts = values.browserHosts ?? [];
  const system = systemPort(audit, options.system);
  const platforms = new Platforms(values.browserPlatforms ?? [], allowedHosts);
  const targets = new Targets(platforms, {
    allowedHosts,
    ownHosts: ownHosts(base, values),
  });
  const clients = new Clients(store);
  const exchanges = new Exchanges(clock, targets);
  const pending = new PendingActions({ clock, newId });
  const pairing = new Pairing(store, clock);
  const policy = new Policy({
    maxInFlight: values.browserMaxInFlight,
    spacingMs: values.browserSpacingMs,
    breakerFailures: values.browserBreakerFailures,
  }, { clock, random: Math.random });
  const bridge = new Bridge({
    clients,
    pairing,
    requests: exchanges,
    actions: pending,
    records: new Records(store, { clock, platforms }),
    system,
    events: options.events,
    clock,
    newId,
    log,
    heartbeatMs,
    platforms: platforms.all,
    allowedHosts,
    hasToken: token !== undefined,
  });
  const requests = new BrowserRequests({
    clients,
    exchanges,
    policy,
    targets,
    budget: new ByteBudget(BUFFERED_BYTES),
    audit,
    clock,
    newId,
  });
  const actions = new BrowserActions({
    clients,
    pending,
    pairing,
    targets,
    audit,
  });
  const viewer = new BrowserViewer(
    { clients, exchanges, pairing, platforms, policy, store, clock },
    {
      ages: { freshMs: values.browserFreshMs, lostMs: values.browserLostMs },
      heartbeatMs,
      allowedHosts,
      pairing: token === undefined,
      websocket: websocket.href,
    },
  );
  const stop = new AbortController();
  return {
    door: new Door({ pairing, clock, log, base, listening, token }),
    bridge,
    requests,
    actions,
    viewer,
    claude: new ClaudeWrapper({ requests, actions, viewer }),
    activeClientId: () => clients.active?.clientId,
    load: () => ({ clients: clients.all.length, in_flight: exchanges.size }),
    unavailable: () =>
      clients.active === undefined ? browserGone().message : undefined,
    describe: () =>
      describeBridge({
        url: websocket.href,
        heartbeatMs,
        hasToken: token !== undefined,
      }),
    start() {
      const { signal } = stop;
      void announceChanges(bridge, { system, feed, log, signal });
    },
    quiesce() {
      stop.abort();
      bridge.shutdown();
    },
  };
}

/** Every name under which this API itself is reached. */
function ownHosts(
  base: URL,
  { allowedHosts = [], publicApiBase }: BrowserValues,
): readonly string[] {
  const { port } = base;
  const withPort = (host: string) =>
    port === "" || /:\d+$/.test(host) ? host : `${host}:${port}`;
  return [
    base.host,
    ...["127.0.0.1", "localhost", "[::1]"].map(withPort),
    ...(publicApiBase === undefined ? [] : [publicApiBase.host]),
    ...allowedHosts.map(withPort),
  ];
}
