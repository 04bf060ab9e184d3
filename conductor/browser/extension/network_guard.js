import { CodedError } from "./error_log.js";
import {
  isHost,
  isPublicAddress,
  sayAllowed,
  whyRefused,
} from "./target_rules.js";

const ALL = {
  urls: ["<all_urls>"],
  types: ["main_frame", "xmlhttprequest", "other"],
};

/** Expected requests that never came are forgotten after this. */
const EXPECT_MS = 60_000;

/**
 * Judges every hop of conductor's requests, and of pages that it has opened.
 * Conductor sees the address that it
 * asks for; only the browser sees where redirects lead, and which machine a
 * name belongs to.
 */
export class NetworkGuard {
  /** @type {readonly string[]} */
  #allowedHosts = [];
  /** @type {ExpectedRequest[]} */
  #expected = [];
  /** @type {Map<string, ExpectedRequest>} By the id that webRequest gave. */
  #ours = new Map();

  constructor() {
    const { webRequest } = browser;
    webRequest.onBeforeRequest.addListener(this.#before, ALL, ["blocking"]);
    webRequest.onHeadersReceived.addListener(this.#headers, ALL, [
      "blocking",
      "responseHeaders",
    ]);
    webRequest.onAuthRequired.addListener(this.#password, ALL, ["blocking"]);
    /** @param {RequestDetails} details */
    const over = ({ requestId }) => void this.#ours.delete(requestId);
    webRequest.onCompleted.addListener(over, ALL);
    webRequest.onErrorOccurred.addListener(over, ALL);
  }

  /** @param {readonly string[]} hosts as conductor gives them with its welcome */
  allow(hosts) {
    this.#allowedHosts = hosts;
  }

  /** @param {string} url of which it says why no request may go there */
  whyRefused(url) {
    return whyRefused(url, { allowedHosts: this.#allowedHosts });
  }

  /**
   * Announces a request that is about to be sent; what is returned says
   * afterwards how it fared.
   * @type {(order: Pick<ExpectedRequest, "url" | "method" | "isTab" | "onRefused" | "noPassword">) => ExpectedRequest}
   */
  expect({ url, method, isTab, onRefused, noPassword = false }) {
    const at = Date.now();
    this.#expected = this.#expected.filter((it) => it.at > at - EXPECT_MS);
    /** @type {ExpectedRequest} */
    const job = {
      url,
      method,
      isTab,
      at,
      noPassword,
      seen: false,
      refused: undefined,
      hops: 0,
    };
    if (onRefused !== undefined) job.onRefused = onRefused;
    this.#expected.push(job);
    return job;
  }

  /**
   * Leads a tab to an address, as far as a request may go there.
   * @type {(page: Pick<ExpectedRequest, "url" | "isTab">, go: () => Promise<browser.tabs.Tab>) => Promise<browser.tabs.Tab>}
   */
  async lead({ url, isTab }, go) {
    /** @type {PromiseWithResolvers<never>} */
    const stopped = Promise.withResolvers();
    const job = this.expect({
      url,
      method: "GET",
      isTab,
      onRefused: (why) => stopped.reject(new CodedError("target_refused", why)),
    });
    try {
      return await Promise.race([go(), stopped.promise]);
    } finally {
      this.forget(job);
    }
  }

  /** @param {ExpectedRequest} job that is over, whether or not it was ever seen */
  forget(job) {
    this.#expected = this.#expected.filter((it) => it !== job);
  }

  /** @param {string} requestId conductor's, or the page's own, as its load is */
  isOurs(requestId) {
    const job = this.#ours.get(requestId);
    return job !== undefined && job.onRefused === undefined;
  }

  /** @param {RequestDetails} details the page's own requests pass without a wait */
  #before = (details) => {
    const known = this.#ours.get(details.requestId);
    if (known !== undefined) known.hops += 1;
    const job = known ?? this.#claim(details);
    return job === undefined ? {} : this.#judge(job, details);
  };

  /** @type {(job: ExpectedRequest, details: RequestDetails) => Promise<browser.webRequest.Verdict>} */
  async #judge(job, details) {
    const why = this.whyRefused(details.url) ??
      await this.#whyNameRefused(details);
    return this.#verdict(job, why);
  }

  /** @param {RequestDetails} details */
  #headers = (details) => {
    const job = this.#ours.get(details.requestId);
    if (job === undefined) return {};
    const isBad = details.ip && this.#isDirect(details) &&
      !isReachable(details.ip);
    if (isBad) return this.#verdict(job, this.#whyPrivate());
    job.fromCache = details.fromCache;
    if (job.onRefused !== undefined) return {};
    if (job.noPassword && details.statusCode === 401) {
      const responseHeaders = (details.responseHeaders ?? [])
        .filter(({ name }) => name.toLowerCase() !== "www-authenticate");
      return { responseHeaders };
    }
    job.redirect = redirectOf(details, new URL(job.url).origin);
    return { cancel: job.redirect !== undefined };
  };

  /**
   * Nobody is there to be asked for a password; Firefox has none, or a wrong one.
   * @param {RequestDetails} details
   */
  #password = ({ requestId, isProxy }) => {
    const job = this.#ours.get(requestId);
    if (job === undefined || job.onRefused !== undefined || isProxy) return {};
    job.demanded = true;
    return { cancel: true };
  };

  /** @param {RequestDetails} details of what may be a first hop */
  #claim(details) {
    const isLoad = details.type === "main_frame";
    const index = this.#expected.findIndex((it) =>
      isLoad === (it.onRefused !== undefined) &&
      it.method === details.method && it.isTab(details.tabId) &&
      withoutFragment(it.url) === withoutFragment(details.url)
    );
    const [job] = index < 0 ? [] : this.#expected.splice(index, 1);
    if (job === undefined) return undefined;
    job.seen = true;
    this.#ours.set(details.requestId, job);
    return job;
  }

  /** @param {RequestDetails} details */
  async #whyNameRefused(details) {
    if (!this.#isDirect(details)) return undefined;
    const { hostname } = new URL(details.url);
    try {
      const { addresses } = await browser.dns.resolve(hostname);
      return addresses.every(isReachable) ? undefined : this.#whyPrivate();
    } catch {
      // A name that only a proxy can look up, or nobody: the fetch will tell.
      return undefined;
    }
  }

  #whyPrivate() {
    return `its name belongs to a private address; ${
      sayAllowed(this.#allowedHosts)
    }`;
  }

  /** @param {RequestDetails} details may tell of a proxy, or of a listed host */
  #isDirect({ url, proxyInfo }) {
    const target = new URL(url);
    const proxied = (proxyInfo ?? { type: "direct" }).type !== "direct";
    return !proxied && !this.#allowedHosts.some((it) => isHost(target, it));
  }

  /** @type {(job: ExpectedRequest, why?: string) => browser.webRequest.Verdict} */
  #verdict(job, why) {
    if (why === undefined) return {};
    job.refused = why;
    job.onRefused?.(why);
    return { cancel: true };
  }
}

/** @param {string} url of which only a page knows the end */
function withoutFragment(url) {
  return url.replace(/#.*$/s, "");
}

/**
 * Whether a name may belong to this address. Local proxies answer every name
 * with one of 198.18.0.0/15, where nothing real lives.
 * @param {string} address
 */
function isReachable(address) {
  return isPublicAddress(address) || /^198\.1[89]\./.test(address);
}

/**
 * Reads an answer that sends a request to another origin than `origin`; one
 * to the same is followed where the request runs.
 * @type {(details: RequestDetails, origin: string) => Redirect | undefined}
 */
function redirectOf(details, origin) {
  const { statusCode: status = 0, method, url, responseHeaders } = details;
  if (![301, 302, 303, 307, 308].includes(status)) return undefined;
  const headers = Object.fromEntries(
    (responseHeaders ?? []).map((
      it,
    ) => [it.name.toLowerCase(), it.value ?? ""]),
  );
  const { location } = headers;
  if (location === undefined || !URL.canParse(location, url)) return undefined;
  const target = new URL(location, url);
  return target.origin === origin
    ? undefined
    : { status, method, target: target.href, headers };
}
