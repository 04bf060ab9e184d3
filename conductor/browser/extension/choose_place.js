import {
  checkContainer,
  containerAsked,
  containers,
  DEFAULT_CONTAINER,
} from "./containers.js";
import { CodedError } from "./error_log.js";
import { tabOf, tabsWhere } from "./tabs.js";

/** A tab that does not answer within this is not used. */
const PING_MS = 2_000;

/** How long a page may take to show that only its own scripts are held up. */
const ALIVE_MS = 1_000;

/**
 * Finds where a request runs: whose login, and the tab that lives. Without a
 * tab it is for the background page, which has the default login alone.
 * @type {(request: Pick<ApiRequest, "url" | "tabId" | "container">) => Promise<Place>}
 */
export async function choosePlace({ url, tabId, container: wanted }) {
  const asked = await containerAsked(wanted);
  const { origin } = new URL(url);
  const named = tabId === undefined ? undefined : await tabAt(tabId, origin);
  if (named !== undefined) checkContainer(named, asked);
  const all = named === undefined
    ? await tabsWhere((target) => target.origin === origin)
    : [named];
  const container = asked ?? await onlyContainer(all, origin);
  const tabs = all.filter((it) => it.cookieStoreId === container.cookieStore);
  const tab = tabs.length === 0 ? undefined : await answering(tabs, origin);
  if (
    tab === undefined && container.cookieStore !== DEFAULT_CONTAINER.cookieStore
  ) {
    throw tabs.length === 0
      ? new CodedError(
        "no_tab",
        `no tab of ${origin} is open in container "${container.name}"`,
      )
      : closedTo(container);
  }
  return { container, tab };
}

/** @param {Container} container whose pages take no request, which nothing else may send */
export function closedTo({ name }) {
  return new CodedError(
    "blocked",
    `no page in container "${name}" lets it through, and nothing else has its login`,
  );
}

/** @type {(tabId: number, origin: string) => Promise<browser.tabs.Tab>} */
async function tabAt(tabId, origin) {
  const tab = await tabOf(tabId);
  if (!URL.canParse(tab.url) || new URL(tab.url).origin !== origin) {
    throw new CodedError("wrong_tab", `tab ${tabId} is not on ${origin}`);
  }
  return tab;
}

/**
 * The one container that has these tabs; the default one where there are none.
 * @type {(tabs: readonly browser.tabs.Tab[], site: string) => Promise<Container>}
 */
export async function onlyContainer(tabs, site) {
  const { cookieStore: ofDefault } = DEFAULT_CONTAINER;
  if (tabs.every((it) => it.cookieStoreId === ofDefault)) {
    return DEFAULT_CONTAINER;
  }
  const all = await containers();
  const byStore = Map.groupBy(tabs, (it) => it.cookieStoreId);
  const found = Array.from(byStore, ([cookieStore, its]) => ({
    cookieStore,
    name: all.find((it) => it.cookieStore === cookieStore)?.name ?? cookieStore,
    tabIds: its.map(({ id }) => id),
  }));
  const [container] = found;
  if (container !== undefined && found.length === 1) return container;
  const names = found.map((it) => it.name).join(", ");
  throw new CodedError(
    "ambiguous_container",
    `tabs of ${site} are open in several containers: ${names}`,
    { containers: found },
  );
}

/**
 * The first of these tabs, or any other, whose page answers; undefined where
 * those that do take no script.
 * @type {(tabs: readonly browser.tabs.Tab[], origin: string) => Promise<browser.tabs.Tab | undefined>}
 */
async function answering(tabs, origin) {
  const [first, ...others] = tabs.filter((it) => !it.discarded);
  if (first !== undefined) {
    const answers = [await ask(first)];
    if (answers[0] === "ready") return first;
    const asked = others.map(async (tab) => {
      const answer = await ask(tab);
      answers.push(answer);
      if (answer !== "ready") throw new Error(answer);
      return tab;
    });
    const tab = await Promise.any(asked).catch(() => undefined);
    if (tab !== undefined) return tab;
    if (answers.includes("closed")) return undefined;
  }
  const states = await Promise.all(tabs.map(async (tab) => ({
    tabId: tab.id,
    state: tab.discarded ? "discarded" : await whyBusy(tab),
  })));
  const said = states.map(({ tabId, state }) => `tab ${tabId} ${SAID[state]}`);
  throw new CodedError(
    "tab_busy",
    `no tab of ${origin} answers: ${said.join(", ")}`,
    { tabs: states },
  );
}

/** @type {Record<BusyTab["state"], string>} */
const SAID = {
  busy: "is busy",
  dialog: "has an open dialog",
  discarded: "is unloaded",
};

/**
 * Puts the script that runs requests into a page, which says when the page's own
 * promises go on. Error pages and viewers take no script.
 * @type {(tab: browser.tabs.Tab) => Promise<"ready" | "closed" | "silent">}
 */
function ask(tab) {
  const script = { file: "fetch_runner.js", runAt: DOCUMENT_START };
  return within(PING_MS, browser.tabs.executeScript(tab.id, script));
}

/** @type {(tab: browser.tabs.Tab) => Promise<BusyTab["state"]>} */
async function whyBusy(tab) {
  const script = { code: "true", runAt: DOCUMENT_START };
  const alive = within(ALIVE_MS, browser.tabs.executeScript(tab.id, script));
  return await alive === "silent" ? "busy" : "dialog";
}

const DOCUMENT_START = /** @type {const} */ ("document_start");

/** @type {(ms: number, answer: Promise<unknown>) => Promise<"ready" | "closed" | "silent">} */
async function within(ms, answer) {
  /** @type {Timer} */
  let timer;
  /** @type {Promise<"silent">} */
  const silence = new Promise((resolve) => {
    timer = setTimeout(() => resolve("silent"), ms);
  });
  const said = answer.then(
    () => /** @type {const} */ ("ready"),
    () => /** @type {const} */ ("closed"),
  );
  const first = await Promise.race([said, silence]);
  clearTimeout(timer);
  return first;
}
