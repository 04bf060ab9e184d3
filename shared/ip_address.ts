/**
 * Returns an IP address in one form: lower case, IPv6 compressed, an IPv4 one
 * that is mapped into IPv6 as IPv4. Anything else comes back as it is.
 */
export function canonicalAddress(address: string): string {
  if (!address.includes(":")) return address;
  const url = `http://[${address}]`;
  if (!URL.canParse(url)) return address.toLowerCase();
  const host = new URL(url).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host);
  if (mapped === null) return host;
  return [mapped[1], mapped[2]].flatMap((part) => {
    const pair = parseInt(part ?? "0", 16);
    return [pair >> 8, pair & 255];
  }).join(".");
}

/** Tells whether a text is an IP address, v4 or v6 without brackets. */
export function isIpAddress(text: string): boolean {
  if (text.includes(":")) return URL.canParse(`http://[${text}]`);
  const parts = text.split(".");
  return parts.length === 4 &&
    parts.every((it) => /^(0|[1-9]\d{0,2})$/.test(it) && Number(it) < 256);
}
