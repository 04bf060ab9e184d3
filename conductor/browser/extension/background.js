import { isAction, runAction } from "./actions.js";
import { Fingerprints } from "./fingerprint.js";
import { Journal } from "./journal.js";
import { Link } from "./link.js";
import { NetworkGuard } from "./network_guard.js";
import { Observer } from "./observer.js";
import { Requests } from "./requests.js";
import {
  onSettingsChange,
  readIdentity,
  readSettings,
  writeSettings,
} from "./settings.js";
import { Tabs } from "./tabs.js";

const PROTOCOL = 1;
const CAPABILITIES = ["api_request", "sse", "chunked", "cancel", "actions"];

let platforms = [];
/** Conductor's automation mode, as it was told last. */
let mode = "";

const { clientId, secret } = await readIdentity();
const [browserInfo, platformInfo] = await Promise.all([
  browser.runtime.getBrowserInfo(),
  browser.runtime.getPlatformInfo(),
]);

const journal = new Journal((message) =>
  link.send({ type: "client_log", level: "warn", message })
);
const guard = new NetworkGuard();
const link = new Link({
  journal,
  settings: readSettings,
  hello: () => ({
    type: "hello",
    protocol: PROTOCOL,
    clientId,
    extensionVersion: browser.runtime.getManifest().version,
    browser: { name: browserInfo.name, version: browserInfo.version },
    platform: { os: platformInfo.os, arch: platformInfo.arch },
    capabilities: CAPABILITIES,
  }),
  opened(ack) {
    platforms = ack.platforms;
    mode = ack.state.mode;
    guard.allow(ack.allowedHosts);
    requests.bound(ack.limits);
    observer.watch(platforms);
    observer.reportAll();
    void tabs.report();
  },
  received,
  closed: () => requests.cancelAll(),
  changed: showState,
});
const send = (message) => link.send(message);
const tabs = new Tabs(send);
const observer = new Observer({
  guard,
  send,
  fingerprints: new Fingerprints(secret),
});
const requests = new Requests({ link, tabs, guard, journal });

async function received(message) {
  switch (message.type) {
    case "api_request":
      return requests.begin(message);
    case "body_chunk":
      return requests.chunk(message);
    case "request_cancel":
      return requests.cancel(message);
    case "action_result":
      if (!message.ok) {
        journal.add(`${message.action}: ${message.error.message}`);
      }
      // Falls through: a result carries the state, too.
    case "state_snapshot":
      mode = message.state?.mode ?? mode;
      return;
  }
  if (!isAction(message)) {
    return journal.add(`conductor sent "${message.type}", which is unknown`);
  }
  const parts = {
    link,
    tabs,
    observer,
    requests,
    journal,
    platforms: () => platforms,
  };
  send(await runAction(message, parts));
}

function showState() {
  const { state, detail } = link.status;
  const title = `baa conductor bridge: ${state}${detail && ` (${detail})`}`;
  browser.browserAction.setTitle({ title });
  browser.browserAction.setBadgeText({
    text: state === "connected" ? "" : state === "paused" ? "II" : "!",
  });
}

// The popup asks; nobody else can.
browser.runtime.onMessage.addListener(async (message) => {
  if (message.set !== undefined) await writeSettings(message.set);
  if (message.reconnect) link.restart();
  if (message.action !== undefined) {
    send({ type: "action_request", action: message.action });
  }
  const { token, ...settings } = await readSettings();
  return {
    ...link.status,
    settings: { ...settings, hasToken: token !== "" },
    clientId,
    mode,
    requests: requests.size,
    errors: journal.lines,
  };
});

onSettingsChange(() => link.restart());
link.restart();
