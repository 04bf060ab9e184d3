/*
 * Which addresses a browser request may reach. The extension judges every hop
 * of a request by these rules, conductor judges what it is asked for by the
 * very same file.
 */

const PRIVATE_NAMES = [
  "localhost",
  "localdomain",
  "local",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "home.arpa",
  // The tailnet's own names: most of them are machines of the owner.
  "ts.net",
];

/** IPv4 networks that are not the public internet: address, prefix length. */
const PRIVATE_IPV4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/**
 * Says why `address` may not be requested, or returns undefined when it may.
 * @param {string} address an absolute URL
 * @param {{ allowedHosts: readonly string[], ownHosts?: readonly string[] }} rules
 *   `allowedHosts`: loopback and private targets that may be reached all the
 *   same; `ownHosts`: where conductor itself is reached, never a target. Both as
 *   host:port, or a host alone for the default port of its scheme.
 */
export function whyRefused(address, rules) {
  if (!URL.canParse(address)) return "it is not an absolute URL";
  const url = new URL(address);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return "only http and https are allowed";
  }
  if (url.username !== "" || url.password !== "") {
    return "it carries a user name or a password";
  }
  if (rules.ownHosts?.some((host) => isHost(url, host))) {
    return "it is this API itself";
  }
  if (rules.allowedHosts.some((host) => isHost(url, host))) return undefined;
  if (isPrivateHost(url.hostname)) {
    return `it is a loopback, private or local name or address; ${
      sayAllowed(rules.allowedHosts)
    }`;
  }
  return undefined;
}

/**
 * Says what may be reached.
 * @param {readonly string[]} allowedHosts
 */
export function sayAllowed(allowedHosts) {
  return `beside public hosts, BAA_BROWSER_HOSTS allows ${
    allowedHosts.join(", ") || "none"
  }`;
}

/**
 * Tells whether `url` points to exactly `host`.
 * @param {URL} url
 * @param {string} host `host:port`, or a host alone
 */
export function isHost(url, host) {
  // Browsers do not agree on what the host of another scheme's address is.
  if (!/^https?:$/.test(url.protocol)) return false;
  const candidate = `${url.protocol}//${host}`;
  return URL.canParse(candidate) &&
    hostKey(new URL(candidate)) === hostKey(url);
}

/** @param {URL} url */
function hostKey(url) {
  return `${bareName(url.hostname)}:${url.port}`;
}

/** @param {string} hostname */
function bareName(hostname) {
  return hostname.toLowerCase().replace(/\.$/, "");
}

/** @param {string} hostname as the URL parser wrote it: numbers are dotted quads */
function isPrivateHost(hostname) {
  const name = bareName(hostname);
  if (name.startsWith("[")) return !isPublicAddress(name.slice(1, -1));
  if (/^[\d.]+$/.test(name)) return !isPublicAddress(name);
  // A name without a dot is looked up in the network that one is in.
  return !name.includes(".") ||
    PRIVATE_NAMES.some((it) => name === it || name.endsWith(`.${it}`));
}

/**
 * Tells whether an IP address belongs to the public internet.
 * @param {string} address IPv4 or IPv6, without brackets
 */
export function isPublicAddress(address) {
  if (!address.includes(":")) return isPublicIpv4(ipv4Number(address));
  const words = ipv6Words(address);
  if (words === undefined) return false;
  if (words.slice(0, 5).every((it) => it === 0) && words[5] === 0xffff) {
    return isPublicIpv4(words[6] * 0x10000 + words[7]);
  }
  // Global unicast is 2000::/3; of it, these carry another address within
  // (6to4, Teredo) or are for documentation.
  const [first, second] = words;
  return first >> 13 === 1 && first !== 0x2002 &&
    !(first === 0x2001 && (second < 0x200 || second === 0xdb8)) &&
    !(first === 0x3fff && second < 0x1000);
}

/** @param {number | undefined} number undefined: it is no address */
function isPublicIpv4(number) {
  if (number === undefined) return false;
  return !PRIVATE_IPV4.some(([network, length]) => {
    const size = 2 ** (32 - Number(length));
    const start = ipv4Number(String(network)) ?? 0;
    return number >= start && number < start + size;
  });
}

/** @param {string} address */
function ipv4Number(address) {
  const parts = address.split(".");
  if (
    parts.length !== 4 ||
    !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)
  ) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** @param {string} address */
function ipv6Words(address) {
  // The URL parser knows every way to write one.
  const plain = address.replace(/%.*$/, "");
  if (!URL.canParse(`http://[${plain}]/`)) return undefined;
  const [head = "", tail] = new URL(`http://[${plain}]/`).hostname
    .slice(1, -1).split("::");
  const before = wordsOf(head);
  const after = wordsOf(tail ?? "");
  const gap = new Array(8 - before.length - after.length).fill(0);
  return [...before, ...gap, ...after];
}

/** @param {string} text */
function wordsOf(text) {
  return text === ""
    ? []
    : text.split(":").map((it) => Number.parseInt(it, 16));
}
