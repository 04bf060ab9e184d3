import { AppError } from "../../../shared/errors.ts";
import { FakeClock } from "../../../shared/testing/fake_clock.ts";
import { countingIds, RecordingLogger } from "../../../shared/testing/fakes.ts";
import type { BridgeEvent, SystemPort } from "../bridge/bridge_ports.ts";
import { type BrowserConfig, createBrowser } from "../browser.ts";
import type { RequestBody } from "../http_schemas.ts";
import { RecordingAudit } from "./recording_audit.ts";
import { FakeSocket } from "./fake_socket.ts";
import { BrowserStore } from "../../store/browser_store.ts";
import { openDatabase } from "../../store/database.ts";

/** An extension's origin, as Firefox makes them. */
export const ORIGIN = "moz-extension://c1114b5c-495d-4412-bcee-9eb4b2f0113b";

const CONFIG: BrowserConfig = {
  heartbeatMs: 10_000,
  ages: { freshMs: 300_000, lostMs: 3_600_000 },
  policy: { maxInFlight: 4, spacingMs: 0, breakerFailures: 5 },
  allowedHosts: ["127.0.0.1:8080"],
  ownHosts: ["127.0.0.1:4317", "localhost:4317"],
  platforms: ["site=127.0.0.1:8080"],
  isToken: undefined,
  websocket: "ws://127.0.0.1:4317/ws/firefox",
};

/** A browser side without Firefox, network or time of its own. */
export function createRig(config: Partial<BrowserConfig> = {}) {
  const clock = new FakeClock();
  const log = new RecordingLogger();
  const store = new BrowserStore(openDatabase(":memory:"));
  const events: BridgeEvent[] = [];
  const audit = new RecordingAudit();
  const mode = { now: "running" };
  const system: SystemPort = {
    state: () => ({ mode: mode.now }),
    change({ action }) {
      if (action === "drain") throw new AppError("NOT_LEADER");
      mode.now = action === "pause" ? "paused" : "running";
      return { mode: mode.now };
    },
  };
  const browser = createBrowser({ ...CONFIG, ...config }, {
    clock,
    log,
    store,
    audit,
    system,
    newId: countingIds(),
    emit: (event) => void events.push(event),
    random: () => 0,
  });

  /** Opens a socket, and says hello on it. */
  function connect(
    clientId = "profile-1",
    options: { readonly origin?: string; readonly token?: string } = {},
  ): FakeSocket {
    const socket = new FakeSocket();
    browser.bridge.open(socket, options.origin);
    socket.say({
      type: "hello",
      clientId,
      extensionVersion: "1.0.0",
      browser: { name: "Firefox", version: "153.0" },
      ...(options.token === undefined ? {} : { token: options.token }),
    });
    return socket;
  }

  return { browser, clock, log, store, audit, events, connect };
}

/** A request to the rig's own site. */
export function siteRequest(fields: Partial<RequestBody> = {}): RequestBody {
  return {
    method: "GET",
    url: "http://127.0.0.1:8080/me",
    headers: {},
    ...fields,
  };
}
