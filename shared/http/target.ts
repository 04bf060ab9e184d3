const TARGET = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/i;

/**
 * Takes a request's target apart without `new URL`, which would fold `..`.
 * Never throws: what a hostile target is worth is the guard's to say.
 */
export function readTarget(request: Request): RequestTarget {
  let text = "";
  try {
    text = request.url;
  } catch { /* Deno's getter throws on some hostile hosts */ }
  const [, authority = "", path, query] = TARGET.exec(text) ?? [];
  return {
    authority,
    path: path || "/",
    ...(query !== undefined && { query: new URLSearchParams(query) }),
  };
}

/** A request's target, read from the text that came in, not normalised. */
export interface RequestTarget {
  /** Empty when the target cannot be taken apart: no host matches that. */
  readonly authority: string;
  /** Still percent-encoded. */
  readonly path: string;
  readonly query?: URLSearchParams;
}

/**
 * Splits a path at the slashes that were not encoded, each part decoded once;
 * undefined when its percent-encoding is not valid.
 */
export function decodePath(path: string): readonly string[] | undefined {
  const parts = path.split("/");
  if (!path.includes("%")) return parts;
  try {
    return parts.map((it) => decodeURIComponent(it));
  } catch {
    return undefined;
  }
}
