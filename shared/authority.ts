/** The host and port of a `Host` header or an origin. */
export interface Authority {
  /** Lower case, one trailing dot stripped, IPv6 in brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

// Before it is made small: there are signs whose small letter is in ASCII.
const FORM = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i;

/** Parses an authority exactly; undefined for anything else than `host[:port]`. */
export function parseAuthority(text: string): Authority | undefined {
  const found = FORM.exec(text);
  const host = found?.[1]?.toLowerCase().replace(/\.$/, "");
  if (host === undefined || host === "" || host.endsWith(".")) return undefined;
  const port = found?.[2] === undefined ? undefined : Number(found[2]);
  return port !== undefined && port > 65_535 ? undefined : { host, port };
}

/** Returns an authority as it stands in a URL. */
export function formatAuthority({ host, port }: Authority): string {
  return port === undefined ? host : `${host}:${port}`;
}

/** Tells whether `hostname` (as in a URL) is this machine's own loopback. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" ||
    hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
