/*
 * What may be said of an address: enough to recognise it, nothing that could
 * be a secret.
 */

/** Longer parts of a path are hidden whatever they are: nothing else is asked of them. */
const MAX_PART = 64;

/** Characters of an address or a path that are told: a page may make it long. */
const MAX_ADDRESS = 2048;

/** Characters of a title that are kept, and looked at: a page may give megabytes. */
const MAX_TITLE = 256;

/** A path segment that names one thing rather than a kind of things. */
const ID =
  /^(\d+|[0-9a-fA-F-]{16,}|(?=.*\d)(?=.*[A-Z]|(.*\d){3})[\w~=-]{20,})$/;

/** A signed token, wherever it stands. */
const TOKEN = /eyJ[\w-]{8,}\.[\w-]+/;

/**
 * Returns a page's address without user, password, query, fragment and whatever
 * in its path could be a secret; of an address that is no web page only its
 * scheme.
 * @param {string | undefined} address
 */
export function bareAddress(address) {
  if (address === undefined || !URL.canParse(address)) return "";
  const { protocol, origin, pathname } = new URL(address);
  if (protocol !== "http:" && protocol !== "https:") return protocol;
  const parts = pathname.split("/");
  // A chat is told by its id: conductor goes on with the one that is open.
  const path = parts.map((it, i) =>
    isOpaque(it) && !(UUID.test(it) && parts[i - 1] === "chat") ? ":id" : it
  );
  return (origin + path.join("/")).slice(0, MAX_ADDRESS);
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * Whether a part of a path may be a secret: long, and no words. Links that
 * reset, invite or share are as good as a password.
 * @param {string} part
 */
function isOpaque(part) {
  if (part.length > MAX_PART || TOKEN.test(part)) return true;
  if (part.length < 16) return false;
  if (/^[\da-f-]+$/i.test(part) && /\d/.test(part)) return true;
  const runs = part.match(/[a-z\d]+/gi) ?? [];
  return runs.some((run) =>
    run.length >= 24 ||
    (part.length >= 20 && run.length >= 6 && /\d/.test(run) &&
      /[a-z]/i.test(run))
  );
}

/** What an address looks like that stands where a title should. */
const ADDRESS =
  /^(data|blob|javascript|file|view-source|moz-extension):|^([a-z]+:\/\/)?([\w.-]+(:\d+)?\/.*[?#]|[\w-]+(\.[\w-]+|:\d+)+\/\S*$)/i;

/**
 * Returns a page's title, or the beginning of it. Until a page has one of its
 * own, and for good where it has none, browsers show its whole address instead:
 * that is left out.
 * @param {string | undefined} whole
 */
export function bareTitle(whole) {
  const title = whole?.slice(0, MAX_TITLE);
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
    .map((it) =>
      it.length > MAX_PART || ID.test(it) || TOKEN.test(it) ? ":id" : it
    )
    .join("/").slice(0, MAX_ADDRESS);
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
