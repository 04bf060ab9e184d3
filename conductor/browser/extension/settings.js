import { keyOfPairing, keyOfToken } from "./prove.js";

/** Where conductor listens unless the owner says otherwise. */
const DEFAULT_CONDUCTOR = "http://127.0.0.1:4317";

const KEYS = /** @type {const} */ (["conductor", "token", "paused"]);

/**
 * Reads the owner's settings; an administrator's (`storage.managed`) win.
 * @returns {Promise<Settings & { managed: string[] }>}
 */
export async function readSettings() {
  const own = await browser.storage.local.get(KEYS);
  const managed = await browser.storage.managed.get(KEYS).catch(() => ({}));
  const { conductor, token, paused } = { ...own, ...managed };
  return {
    conductor: String(conductor || DEFAULT_CONDUCTOR),
    token: String(token || ""),
    paused: paused === true,
    managed: Object.keys(managed),
  };
}

/** @param {Partial<Settings>} settings as far as the popup lets the owner set them */
export async function writeSettings(settings) {
  const known = KEYS.filter((key) => key in settings);
  await browser.storage.local.set(
    Object.fromEntries(known.map((key) => [key, settings[key]])),
  );
}

/** @param {() => void} listener runs whenever a setting changes */
export function onSettingsChange(listener) {
  browser.storage.onChanged.addListener((changes) => {
    if (KEYS.some((key) => key in changes)) listener();
  });
}

/**
 * Returns this profile's lasting identity; makes it the first time.
 * @returns {Promise<{ clientId: string, secret: string }>} `secret` in base64
 */
export async function readIdentity() {
  const { clientId, secret } = await browser.storage.local.get([
    "clientId",
    "secret",
  ]);
  if (typeof clientId === "string" && typeof secret === "string") {
    return { clientId, secret };
  }
  const identity = {
    clientId: `firefox-${crypto.randomUUID()}`,
    // The key of the fingerprints: it never leaves this profile.
    secret: crypto.getRandomValues(new Uint8Array(32)).toBase64(),
  };
  await browser.storage.local.set(identity);
  return identity;
}

/**
 * What this profile proves to a conductor, by the address that is dialled: the
 * shared token, or the key that it was given when it was paired.
 * @type {LinkParts["keys"]}
 */
export const keys = {
  async of(authority, token) {
    if (token !== "") return await keyOfToken(token);
    await lastWrite;
    return await keyOfPairing((await readPairings())[authority]);
  },

  keep: (authority, key) => writePairing(authority, key),

  forget: (authority) => writePairing(authority, undefined),
};

/** One change after the other: each is made of what is there. */
let lastWrite = Promise.resolve();

/** @type {(authority: string, key: unknown) => Promise<void>} */
function writePairing(authority, key) {
  lastWrite = lastWrite.then(async () => {
    const pairings = { ...await readPairings(), [authority]: key };
    await browser.storage.local.set({ pairings });
  }).catch(() => {});
  return lastWrite;
}

/** @returns {Promise<Record<string, unknown>>} */
async function readPairings() {
  const { pairings } = await browser.storage.local.get(["pairings"]);
  return Object(pairings);
}
