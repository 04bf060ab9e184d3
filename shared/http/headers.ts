/** Request headers by lower-case name, copied once. */
export type HeaderMap = ReadonlyMap<string, string>;

/** Tells whether only something between the client and this daemon adds this header. */
export function isForwarding(name: string): boolean {
  return name.startsWith("x-forwarded-") || name.startsWith("cf-") ||
    name.startsWith("tailscale-") || name === "forwarded" || name === "via" ||
    name === "x-real-ip";
}

/** Tells whether a request states that it has a body. */
export function hasBody(headers: HeaderMap): boolean {
  return headers.has("transfer-encoding") ||
    (headers.get("content-length") ?? "0") !== "0";
}
