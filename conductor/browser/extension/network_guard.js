import { isHost, isPublicAddress, whyRefused } from "./targets.js";

const ALL = { urls: ["<all_urls>"], types: ["xmlhttprequest", "other"] };

/** Expected requests that never came are forgotten after this. */
const EXPECT_MS = 60_000;

/**
 * Judges every hop of conductor's requests. Conductor sees the address that it
 * asks for; only the browser sees where redirects lead, and which machine a
 * name belongs to.
 */
export class NetworkGuard {
  #allowedHosts = [];
  #expected = [];
  /** webRequest's id → the job that it belongs to. */
  #ours = new Map();

  constructor() {
    const { webRequest } = browser;
    webRequest.onBeforeRequest.addListener(
      (details) => this.#before(details),
      ALL,
      ["blocking"],
    );
    webRequest.onHeadersReceived.addListener(
      (details) => this.#headers(details),
      ALL,
      ["blocking"],
    );
    const over = ({ requestId }) => this.#ours.delete(requestId);
    webRequest.onCompleted.addListener(over, ALL);
    webRequest.onErrorOccurred.addListener(over, ALL);
  }

  /** Takes the rules that conductor gives with its welcome. */
  allow(hosts) {
    this.#allowedHosts = hosts;
  }

  /**
   * Announces a request that is about to be sent. Returns a record that says
   * afterwards whether it was `seen`, and why it was `refused`.
   *
   * @param {{ url: string, method: string, tabId: number }} order tabId -1: from the background
   */
  expect({ url, method, tabId }) {
    const now = Date.now();
    this.#expected = this.#expected.filter((it) => it.at > now - EXPECT_MS);
    const job = {
      url,
      method,
      tabId,
      at: now,
      seen: false,
      refused: undefined,
    };
    this.#expected.push(job);
    return job;
  }

  /** The request is over, whether or not it was ever seen. */
  forget(job) {
    this.#expected = this.#expected.filter((it) => it !== job);
  }

  /** Tells whether a request is conductor's, not the page's own. */
  isOurs(requestId) {
    return this.#ours.has(requestId);
  }

  /** The page's own requests pass without a wait. */
  #before(details) {
    const job = this.#ours.get(details.requestId) ?? this.#claim(details);
    return job === undefined ? {} : this.#judge(job, details);
  }

  async #judge(job, details) {
    const why = whyRefused(details.url, { allowedHosts: this.#allowedHosts }) ??
      await this.#whyNameRefused(details);
    return this.#verdict(job, why);
  }

  #headers(details) {
    const job = this.#ours.get(details.requestId);
    if (job === undefined || !this.#isDirect(details)) return {};
    const bad = details.ip && !isReachable(details.ip);
    return this.#verdict(
      job,
      bad ? "its name belongs to a private address" : undefined,
    );
  }

  /** Finds the job that a first hop belongs to. */
  #claim(details) {
    const index = this.#expected.findIndex((it) =>
      it.url === details.url && it.method === details.method &&
      it.tabId === details.tabId
    );
    if (index < 0) return undefined;
    const [job] = this.#expected.splice(index, 1);
    job.seen = true;
    this.#ours.set(details.requestId, job);
    return job;
  }

  async #whyNameRefused(details) {
    if (!this.#isDirect(details)) return undefined;
    const { hostname } = new URL(details.url);
    try {
      const { addresses } = await browser.dns.resolve(hostname);
      return addresses.every(isReachable)
        ? undefined
        : "its name belongs to a private address";
    } catch {
      // A name that only a proxy can look up, or nobody: the fetch will tell.
      return undefined;
    }
  }

  /** Whether this machine itself connects, to a host that is not listed. */
  #isDirect({ url, proxyInfo }) {
    const target = new URL(url);
    const proxied = (proxyInfo ?? { type: "direct" }).type !== "direct";
    return !proxied && !this.#allowedHosts.some((it) => isHost(target, it));
  }

  #verdict(job, why) {
    if (why === undefined) return {};
    job.refused = why;
    return { cancel: true };
  }
}

/**
 * Whether a name may belong to this address. Local proxies answer every name
 * with one of 198.18.0.0/15, where nothing real lives.
 */
function isReachable(address) {
  return isPublicAddress(address) || /^198\.1[89]\./.test(address);
}
