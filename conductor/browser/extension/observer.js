import { cookiesOf, pathTemplate, removedCookie } from "./addresses.js";
import { remember } from "./remember.js";
import { isHost } from "./target_rules.js";

/** Request headers that carry a login, beside cookies. */
const LOGIN_HEADER =
  /^(authorization|x-[\w-]*(auth|token|session|csrf|xsrf|api-?key)[\w-]*)$/i;

/** What changes is gathered this long before it is reported. */
const GATHER_MS = 500;

/** Characters of a name that conductor takes. */
const MAX_NAME = 256;

/** A credential that did not change is reported again no sooner than this. */
const RENEW_MS = 30_000;

/**
 * Watches which credentials and endpoints the platforms' own pages use. Values
 * are only ever hashed, at once, with a key that stays here.
 */
export class Observer {
  #guard;
  #fingerprints;
  #send;
  /** @type {readonly Platform[]} What is watched. */
  platforms = [];
  /** @type {Map<string, SeenCredential>} */
  #credentials = new Map();
  /** @type {Map<string, SeenEndpoint>} */
  #endpoints = new Map();
  /** @type {Map<string, number>} When a site took a credential away. */
  #leftAt = new Map();
  /** Keys of what has changed since the last report. */
  #changed = {
    credentials: /** @type {Set<string>} */ (new Set()),
    endpoints: /** @type {Set<string>} */ (new Set()),
  };
  /** @type {Timer} */
  #timer;

  /** @param {ObserverParts} parts */
  constructor({ guard, fingerprints, send }) {
    this.#guard = guard;
    this.#fingerprints = fingerprints;
    this.#send = send;
  }

  /** @param {readonly Platform[]} platforms are watched, and nothing else */
  watch(platforms) {
    this.platforms = platforms;
    const { onHeadersReceived, onSendHeaders } = browser.webRequest;
    onSendHeaders.removeListener(this.#sent);
    onHeadersReceived.removeListener(this.#received);
    // Match patterns know no ports; the platform's own are checked later.
    const urls = platforms.flatMap(({ hosts }) =>
      hosts.map((host) => `*://${host.replace(/:\d+$/, "")}/*`)
    );
    if (urls.length === 0) return;
    onSendHeaders.addListener(this.#sent, { urls }, ["requestHeaders"]);
    onHeadersReceived.addListener(this.#received, { urls }, [
      "responseHeaders",
    ]);
  }

  /** Reports everything that is remembered; returns how much that is. */
  reportAll() {
    const { credentials, endpoints } = this.#changed;
    for (const key of this.#credentials.keys()) credentials.add(key);
    for (const key of this.#endpoints.keys()) endpoints.add(key);
    this.#report();
    return {
      credentials: this.#credentials.size,
      endpoints: this.#endpoints.size,
    };
  }

  /** @param {RequestDetails} details */
  #sent = async ({ requestId, url, method, type, ...details }) => {
    const site = details.incognito ? undefined : this.#site(url);
    if (site === undefined || this.#guard.isOurs(requestId)) return;
    const { cookieStoreId, requestHeaders = [], timeStamp: at } = details;
    if (type === "xmlhttprequest") this.#endpoint(site, { url, method });
    for (const { name, value = "" } of requestHeaders) {
      const header = name.toLowerCase().slice(0, MAX_NAME);
      /** @type {[string, string][]} */
      const pairs = header === "cookie"
        ? cookiesOf(value)
        : LOGIN_HEADER.test(header)
        ? [["", value]]
        : [];
      for (const [cookie, secret] of pairs) {
        const name = cookie.slice(0, MAX_NAME);
        const sent = { header, name, secret, at, cookieStore: cookieStoreId };
        await this.#credential(site, sent);
      }
    }
  };

  /** @param {RequestDetails} details */
  #received = ({ url, responseHeaders = [], ...details }) => {
    const site = details.incognito ? undefined : this.#site(url);
    if (site === undefined) return;
    for (const { name, value = "" } of responseHeaders) {
      if (name.toLowerCase() !== "set-cookie") continue;
      // Firefox puts several of them into one, a line each.
      for (const line of value.split("\n")) {
        const { cookieStoreId: cookieStore, timeStamp: at } = details;
        this.#logout(site, { cookieStore, line, at });
      }
    }
  };

  /** @type {(url: string) => Site | undefined} */
  #site(url) {
    const target = new URL(url);
    const platform = this.platforms.find(({ hosts }) =>
      hosts.some((host) => isHost(target, host))
    );
    return platform && { platform: platform.name, host: target.host };
  }

  /** @type {(site: Site, seen: SentCredential) => Promise<void>} */
  async #credential(site, { cookieStore, header, name, secret, at }) {
    const key = [site.host, cookieStore, header, name].join("\n");
    const fingerprint = await this.#fingerprints.of(secret);
    const known = this.#credentials.get(key);
    // The answer that took it away may be here before its hash.
    if ((this.#leftAt.get(key) ?? -Infinity) >= at) return;
    const now = Date.now();
    const same = known?.fingerprint === fingerprint && !known.loggedOut
      ? known
      : undefined;
    if (same !== undefined && same.seenAt > now - RENEW_MS) return;
    remember(this.#credentials, key, {
      ...site,
      cookieStore,
      header,
      name,
      fingerprint,
      length: secret.length,
      capturedAt: same?.capturedAt ?? now,
      seenAt: now,
      loggedOut: false,
    });
    this.#gather("credentials", key);
  }

  /** @type {(site: Site, seen: { cookieStore: string, line: string, at: number }) => void} */
  #logout(site, { cookieStore, line, at }) {
    const name = removedCookie(line, Date.now())?.slice(0, MAX_NAME);
    const key = [site.host, cookieStore, "cookie", name].join("\n");
    const known = this.#credentials.get(key);
    if (known === undefined) return;
    this.#credentials.set(key, { ...known, loggedOut: true });
    remember(this.#leftAt, key, at);
    this.#gather("credentials", key);
  }

  /** @type {(site: Site, request: { url: string, method: string }) => void} */
  #endpoint(site, { url, method: whole }) {
    const path = pathTemplate(url);
    const method = whole.slice(0, MAX_NAME);
    const key = [site.host, method, path].join("\n");
    const now = Date.now();
    const known = this.#endpoints.get(key);
    if (known !== undefined && known.lastSeenAt > now - RENEW_MS) return;
    remember(this.#endpoints, key, { ...site, method, path, lastSeenAt: now });
    this.#gather("endpoints", key);
  }

  /** @type {(kind: "credentials" | "endpoints", key: string) => void} */
  #gather(kind, key) {
    this.#changed[kind].add(key);
    this.#timer ??= setTimeout(() => this.#report(), GATHER_MS);
  }

  #report() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const credentials = taken(this.#changed.credentials, this.#credentials);
    const endpoints = taken(this.#changed.endpoints, this.#endpoints);
    if (credentials.length > 0) {
      this.#send({ type: "credentials", credentials });
    }
    if (endpoints.length > 0) this.#send({ type: "api_endpoints", endpoints });
  }
}

/**
 * Returns the records of these keys, and forgets the keys.
 * @type {<T>(keys: Set<string>, records: ReadonlyMap<string, T>) => T[]}
 */
function taken(keys, records) {
  const rows = [...keys].flatMap((key) => records.get(key) ?? []);
  keys.clear();
  return rows;
}
