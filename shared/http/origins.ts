import type { HeaderMap } from "./headers.ts";

/** What a route may say of the pages that call it. */
export interface OriginRules {
  /** Whether a cross-site top-level navigation may GET this page. */
  readonly navigable?: boolean;
  /** Replaces the list of allowed origins. */
  allowsOrigin?(origin: string): boolean;
}

/**
 * Tells whether a page may make this request. No `Origin` and no
 * `Sec-Fetch-Site` proves nothing: it is also what a plain client looks like.
 */
export function allowsPage(
  request: { readonly method: string; readonly headers: HeaderMap },
  allowed: ReadonlySet<string>,
  rules: OriginRules = {},
): boolean {
  const { method, headers } = request;
  const origin = headers.get("origin");
  if (origin !== undefined) {
    // Sandboxed frames, files and redirects are all "null": nobody's origin.
    if (origin === "null") return false;
    return rules.allowsOrigin?.(origin) ?? allowed.has(origin);
  }
  const site = headers.get("sec-fetch-site");
  if (site === undefined || site === "none" || site === "same-origin") {
    return true;
  }
  return rules.navigable === true && method === "GET" &&
    headers.get("sec-fetch-mode") === "navigate" &&
    headers.get("sec-fetch-dest") === "document";
}
