/*
 * How the two ends prove that they know the same key, as `shared/proof.ts` has
 * it for conductor. A test compares them.
 */

const encoder = new TextEncoder();
const ALGORITHM = { name: "HMAC", hash: "SHA-256" };
const ENCODING = /** @type {const} */ ({
  alphabet: "base64url",
  omitPadding: true,
});

/**
 * Proves to know `key`, to whoever gave the second nonce and knows it, too.
 * @param {CryptoKey} key
 * @param {{ role: "client" | "server" | "identity", authority: string, nonces: [string, string] }} claim
 */
export async function prove(key, { role, authority, nonces }) {
  const claim = encoder.encode(JSON.stringify([role, authority, ...nonces]));
  const mac = await crypto.subtle.sign("HMAC", key, claim);
  return new Uint8Array(mac).toBase64(ENCODING);
}

/**
 * Returns the key that the shared token makes.
 * @param {string} token
 */
export async function keyOfToken(token) {
  const text = encoder.encode(JSON.stringify(["baa.bridge", token]));
  return await imported(await crypto.subtle.digest("SHA-256", text));
}

/**
 * Returns the key that conductor gave when it paired this browser; undefined:
 * it is none.
 * @param {unknown} text base64url
 */
export async function keyOfPairing(text) {
  return isPairingKey(text)
    ? await imported(Uint8Array.fromBase64(text, ENCODING))
    : undefined;
}

/** @type {(text: unknown) => text is string} */
export function isPairingKey(text) {
  return typeof text === "string" && /^[\w-]{43}$/.test(text);
}

/** Returns a number that is used once. */
export function freshNonce() {
  return crypto.getRandomValues(new Uint8Array(16)).toBase64(ENCODING);
}

/** @param {ArrayBuffer | Uint8Array<ArrayBuffer>} bytes */
function imported(bytes) {
  return crypto.subtle.importKey("raw", bytes, ALGORITHM, false, ["sign"]);
}
