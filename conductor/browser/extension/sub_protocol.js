/** The sub-protocol that conductor selects. */
export const SUBPROTOCOL = "baa.v1";

/** A browser can set no other header on an upgrade: this carries its token. */
export const TOKEN_PREFIX = "baa.token.";

/**
 * Returns the sub-protocol that carries `token`.
 * @param {string} token
 */
export function tokenProtocol(token) {
  const bytes = new TextEncoder().encode(token);
  return TOKEN_PREFIX +
    bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
