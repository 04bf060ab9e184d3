import type { AuditPort } from "../../shared/audit.ts";
import type { Clock } from "../../shared/clock.ts";
import { sameSecret } from "../../shared/http/mod.ts";
import type { NewId } from "../../shared/ids.ts";
import type { Logger } from "../../shared/log.ts";
import { audited } from "./audited.ts";
import type { SystemPort } from "./bridge/bridge_ports.ts";
import { describeBridge } from "./bridge/bridge_text.ts";
import { type Browser, createBrowser } from "./browser.ts";
import type { ConductorConfig } from "../config.ts";
import type { SystemService } from "../automation/mod.ts";
import type { Store } from "../record/mod.ts";

/** What the browser side is composed of. */
export interface FirefoxOptions {
  readonly config: ConductorConfig;
  /** The base with the port that is really used. */
  readonly base: URL;
  readonly store: Store;
  readonly audit: AuditPort;
  readonly newId: NewId;
  readonly clock: Clock;
  readonly log: Logger;
  /** Automation is composed later: what it does may be a browser's work. */
  readonly system: () => SystemService;
}

/** The browser side, wired: what its routes use, and its life. */
export interface Firefox {
  readonly browser: Browser;
  /** What describe documents tell of the bridge. */
  describe(): Readonly<Record<string, unknown>>;
  /** Tells the browsers each change of the system's state from now on. */
  start(): void;
  /** Says goodbye to the browsers, and ends what runs there. */
  quiesce(): void;
}

/** Wires the browser side. */
export function composeFirefox(options: FirefoxOptions): Firefox {
  const { config, base, store } = options;
  const { values, token } = config;
  const websocket = new URL("/ws/firefox", base);
  websocket.protocol = base.protocol.replace("http", "ws");
  const { href: url } = websocket;
  const heartbeatMs = values.browserHeartbeatMs;
  const browser = createBrowser({
    heartbeatMs,
    ages: { freshMs: values.browserFreshMs, lostMs: values.browserLostMs },
    policy: {
      maxInFlight: values.browserMaxInFlight,
      spacingMs: values.browserSpacingMs,
      breakerFailures: values.browserBreakerFailures,
    },
    allowedHosts: values.browserHosts ?? [],
    ownHosts: ownHosts(base, values),
    platforms: values.browserPlatforms ?? [],
    isToken: token === undefined ? undefined : (it) => sameSecret(token, it),
    websocket: url,
  }, {
    ...options,
    store: store.stores.browser,
    system: systemPort(options.audit, options.system),
    random: Math.random,
    emit: ({ type, client_id }) => store.events.record(type, { client_id }),
  });
  const stop = new AbortController();
  return {
    browser,
    describe: () =>
      describeBridge({ url, heartbeatMs, hasToken: token !== undefined }),
    start() {
      void announceChanges(browser, {
        ...options,
        signal: stop.signal,
      });
    },
    quiesce() {
      stop.abort();
      browser.bridge.shutdown();
    },
  };
}

const MODES = {
  pause: "paused",
  resume: "running",
  drain: "draining",
} as const;

/** Lets a browser change the mode, as HTTP does, on the record. */
function systemPort(
  audit: AuditPort,
  system: () => SystemService,
): SystemPort {
  return {
    state: () => ({ ...system().state() }),
    change({ action, requestedBy, reason }, clientId) {
      const intent = {
        action: `system.${action}`,
        actor: { source: "websocket" },
        target: { client_id: clientId },
      } as const;
      return audited(audit, intent, () =>
        Promise.resolve({
          ...system().setMode(MODES[action], {
            source: "firefox",
            requested_by: requestedBy ?? clientId,
            ...(reason !== undefined && { reason }),
          }),
        }));
    },
  };
}

/** Tells the browsers when mode, leader or the drain's end have changed, whoever did it. */
async function announceChanges(
  browser: Browser,
  options: Pick<FirefoxOptions, "system" | "store" | "log"> & {
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { system, store, log, signal } = options;
  let told: string | undefined;
  while (!signal.aborted) {
    try {
      const state = system().state();
      const { automation, drained, leader } = state;
      const now = JSON.stringify([automation, drained, leader?.term]);
      if (told !== undefined && told !== now) {
        browser.bridge.announce({ ...state });
      }
      told = now;
    } catch (error) {
      log.debug("Cannot tell the browsers the state now", { error });
    }
    await store.feed.wait(signal);
  }
}

/** Every name under which this API itself is reached. */
function ownHosts(
  base: URL,
  values: ConductorConfig["values"],
): readonly string[] {
  const { port } = base;
  const loopback = ["127.0.0.1", "localhost", "[::1]"];
  return [
    base.host,
    ...loopback.map((host) => port === "" ? host : `${host}:${port}`),
    ...(values.publicApiBase === undefined ? [] : [values.publicApiBase.host]),
    ...(values.allowedHosts ?? []).map((host) =>
      /:\d+$/.test(host) || port === "" ? host : `${host}:${port}`
    ),
  ];
}
