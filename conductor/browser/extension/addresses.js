/*
 * What may be said of an address: enough to recognise it, nothing that could
 * be a secret.
 */

/** A path segment that names one thing rather than a kind of things. */
const ID =
  /^(\d+|[0-9a-fA-F-]{16,}|(?=.*\d)(?=.*[A-Z]|(.*\d){3})[\w~=-]{20,}|.{65,})$/;

/** A signed token, wherever it stands. */
const TOKEN = /eyJ[\w-]{8,}\.[\w-]+/;

/**
 * Returns a page's address without user, password, query and fragment; of an
 * address that is no web page only its scheme.
 * @param {string | undefined} address
 */
export function bareAddress(address) {
  if (address === undefined || !URL.canParse(address)) return "";
  const { protocol, origin, pathname } = new URL(address);
  if (protocol !== "http:" && protocol !== "https:") return protocol;
  const path = pathname.split("/")
    .map((it) => it.length > 64 || TOKEN.test(it) ? ":id" : it);
  return origin + path.join("/");
}

/** What an address looks like that stands where a title should. */
const ADDRESS =
  /^((data|blob|javascript|file|view-source|moz-extension):|([a-z]+:\/\/)?[\w.-]+(:\d+)?\/.*[?#])/i;

/**
 * Returns a page's title. Until a page has one of its own, and for good where
 * it has none, browsers show its whole address instead: that is left out.
 * @param {string | undefined} title
 */
export function bareTitle(title) {
  return title === undefined || ADDRESS.test(title) || TOKEN.test(title)
    ? ""
    : title;
}

/**
 * Returns a request's path with what looks like an id replaced by `:id`.
 * @param {string} address
 */
export function pathTemplate(address) {
  return new URL(address).pathname.split("/")
    .map((it) => ID.test(it) || TOKEN.test(it) ? ":id" : it)
    .join("/");
}

/**
 * Returns the cookies of a `Cookie` header as [name, value].
 * @param {string} header
 * @returns {[string, string][]}
 */
export function cookiesOf(header) {
  return header.split(";").flatMap((pair) => {
    const [name = "", ...rest] = pair.split("=");
    return rest.length === 0 ? [] : [[name.trim(), rest.join("=").trim()]];
  });
}

/**
 * Returns the name of the cookie that a `Set-Cookie` header takes away.
 * @param {string} header
 * @param {number} now milliseconds since the epoch
 */
export function removedCookie(header, now) {
  const [pair = "", ...attributes] = header.split(";");
  const name = pair.replace(/=.*/s, "").trim();
  for (const attribute of attributes) {
    const [key = "", ...rest] = attribute.split("=");
    const value = rest.join("=").trim();
    const word = key.trim().toLowerCase();
    if (word === "max-age") return Number(value) <= 0 ? name : undefined;
    if (word === "expires" && Date.parse(value) <= now) return name;
  }
  return undefined;
}
