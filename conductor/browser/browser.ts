import type { AuditPort } from "../../shared/audit.ts";
import { ByteBudget } from "../../shared/byte_budget.ts";
import { BrowserActions } from "./actions.ts";
import { Bridge } from "./bridge/bridge.ts";
import type { BridgePorts } from "./bridge/bridge_ports.ts";
import { ClaudeWrapper } from "./claude/claude.ts";
import { Clients } from "./bridge/clients.ts";
import { Exchanges } from "./requests/exchanges.ts";
import { browserGone } from "./failures.ts";
import { Pairing } from "./bridge/pairing.ts";
import { PendingActions } from "./bridge/pending_actions.ts";
import { Platforms } from "./requests/platforms.ts";
import { Policy, type PolicyLimits } from "./requests/policy.ts";
import type { RecordAges } from "./records/record_status.ts";
import { Records } from "./records/records.ts";
import { BrowserRequests } from "./requests/requests.ts";
import type { BrowserStore } from "../store/mod.ts";
import { Targets } from "./requests/targets.ts";
import { BrowserViewer } from "./records/view.ts";

/** Bytes that all buffered responses together may hold until they are passed on. */
const BUFFERED_BYTES = 134_217_728;

/** What the browser's configuration says. */
export interface BrowserConfig {
  readonly heartbeatMs: number;
  readonly ages: RecordAges;
  readonly policy: PolicyLimits;
  /** BAA_BROWSER_HOSTS */
  readonly allowedHosts: readonly string[];
  /** Where this API itself is reached: never a target. */
  readonly ownHosts: readonly string[];
  /** BAA_BROWSER_PLATFORMS */
  readonly platforms: readonly string[];
  /** Compares with the shared token; undefined: there is none. */
  readonly isToken: ((token: string) => boolean) | undefined;
  /** The address of `/ws/firefox`. */
  readonly websocket: string;
}

/** What the browser is given. */
export interface BrowserPorts extends BridgePorts {
  readonly store: BrowserStore;
  readonly audit: AuditPort;
  /** From 0 to 1, for jitter. */
  random(): number;
}

/** Everything that conductor can do with the owner's browser. */
export interface Browser {
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
}

/** Puts the browser's parts together. */
export function createBrowser(
  config: BrowserConfig,
  ports: BrowserPorts,
): Browser {
  const { audit, clock, newId, store } = ports;
  const platforms = new Platforms(config.platforms, config.allowedHosts);
  const targets = new Targets(platforms, config);
  const clients = new Clients();
  const exchanges = new Exchanges(clock, (url) => targets.whyRefused(url));
  const pending = new PendingActions(ports);
  const pairing = new Pairing(store, clock);
  const policy = new Policy(config.policy, ports);
  const records = new Records(store, { clock, platforms });
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
    clock,
  });
  return {
    bridge: new Bridge(
      { clients, exchanges, actions: pending, records, pairing, platforms },
      ports,
      config,
    ),
    requests,
    actions,
    viewer: new BrowserViewer(
      { clients, exchanges, pairing, platforms, policy, store, clock },
      { ...config, pairing: config.isToken === undefined },
    ),
    claude: new ClaudeWrapper({ requests, actions, store }),
    activeClientId: () => clients.active?.clientId,
    load: () => ({ clients: clients.all.length, in_flight: exchanges.size }),
    unavailable: () =>
      clients.active === undefined ? browserGone().message : undefined,
  };
}
