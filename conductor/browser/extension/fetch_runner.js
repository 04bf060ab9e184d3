/*
 * Runs one fetch and hands its response over piece by piece. The same script
 * runs in a page (as a content script, with the page's own principal) and in
 * the background page. It is a classic script because content scripts must be.
 */
(() => {
  /** An open dialog holds the page's own streams up, and nothing else of it. */
  const isReady = () =>
    // deno-lint-ignore no-window no-window-prefix -- the page's own, not this script's
    new window.Response("x").body?.getReader().read().then(() => true);

  if (globalThis.runFetch !== undefined) return isReady();

  /** Pieces that may be on their way before the other side asks for more. */
  const WINDOW = 8;

  /**
   * Starts a fetch. `post` gets `{head}`, then `{chunk}` …, then `{done}`; or
   * `{failed}` instead of what is left. The window of pieces that are not yet
   * asked for bounds what waits between the two sides.
   */
  globalThis.runFetch = function runFetch(fetchFunction, order, post) {
    const abort = new AbortController();
    let credit = WINDOW;
    let wake = () => {};

    async function room() {
      while (credit === 0 && !abort.signal.aborted) {
        await new Promise((resolve) => wake = () => resolve(undefined));
      }
      credit -= 1;
    }

    async function run() {
      const response = await fetchFunction(order.url, {
        method: order.method,
        headers: order.headers,
        ...(order.body !== undefined && { body: order.body }),
        credentials: "include",
        cache: order.stream ? "no-store" : "default",
        signal: abort.signal,
      });
      const { status, url } = response;
      post({
        head: { status, url, headers: Object.fromEntries(response.headers) },
      });
      const reader = response.body?.getReader();
      while (reader !== undefined) {
        const { done, value } = await reader.read();
        if (done) break;
        await room();
        if (abort.signal.aborted) throw new DOMException("", "AbortError");
        post({ chunk: value });
      }
      post({ done: true });
    }

    run().catch((error) => {
      const { name, message } = error;
      post({ failed: { name: String(name), message: String(message) } });
    });

    return {
      abort() {
        abort.abort();
        wake();
      },
      more() {
        credit += 1;
        wake();
      },
    };
  };

  if (location.protocol === "moz-extension:") return true;

  // In a page: each connection is one request, and ends with it.
  browser.runtime.onConnect.addListener((port) => {
    /** @type {ReturnType<typeof runFetch> | undefined} */
    let running;
    let open = true;
    // The page's own policy may forbid what is asked of it.
    /** @param {SecurityPolicyViolationEvent} event */
    const tellBlock = ({ effectiveDirective }) => {
      if (effectiveDirective === "connect-src") post({ blocked: true });
    };
    document.addEventListener("securitypolicyviolation", tellBlock);

    /** @param {FetchNews} message */
    function post(message) {
      if (open) port.postMessage(message);
    }

    port.onMessage.addListener((/** @type {FetchCommand} */ message) => {
      if (message.order !== undefined) {
        running = globalThis.runFetch(
          // Not this script's own fetch: that one lacks the page's principal.
          (url, init) => content.fetch(url, init),
          message.order,
          post,
        );
      } else if (message.abort) running?.abort();
      else running?.more();
    });
    port.onDisconnect.addListener(() => {
      open = false;
      document.removeEventListener("securitypolicyviolation", tellBlock);
      running?.abort();
    });
  });

  // What putting it into a page waits for.
  return isReady();
})();
