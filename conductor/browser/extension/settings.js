/** Where conductor listens unless the owner says otherwise. */
export const DEFAULT_CONDUCTOR = "http://127.0.0.1:4317";

const KEYS = ["conductor", "token", "paused"];

/**
 * Reads the owner's settings; an administrator's (`storage.managed`) win.
 *
 * @returns {Promise<{ conductor: string, token: string, paused: boolean, managed: string[] }>}
 */
export async function readSettings() {
  const own = await browser.storage.local.get(KEYS);
  const managed = await browser.storage.managed.get(KEYS).catch(() => ({}));
  const { conductor, token, paused } = { ...own, ...managed };
  return {
    conductor: conductor || DEFAULT_CONDUCTOR,
    token: token || "",
    paused: paused === true,
    managed: Object.keys(managed),
  };
}

/** Writes what the popup lets the owner set. */
export async function writeSettings(settings) {
  const known = KEYS.filter((key) => key in settings);
  await browser.storage.local.set(
    Object.fromEntries(known.map((key) => [key, settings[key]])),
  );
}

/** Runs `listener` whenever a setting changes. */
export function onSettingsChange(listener) {
  browser.storage.onChanged.addListener((changes) => {
    if (KEYS.some((key) => key in changes)) listener();
  });
}

/** Returns this profile's lasting identity; makes it the first time. */
export async function readIdentity() {
  const stored = await browser.storage.local.get(["clientId", "secret"]);
  if (stored.clientId !== undefined && stored.secret !== undefined) {
    return stored;
  }
  const identity = {
    clientId: `firefox-${crypto.randomUUID()}`,
    // The key of the fingerprints: it never leaves this profile.
    secret: crypto.getRandomValues(new Uint8Array(32)).toBase64(),
  };
  await browser.storage.local.set(identity);
  return identity;
}
