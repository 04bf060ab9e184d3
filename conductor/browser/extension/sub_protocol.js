/** The sub-protocol that conductor selects. */
export const SUBPROTOCOL = "baa.v1";

/** A browser can set no other header on an upgrade: this carries its proof. */
export const PROOF_PREFIX = "baa.proof.";

/** Carries a program's token. No browser sends one. */
export const TOKEN_PREFIX = "baa.token.";

/**
 * Returns the sub-protocol that carries a proof.
 * @type {(offer: { clientId: string, clientNonce: string, mac: string }) => string}
 */
export function proofProtocol({ clientId, clientNonce, mac }) {
  // A client id may have a colon, which no sub-protocol can.
  return `${PROOF_PREFIX}${encodeURIComponent(clientId)}.${clientNonce}.${mac}`;
}
