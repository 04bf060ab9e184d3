import { isHost } from "./target_rules.js";

/**
 * The order that a redirect to another origin makes of `order`; undefined where
 * the redirect is the answer. The other site's own page sends it, as first
 * party: what could change something there (a method that is not safe, a body,
 * a header of the caller's) does not go along, or one site could act with the
 * owner's login at every other.
 *
 * A followed GET carries that login's cookies, SameSite=Strict ones too: that is
 * what following asks for. Its answer goes to the caller alone, who may ask for
 * the address directly, too.
 *
 * Nor is followed what leads to a site that is to be left alone now.
 * @type {(order: FetchOrder, redirect: Redirect) => FetchOrder | undefined}
 */
export function onward(order, { status, method, target }) {
  const isSafe = method === "GET" || method === "HEAD";
  const becomesGet = status === 303 || (status < 303 && method === "POST");
  if (!isSafe && !becomesGet) return undefined;
  if (order.notTo.some((it) => isHost(new URL(target), it))) return undefined;
  const kept = Object.entries(order.headers)
    .filter(([name]) => /^accept(-language)?$/i.test(name));
  return {
    ...order,
    url: target,
    method: method === "HEAD" ? "HEAD" : "GET",
    headers: Object.fromEntries(kept),
    body: undefined,
  };
}
