import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/**
 * Proves that its maker knows `key`, which stays where it is. Whoever dialled
 * `authority` may trust the proof only if that is what it dialled itself: so
 * nobody can pass on what another address would prove.
 */
export function proof(key: ProofKey, claim: ProofClaim): string {
  const { role, authority, nonces } = claim;
  return createHmac("sha256", key)
    .update(JSON.stringify([role, authority, ...nonces]))
    .digest("base64url");
}

/** Tells, in constant time, whether `presented` is what `proof()` makes of the claim. */
export function isProof(
  presented: string,
  { key, ...claim }: ProofClaim & { readonly key: ProofKey },
): boolean {
  const [a, b] = [proof(key, claim), presented].map((it) => Buffer.from(it));
  return a !== undefined && b !== undefined && a.length === b.length &&
    timingSafeEqual(a, b);
}

/**
 * The key that both ends make of a secret that they share, for one purpose
 * alone, such as "baa.bridge".
 */
export function proofKey(purpose: string, secret: string): ProofKey {
  return createHash("sha256").update(JSON.stringify([purpose, secret]))
    .digest();
}

/** The purpose of the key that conductor, its extension and its scripts prove. */
export const BRIDGE_PURPOSE = "baa.bridge";

/** 16 random bytes: a number that is used once. */
export function newNonce(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
}

export type ProofKey = Uint8Array;

export interface ProofClaim {
  /** Who proves: an answer can never pass for the question. */
  readonly role: "client" | "server" | "identity";
  /** `host:port` as it was dialled, the port left out where it is the default. */
  readonly authority: string;
  /** The client's, then the server's: neither end can be played an old proof. */
  readonly nonces: readonly [client: string, server: string];
}
