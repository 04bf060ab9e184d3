import { isAction, runAction } from "./run_action.js";
import { Fingerprints } from "./fingerprint.js";
import { ErrorLog } from "./error_log.js";
import { authorityOf, Link } from "./link.js";
import { NetworkGuard } from "./network_guard.js";
import { Observer } from "./observer.js";
import { RequestJobs } from "./request_jobs.js";
import {
  keys,
  onSettingsChange,
  readIdentity,
  readSettings,
  writeSettings,
} from "./settings.js";
import { Tabs } from "./tabs.js";

const CAPABILITIES = [
  "api_request",
  "sse",
  "chunked",
  "cancel",
  "actions",
  "containers",
];

/** Conductor's automation mode, as it was told last. */
let mode = "";

const { clientId, secret } = await readIdentity();
const [browserInfo, platformInfo] = await Promise.all([
  browser.runtime.getBrowserInfo(),
  browser.runtime.getPlatformInfo(),
]);

const errors = new ErrorLog((message) =>
  link.send({ type: "client_log", level: "warn", message })
);
const guard = new NetworkGuard();
/** @type {Link} */
const link = new Link({
  errors,
  clientId,
  keys,
  settings: readSettings,
  opened(ack) {
    send({
      type: "client_info",
      extensionVersion: browser.runtime.getManifest().version,
      browser: { name: browserInfo.name, version: browserInfo.version },
      platform: { os: platformInfo.os, arch: platformInfo.arch },
      capabilities: CAPABILITIES,
    });
    tell(ack.state);
    guard.allow(ack.allowedHosts);
    observer.watch(ack.platforms);
    observer.reportAll();
    void tabs.report();
  },
  received,
  closed: () => jobs.cancelAll(),
  changed: showState,
});
const { send } = link;
const tabs = new Tabs(send);
const observer = new Observer({
  guard,
  send,
  fingerprints: new Fingerprints(secret),
});
/** @type {RequestJobs} */
const jobs = new RequestJobs({ link, guard, errors });

/** @type {(message: ConductorMessage) => Promise<void>} */
async function received(message) {
  switch (message.type) {
    case "api_request":
      return jobs.begin(message);
    case "body_chunk":
      return jobs.chunk(message);
    case "request_cancel":
      return jobs.cancel(message);
    case "action_result":
      if (!message.ok) {
        errors.add(`${message.action}: ${message.error?.message}`);
      }
      // Falls through: a result carries the state, too.
    case "state_snapshot":
      return tell(message.state);
  }
  if (!isAction(message)) {
    return errors.add(`conductor sent "${message.type}", which is unknown`);
  }
  const parts = { link, tabs, guard, observer, jobs, errors };
  send(await runAction(message, parts));
}

/** @param {Readonly<Record<string, unknown>> | undefined} state */
function tell(state) {
  mode = String(state?.mode ?? mode);
}

function showState() {
  const { state, detail } = link.status;
  const title = `baa conductor bridge: ${state}${detail && ` (${detail})`}`;
  browser.browserAction.setTitle({ title });
  browser.browserAction.setBadgeText({
    text: state === "connected" ? "" : state === "paused" ? "II" : "!",
  });
}

// The popup asks; nobody else is answered, a script in a page least of all.
browser.runtime.onMessage.addListener((message, sender) =>
  sender.id === browser.runtime.id && (sender.frameId ?? 0) === 0 &&
    sender.url === browser.runtime.getURL("popup.html")
    ? answered(message)
    : undefined
);

/** @param {PopupMessage} message */
async function answered(message) {
  if (message.set !== undefined) await writeSettings(message.set);
  if (message.forget) {
    await keys.forget(authorityOf((await readSettings()).conductor));
  }
  if (message.reconnect || message.forget) link.restart();
  if (message.action !== undefined) {
    send({ type: "action_request", action: message.action });
  }
  const { token, ...settings } = await readSettings();
  return {
    ...link.status,
    settings: { ...settings, hasToken: token !== "" },
    clientId,
    mode,
    requests: jobs.size,
    lastRequest: jobs.last,
    errors: errors.lines,
  };
}

onSettingsChange(() => link.restart());
link.restart();
