import { bareAddress, bareTitle } from "./addresses.js";
import { MAX_RECORDS, remember } from "./remember.js";
import { isHost } from "./target_rules.js";

const GATHER_MS = 200;

/** Reports the tabs, remembers where they were, and finds the right one. */
export class Tabs {
  #send;
  /** @type {Timer} */
  #timer;
  /**
   * Tab id → its last web address, also after it was closed or crashed.
   * @type {Map<number, string>}
   */
  #addresses = new Map();

  /** @param {Send} send */
  constructor(send) {
    this.#send = send;
    const { tabs } = browser;
    const changed = () => this.#gather();
    tabs.onCreated.addListener(changed);
    tabs.onRemoved.addListener(changed);
    tabs.onActivated.addListener(changed);
    tabs.onUpdated.addListener((id, { url }) => {
      if (url !== undefined) this.#remember(id, url);
      this.#gather();
    }, { properties: ["status", "title", "url", "discarded"] });
  }

  /** Reports now; returns how many tabs there are. */
  async report() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const all = await browser.tabs.query({});
    for (const { id, url } of all) this.#remember(id, url);
    this.#send({
      type: "tabs",
      tabs: all.slice(0, MAX_RECORDS).map((tab) => ({
        id: tab.id,
        url: bareAddress(tab.url),
        title: bareTitle(tab.title),
        active: tab.active,
        status: tab.discarded ? "discarded" : tab.status ?? "",
      })),
    });
    return all.length;
  }

  /** @param {number} tabId of which the last web address is wanted */
  addressOf(tabId) {
    return this.#addresses.get(tabId);
  }

  /** @param {string} url whose origin a living tab is wanted of */
  ofOrigin(url) {
    const { origin } = new URL(url);
    return newest((target) => target.origin === origin);
  }

  /** @param {readonly string[]} hosts of which a living tab is wanted */
  ofHosts(hosts) {
    return newest((target) => hosts.some((host) => isHost(target, host)));
  }

  /** @type {(id: number, url: string) => void} */
  #remember(id, url) {
    if (/^https?:/.test(url)) remember(this.#addresses, id, url);
  }

  #gather() {
    this.#timer ??= setTimeout(() => void this.report(), GATHER_MS);
  }
}

/** @param {(target: URL) => boolean} isWanted of the tabs that live, the last used one */
async function newest(isWanted) {
  const all = await browser.tabs.query({ discarded: false });
  return all
    .filter(({ url }) => URL.canParse(url) && isWanted(new URL(url)))
    .sort((a, b) => b.lastAccessed - a.lastAccessed)[0];
}

/**
 * Waits until a tab is loaded, at most `ms`; returns the tab as it then is.
 * `start` begins what is waited for: Firefox says "complete" once too early
 * when a discarded tab comes back, so a "loading" has to come first.
 * @param {() => Promise<{ readonly id: number }>} start
 */
export async function loaded(start, ms = 15_000) {
  /** @type {{ id: number, status: string }[]} */
  const events = [];
  let told = () => {};
  /** @type {(id: number, changes: { readonly status?: string }) => void} */
  const listener = (id, { status }) => {
    if (status !== undefined) events.push({ id, status });
    told();
  };
  browser.tabs.onUpdated.addListener(listener, { properties: ["status"] });
  try {
    const { id } = await start();
    const until = Date.now() + ms;
    while (!isLoaded(events.filter((it) => it.id === id))) {
      const left = until - Date.now();
      if (left <= 0) break;
      await new Promise((resolve) => {
        told = () => resolve(undefined);
        setTimeout(told, left);
      });
    }
    return await browser.tabs.get(id);
  } finally {
    browser.tabs.onUpdated.removeListener(listener);
  }
}

/** @param {readonly { readonly status: string }[]} events */
function isLoaded(events) {
  const loading = events.findIndex((it) => it.status === "loading");
  return loading >= 0 &&
    events.slice(loading).some((it) => it.status === "complete");
}
