import { bareAddress, bareTitle } from "./addresses.js";
import { containers } from "./containers.js";
import { CodedError } from "./error_log.js";
import { MAX_RECORDS, remember } from "./remember.js";
import { isHost } from "./target_rules.js";

const GATHER_MS = 200;

/** Reports the tabs and containers, and remembers where the tabs were. */
export class Tabs {
  #send;
  /** @type {Timer} */
  #timer;
  /**
   * Tab id → its last web address and its container, also after it was closed
   * or crashed.
   * @type {Map<number, Pick<browser.tabs.Tab, "url" | "cookieStoreId">>}
   */
  #pages = new Map();

  /** @param {Send} send */
  constructor(send) {
    this.#send = send;
    const { contextualIdentities, tabs } = browser;
    const changed = () => this.#gather();
    tabs.onCreated.addListener(changed);
    tabs.onRemoved.addListener(changed);
    tabs.onActivated.addListener(changed);
    contextualIdentities.onCreated.addListener(changed);
    contextualIdentities.onUpdated.addListener(changed);
    contextualIdentities.onRemoved.addListener(changed);
    tabs.onUpdated.addListener((_id, { url }, tab) => {
      if (url !== undefined) this.#remember(tab);
      this.#gather();
    }, { properties: ["status", "title", "url", "discarded"] });
  }

  /** Reports now; returns how many tabs there are. */
  async report() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const all = await listedTabs();
    for (const tab of all) this.#remember(tab);
    this.#send({
      type: "tabs",
      tabs: all.slice(0, MAX_RECORDS).map((tab) => ({
        id: tab.id,
        url: bareAddress(tab.url),
        title: bareTitle(tab.title),
        active: tab.active,
        status: tab.discarded ? "discarded" : tab.status ?? "",
        cookieStore: tab.cookieStoreId,
      })),
      containers: (await containers()).slice(0, MAX_RECORDS),
    });
    return all.length;
  }

  /** @param {number} tabId of which the last web page is wanted */
  pageOf(tabId) {
    return this.#pages.get(tabId);
  }

  /** @param {browser.tabs.Tab} tab */
  #remember({ id, url, cookieStoreId, incognito }) {
    if (incognito || !/^https?:/.test(url)) return;
    remember(this.#pages, id, { url, cookieStoreId });
  }

  #gather() {
    this.#timer ??= setTimeout(() => void this.report(), GATHER_MS);
  }
}

/** Every tab but those of private windows, which nobody is told of. */
export async function listedTabs() {
  return (await browser.tabs.query({})).filter((it) => !it.incognito);
}

/** @param {number} id of a tab that is wanted */
export async function tabOf(id) {
  const tab = await browser.tabs.get(id).catch(() => undefined);
  if (tab !== undefined && !tab.incognito) return tab;
  throw new CodedError("no_tab", `there is no tab ${id}`);
}

/** @param {(target: URL) => boolean} isWanted of the tabs, the last used one first */
export async function tabsWhere(isWanted) {
  return (await listedTabs())
    .filter(({ url }) => URL.canParse(url) && isWanted(new URL(url)))
    .sort((a, b) => b.lastAccessed - a.lastAccessed);
}

/** @param {readonly string[]} hosts whose tabs are wanted */
export function tabsOfHosts(hosts) {
  return tabsWhere((target) => hosts.some((host) => isHost(target, host)));
}

/**
 * Waits until a tab is loaded, at most `ms`; returns the tab as it then is,
 * unless it did not even begin.
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
    if (!events.some((it) => it.id === id && it.status === "loading")) {
      const said = "a dialog of its page is open, or the page is busy";
      throw new CodedError(
        "tab_busy",
        `tab ${id} does not begin to load: ${said}`,
      );
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
