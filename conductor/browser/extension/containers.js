import { CodedError } from "./error_log.js";

/** The login outside of all containers: what the background page uses, too. */
export const DEFAULT_CONTAINER = {
  cookieStore: "firefox-default",
  name: "default",
};

/**
 * The default one, then the owner's; only the former where they are turned off.
 * @returns {Promise<Container[]>}
 */
export async function containers() {
  const own = await browser.contextualIdentities.query({}).catch(() => []);
  return [
    DEFAULT_CONTAINER,
    ...own.map(({ cookieStoreId, name }) => ({
      cookieStore: cookieStoreId,
      name: name.slice(0, 256),
    })),
  ];
}

/** @type {(wanted: string | undefined) => Promise<Container | undefined>} */
export async function containerAsked(wanted) {
  return wanted === undefined ? undefined : await containerNamed(wanted);
}

/**
 * Refuses a tab of another container than is asked for, if one is.
 * @type {(tab: Pick<browser.tabs.Tab, "cookieStoreId">, asked: Container | undefined) => void}
 */
export function checkContainer({ cookieStoreId }, asked) {
  if (asked === undefined || cookieStoreId === asked.cookieStore) return;
  const said = `the tab is not in container "${asked.name}"`;
  throw new CodedError("wrong_tab", said);
}

/** @param {string} wanted the id of a container, or its name */
async function containerNamed(wanted) {
  const all = await containers();
  const byId = all.filter((it) => it.cookieStore === wanted);
  const found = byId.length > 0 ? byId : all.filter((it) => it.name === wanted);
  const [container] = found;
  if (container === undefined) {
    const names = all.map((it) => it.name).join(", ");
    const said = `there is no container "${wanted}"; there are ${names}`;
    throw new CodedError("no_container", said, { containers: all });
  }
  if (found.length > 1) {
    const said = `${found.length} containers are named "${wanted}"`;
    throw new CodedError("ambiguous_container", said, { containers: found });
  }
  return container;
}
