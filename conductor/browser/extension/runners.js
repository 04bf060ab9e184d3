import { bareAddress } from "./addresses.js";
import { withoutCredentials } from "./credential_names.js";
import { CodedError } from "./error_log.js";
import { onward } from "./onward.js";

/*
 * Two places to run a request: in a page, where it has the page's principal
 * (its cookies, its partition, its origin), and in the background page. Both
 * give pieces to an answer, one after the other, and end with a failure or
 * with none.
 */

/** What ends a request that may be run elsewhere: it never left the page. */
export const BLOCKED = "blocked";

/** What ends a request that a prompt would have held up for ever. */
export const PASSWORD = "password";

/** Redirects that a browser follows. */
export const MAX_HOPS = 20;

/** How long after a failure a page may still tell that its policy was the cause. */
const BLOCK_NOTICE_MS = 100;

/**
 * Runs `order` in `tab`, whose page has the script for it.
 * @param {browser.tabs.Tab} tab
 * @param {FetchOrder} order
 * @param {RunnerParts} parts
 * @returns {Runner}
 */
export function runInPage(tab, order, parts) {
  const blocked = Promise.withResolvers();
  const port = browser.tabs.connect(tab.id, { frameId: 0, name: "request" });
  const { ended, end, take } = follow(order, parts, {
    head: { via: "page", tabId: tab.id },
    more: () => post({ more: true }),
    close: () => port.disconnect(),
    async judge({ message }, { begun, seen }) {
      if (!begun) {
        // What the network has seen was not stopped by the page.
        const isBlocked = !seen &&
          await Promise.race([blocked.promise, after(BLOCK_NOTICE_MS)]);
        const code = isBlocked ? BLOCKED : "network_error";
        return new CodedError(code, message);
      }
      const now = await browser.tabs.get(tab.id).catch(() => undefined);
      const stays = now?.status === "complete" && now.url === tab.url;
      return stays ? new CodedError("stream_broken", message) : tabGone();
    },
  });

  /**
   * The other end may go at any moment.
   * @param {FetchCommand} message
   */
  function post(message) {
    try {
      port.postMessage(message);
    } catch {
      end(tabGone());
    }
  }

  port.onMessage.addListener((/** @type {FetchNews} */ news) => {
    if (news.blocked) blocked.resolve(true);
    else take(news);
  });
  port.onDisconnect.addListener(() => end(tabGone()));
  post({ order });
  return {
    ended,
    abort: () => post({ abort: true }),
    leave: () => end(new CodedError("canceled")),
  };
}

/**
 * Runs `order` in the background page.
 * @param {FetchOrder} order
 * @param {RunnerParts} parts
 * @returns {Runner}
 */
export function runInBackground(order, parts) {
  const abort = () => running.abort();
  const { ended, take } = follow(order, parts, {
    head: { via: "background" },
    more: () => running.more(),
    close: abort,
    judge: ({ message }, { begun }) =>
      new CodedError(begun ? "stream_broken" : "network_error", message),
  });
  const running = globalThis.runFetch(
    (url, init) => fetch(url, init),
    order,
    take,
  );
  return { ended, abort, leave: abort };
}

/**
 * Takes the news of a fetch: its head and its pieces go to the answer, each
 * after the one before; its end ends the request.
 * @param {FetchOrder} order
 * @param {RunnerParts} parts
 * @param {FetchPlace} place
 */
function follow(order, { answer, container, guard }, place) {
  const tabId = place.head.tabId ?? -1;
  const whose = {
    ...place.head,
    cookieStore: container.cookieStore,
    container: container.name,
  };
  const job = guard.expect({ ...order, isTab: (id) => id === tabId });
  /** @type {PromiseWithResolvers<CodedError | undefined>} */
  const ended = Promise.withResolvers();
  let begun = false;
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();

  /** @param {CodedError} [failure] */
  function end(failure) {
    guard.forget(job);
    ended.resolve(failure);
    place.close();
  }

  /** @param {FetchFailure} failure */
  async function failed(failure) {
    if (failure.name === "AbortError") return end(new CodedError("canceled"));
    if (job.refused !== undefined) {
      return end(new CodedError("target_refused", job.refused));
    }
    if (job.demanded) return end(new CodedError(PASSWORD));
    if (job.redirect !== undefined) return redirected(job.redirect);
    if (!begun && job.hops >= MAX_HOPS) return end(tooManyRedirects());
    end(await place.judge(failure, { begun, seen: job.seen }));
  }

  /** @param {Redirect} redirect is an answer, or is followed elsewhere */
  function redirected(redirect) {
    const next = order.followRedirects ? onward(order, redirect) : undefined;
    if (next !== undefined) {
      // What fetch would say of it names it, with the password that it carries.
      const why = guard.whyRefused(next.url);
      return end(
        why === undefined
          ? new RedirectError(next)
          : new CodedError("target_refused", why),
      );
    }
    const { status, target, headers } = redirect;
    const redirectedTo = bareAddress(target);
    const { location: _, ...others } = headers;
    const { url } = order;
    answer.head({
      ...reported({ status, url, headers: others }, order),
      ...whose,
      redirectedTo,
    });
    end();
  }

  /** @param {() => unknown} action */
  function inTurn(action) {
    last = last.then(action);
    last.catch(end);
  }

  /** @param {FetchNews} news */
  function take({ head, chunk, failed: failure }) {
    if (head !== undefined) {
      begun = true;
      const { fromCache } = job;
      answer.head({
        ...reported(head, order),
        ...whose,
        ...(fromCache !== undefined && { fromCache }),
      });
    } else if (chunk !== undefined) {
      inTurn(() => answer.piece(chunk).then(place.more));
    } else inTurn(() => failure === undefined ? end() : failed(failure));
  }

  return { ended: ended.promise, end, take };
}

/**
 * What of a response's head may leave the browser: a redirect's target may hold
 * a secret.
 * @param {FetchHead} head
 * @param {FetchOrder} order
 */
function reported({ status, headers, url }, order) {
  return {
    status,
    headers: withoutCredentials(headers),
    url: url === order.asked ? url : bareAddress(url),
  };
}

/** Ends a request that goes on at another origin. */
export class RedirectError extends CodedError {
  /** @param {FetchOrder} next */
  constructor(next) {
    super("redirected");
    this.next = next;
  }
}

export function tooManyRedirects() {
  const said = `the site redirects ${MAX_HOPS} times, or for ever`;
  return new CodedError("too_many_redirects", said);
}

function tabGone() {
  return new CodedError("tab_gone", "the tab went away");
}

/** @param {number} ms until it resolves, with false */
function after(ms) {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms));
}
