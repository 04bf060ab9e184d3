import { bareAddress } from "./addresses.js";
import { RequestFailure } from "./answer.js";
import { withoutCredentials } from "./credential_names.js";

/*
 * Two places to run a request: in a page, where it has the page's principal
 * (its cookies, its partition, its origin), and in the background page. Both
 * give pieces to an answer, one after the other, and end with a failure or
 * with none.
 */

/** What ends a request that may be run elsewhere: it never left the page. */
export const BLOCKED = "blocked";

/** How long after a failure a page may still tell that its policy was the cause. */
const BLOCK_NOTICE_MS = 100;

/**
 * Runs `order` in `tab`.
 * @param {browser.tabs.Tab} tab
 * @param {FetchOrder} order
 * @param {RunnerParts} parts
 * @returns {Runner}
 */
export function runInPage(tab, order, { answer, guard }) {
  const job = guard.expect({ ...order, tabId: tab.id });
  /** @type {PromiseWithResolvers<RequestFailure | undefined>} */
  const ended = Promise.withResolvers();
  const blocked = Promise.withResolvers();
  let begun = false;
  let aborted = false;
  /** @type {FirefoxPort | undefined} */
  let port;
  const pieces = inTurn(
    answer,
    () => post({ more: true }),
    (failure) => end(failure),
  );

  /**
   * The other end may go at any moment.
   * @param {FetchCommand} message
   */
  function post(message) {
    try {
      port?.postMessage(message);
    } catch {
      end(new RequestFailure("tab_gone", "the tab went away"));
    }
  }

  /** @param {RequestFailure} [failure] */
  function end(failure) {
    guard.forget(job);
    ended.resolve(failure);
    port?.disconnect();
  }

  /** @param {Error | FetchFailure} failure */
  async function failed({ name, message }) {
    if (aborted || name === "AbortError") {
      return end(new RequestFailure("canceled"));
    }
    if (job.refused !== undefined) {
      return end(new RequestFailure("target_refused", job.refused));
    }
    if (!begun) {
      // What the network has seen was not stopped by the page.
      const isBlocked = !job.seen &&
        await Promise.race([blocked.promise, after(BLOCK_NOTICE_MS)]);
      const code = isBlocked ? BLOCKED : "network_error";
      return end(new RequestFailure(code, message));
    }
    const now = await browser.tabs.get(tab.id).catch(() => undefined);
    const stays = now?.status === "complete" && now.url === tab.url;
    end(
      stays
        ? new RequestFailure("stream_broken", message)
        : new RequestFailure("tab_gone", "the tab went away"),
    );
  }

  async function start() {
    await browser.tabs.executeScript(tab.id, {
      file: "fetch_runner.js",
      runAt: "document_start",
    });
    if (aborted) return end(new RequestFailure("canceled"));
    port = browser.tabs.connect(tab.id, { frameId: 0, name: "request" });
    port.onMessage.addListener((/** @type {FetchNews} */ message) => {
      if (message.head !== undefined) {
        begun = true;
        answer.head({
          ...reported(message.head, order),
          via: "page",
          tabId: tab.id,
        });
      } else if (message.chunk !== undefined) pieces.add(message.chunk);
      else if (message.blocked) blocked.resolve(true);
      else pieces.after(() => message.failed ? failed(message.failed) : end());
    });
    port.onDisconnect.addListener(() =>
      end(new RequestFailure("tab_gone", "the tab went away"))
    );
    post({ order });
  }

  // A page that takes no script (an error page, a viewer) cannot run it.
  start().catch((error) => end(new RequestFailure(BLOCKED, error.message)));
  return {
    ended: ended.promise,
    abort() {
      aborted = true;
      post({ abort: true });
    },
    leave: () => end(new RequestFailure("canceled")),
  };
}

/**
 * Runs `order` in the background page.
 * @param {FetchOrder} order
 * @param {RunnerParts} parts
 * @returns {Runner}
 */
export function runInBackground(order, { answer, guard }) {
  const job = guard.expect({ ...order, tabId: -1 });
  /** @type {PromiseWithResolvers<RequestFailure | undefined>} */
  const ended = Promise.withResolvers();
  /** @param {RequestFailure} [failure] */
  const end = (failure) => {
    guard.forget(job);
    ended.resolve(failure);
  };
  let begun = false;
  const pieces = inTurn(answer, () => running.more(), (failure) => {
    running.abort();
    end(failure);
  });
  /** @param {FetchFailure} failure */
  const failed = ({ name, message }) => {
    if (name === "AbortError") return end(new RequestFailure("canceled"));
    if (job.refused !== undefined) {
      return end(new RequestFailure("target_refused", job.refused));
    }
    end(new RequestFailure(begun ? "stream_broken" : "network_error", message));
  };
  const running = globalThis.runFetch(
    (url, init) => fetch(url, init),
    order,
    (message) => {
      if (message.head !== undefined) {
        begun = true;
        answer.head({ ...reported(message.head, order), via: "background" });
      } else if (message.chunk !== undefined) pieces.add(message.chunk);
      else pieces.after(() => message.failed ? failed(message.failed) : end());
    },
  );
  const abort = () => running.abort();
  return { ended: ended.promise, abort, leave: abort };
}

/**
 * Gives pieces to an answer one after the other; asks for more after each.
 * @param {Answer} answer
 * @param {() => void} more
 * @param {(failure: RequestFailure) => void} failed
 */
function inTurn(answer, more, failed) {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  return {
    /** @param {Uint8Array} bytes */
    add(bytes) {
      last = last.then(() => answer.piece(bytes)).then(more);
      last.catch(failed);
    },
    /** @param {() => unknown} action */
    after(action) {
      last = last.then(action);
      last.catch(failed);
    },
  };
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
    url: url === order.url ? url : bareAddress(url),
  };
}

/**
 * Resolves with false after `ms`.
 * @param {number} ms
 */
function after(ms) {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms));
}
