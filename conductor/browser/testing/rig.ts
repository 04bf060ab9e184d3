import { AppError } from "../../../shared/errors.ts";
import { FakeClock } from "../../../shared/testing/fake_clock.ts";
import {
  countingIds,
  RecordingAudit,
  RecordingLogger,
} from "../../../shared/testing/fakes.ts";
import type { SystemService } from "../../automation/system_service.ts";
import { BrowserStore } from "../../store/browser_store.ts";
import { openDatabase } from "../../store/database.ts";
import type { Mode, SystemState } from "../../store/model/system_state.ts";
import { type BrowserValues, composeBrowser } from "../browser.ts";
import type { RequestBody } from "../http_schemas.ts";
import { FakeSocket } from "./fake_socket.ts";

/** An extension's origin, as Firefox makes them. */
export const ORIGIN = "moz-extension://c1114b5c-495d-4412-bcee-9eb4b2f0113b";

const VALUES: BrowserValues = {
  browserHeartbeatMs: 10_000,
  browserFreshMs: 300_000,
  browserLostMs: 3_600_000,
  browserMaxInFlight: 4,
  browserSpacingMs: 0,
  browserBreakerFailures: 5,
  browserHosts: ["127.0.0.1:8080"],
  browserPlatforms: ["site=127.0.0.1:8080"],
  publicApiBase: undefined,
  allowedHosts: undefined,
};

/** A browser side without Firefox, network or time of its own. */
export function createRig(
  { token, ...values }: Partial<BrowserValues> & { readonly token?: string } =
    {},
) {
  const clock = new FakeClock();
  const log = new RecordingLogger();
  const store = new BrowserStore(openDatabase(":memory:"));
  const events: { readonly type: string; readonly client_id?: string }[] = [];
  const audit = new RecordingAudit();
  let mode: Mode = "running";
  const system: Pick<SystemService, "state" | "setMode"> = {
    state: () => ({ mode }) as SystemState,
    setMode(wanted) {
      if (wanted === "draining") throw new AppError("NOT_LEADER");
      mode = wanted;
      return system.state();
    },
  };
  const browser = composeBrowser({
    values: { ...VALUES, ...values },
    token,
    listening: { holds: () => true, trouble: undefined, absence: undefined },
    base: new URL("http://127.0.0.1:4317"),
    clock,
    log,
    store,
    audit,
    system: () => system,
    newId: countingIds(),
    events: { record: (type, data) => void events.push({ type, ...data }) },
    feed: { wait: () => Promise.resolve() },
  });

  /**
   * Opens a socket, and says hello and what it is. A client that was paired has
   * proven that it has its key, unless that is lost.
   */
  function connect(
    clientId = "profile-1",
    options: { readonly origin?: string; readonly lostKey?: boolean } = {},
  ): FakeSocket {
    const { origin, lostKey = false } = options;
    const identity = origin ?? `client:${clientId}`;
    const isPaired = store.identities().some((it) =>
      it.identity === identity && it.client_id === clientId && it.key !== null
    );
    const socket = new FakeSocket();
    browser.bridge.open(socket, {
      origin,
      ...(isPaired && !lostKey && { proven: { clientId, answer: "answer" } }),
    });
    socket.say({ type: "hello", clientId });
    socket.say({
      type: "client_info",
      extensionVersion: "1.0.0",
      browser: { name: "Firefox", version: "153.0" },
      capabilities: ["containers"],
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
