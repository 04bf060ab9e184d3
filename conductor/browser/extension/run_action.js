import { bareAddress } from "./addresses.js";
import { onlyContainer } from "./choose_place.js";
import {
  checkContainer,
  containerAsked,
  containers,
  DEFAULT_CONTAINER,
} from "./containers.js";
import { CodedError, readError } from "./error_log.js";
import { listedTabs, loaded, tabOf, tabsOfHosts } from "./tabs.js";

/**
 * What conductor may ask for, by name; each returns what is reported.
 * @type {Record<ExtensionAction, (message: ActionMessage, parts: Parts) => ActionReport | Promise<ActionReport>>}
 */
const ACTIONS = {
  async open_tab({ url, container }, { guard }) {
    if (url === undefined) throw new CodedError("no_url", "no url was given");
    return described(await openedFor({ url, container }, guard));
  },

  async tab_focus(message, parts) {
    const { id, windowId } = await wantedTab(message, parts);
    await browser.windows.update(windowId, { focused: true });
    return described(await browser.tabs.update(id, { active: true }));
  },

  async tab_reload(message, parts) {
    return described(await reloaded(await wantedTab(message, parts)));
  },

  async tab_restore(message, parts) {
    const { tabId, url, container } = message;
    const living = tabId === undefined
      ? undefined
      : await tabOf(tabId).catch(() => undefined);
    const page = tabId === undefined ? undefined : parts.tabs.pageOf(tabId);
    const asked = await containerAsked(container);
    if (living === undefined) {
      if (url === undefined) return described(await reopened(page, asked));
      // Another address comes back with the login that the tab had.
      const its = { url, container: container ?? page?.cookieStoreId };
      return described(await openedFor(its, parts.guard));
    }
    checkContainer(living, asked);
    const address = url ?? page?.url;
    // A crashed page shows about:blank, and reloading does not bring it back.
    if (!/^https?:/.test(living.url) && address !== undefined) {
      return described(
        url === undefined
          ? await shown(living.id, address)
          : await parts.guard.lead(
            { url, isTab: (id) => id === living.id },
            () => shown(living.id, url),
          ),
      );
    }
    return described(living.discarded ? await reloaded(living) : living);
  },

  async request_credentials(_message, { observer, tabs }) {
    return { ...observer.reportAll(), tabs: await tabs.report() };
  },

  plugin_status(_message, { link, jobs, errors }) {
    return {
      version: browser.runtime.getManifest().version,
      connectedSince: new Date(link.status.since).toISOString(),
      requests: jobs.size,
      lastErrors: errors.lines,
    };
  },

  ws_reconnect(_message, { link }) {
    later(() => link.restart(4000, "ws_reconnect"));
    return {};
  },

  controller_reload(_message, { jobs }) {
    // A content script outlives its extension: its fetches have to end first.
    jobs.cancelAll();
    later(() => browser.runtime.reload());
    return {};
  },
};

/** @type {(message: { readonly type: string }) => message is ActionMessage} */
export function isAction(message) {
  return Object.hasOwn(ACTIONS, message.type);
}

/**
 * Does what a message asks for; returns the report.
 * @type {(message: ActionMessage, parts: Parts) => Promise<ExtensionMessage>}
 */
export async function runAction(message, parts) {
  const { id, type: action } = message;
  const head = /** @type {const} */ ({ type: "action_status", id, action });
  try {
    const result = await ACTIONS[action](message, parts);
    return { ...head, ok: true, result };
  } catch (thrown) {
    const error = readError(thrown);
    parts.errors.add(`${action}: ${error.message}`);
    return { ...head, ok: false, error };
  }
}

/**
 * The tab that is named, or else one of the platform.
 * @type {(message: ActionMessage, parts: Parts) => Promise<browser.tabs.Tab>}
 */
async function wantedTab({ tabId, platform, container }, { observer }) {
  const asked = await containerAsked(container);
  if (tabId !== undefined) {
    const named = await tabOf(tabId);
    checkContainer(named, asked);
    return named;
  }
  if (platform === undefined) {
    throw new CodedError("no_tab", "give a tab_id or a platform");
  }
  const hosts = observer.platforms.find((it) => it.name === platform)?.hosts;
  const tabs = await tabsOfHosts(hosts ?? []);
  const whose = asked ?? await onlyContainer(tabs, `"${platform}"`);
  const tab = tabs.find((it) =>
    !it.discarded && it.cookieStoreId === whose.cookieStore
  );
  if (tab !== undefined) return tab;
  const where = asked === undefined ? "" : ` in container "${asked.name}"`;
  throw new CodedError("no_tab", `no tab of "${platform}" is open${where}`);
}

/**
 * Opens a tab at an address that conductor was asked for: it may be reached as
 * far as a request may reach it.
 * @type {(page: { url: string, container: string | undefined }, guard: Parts["guard"]) => Promise<browser.tabs.Tab>}
 */
async function openedFor({ url, container }, guard) {
  const { cookieStore: cookieStoreId } = await containerAsked(container) ??
    DEFAULT_CONTAINER;
  const known = new Set((await listedTabs()).map((it) => it.id));
  const isTab = (/** @type {number} */ id) => !known.has(id);
  const created = Promise.withResolvers();
  const open = () => {
    created.resolve(
      browser.tabs.create({ url, active: false, cookieStoreId }),
    );
    return created.promise;
  };
  try {
    return await guard.lead({ url, isTab }, () => loaded(open));
  } catch (error) {
    const { id } = await created.promise;
    await browser.tabs.remove(id).catch(() => {});
    throw error;
  }
}

/** @type {(id: number, url: string) => Promise<browser.tabs.Tab>} */
function shown(id, url) {
  return loaded(() => browser.tabs.update(id, { url }));
}

/** @param {browser.tabs.Tab} tab */
function reloaded({ id }) {
  return loaded(async () => {
    await browser.tabs.reload(id);
    return { id };
  });
}

/**
 * Brings a page back that was closed, or else the last tab that was.
 * @type {(page: Pick<browser.tabs.Tab, "url" | "cookieStoreId"> | undefined, asked: Container | undefined) => Promise<browser.tabs.Tab>}
 */
async function reopened(page, asked) {
  if (page !== undefined) {
    checkContainer(page, asked);
    return loaded(() => browser.tabs.create({ ...page, active: false }));
  }
  if (asked !== undefined) {
    // Firefox does not tell which container a closed tab was in.
    const said =
      `give a url, or the tab_id of a tab that was in "${asked.name}"`;
    throw new CodedError("no_tab", said);
  }
  const [closed] = (await browser.sessions.getRecentlyClosed())
    .flatMap(({ tab }) => tab ?? []);
  if (closed === undefined) {
    throw new CodedError("no_tab", "no tab was closed lately");
  }
  const { tab } = await browser.sessions.restore(closed.sessionId);
  return tab;
}

/** @param {browser.tabs.Tab} tab */
async function described({ id, url, status, cookieStoreId }) {
  const all = await containers();
  return {
    tabId: id,
    url: bareAddress(url),
    status,
    cookieStore: cookieStoreId,
    container: all.find((it) => it.cookieStore === cookieStoreId)?.name,
  };
}

/** @param {() => void} action runs once the report is on its way */
function later(action) {
  setTimeout(action, 50);
}
