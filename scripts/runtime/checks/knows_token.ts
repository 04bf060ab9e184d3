import {
  BRIDGE_PURPOSE,
  isProof,
  newNonce,
  proofKey,
} from "../../../shared/proof.ts";
import { ask, reachable } from "../node/mod.ts";

/**
 * Tells whether whoever answers at `base` knows `token`, which is not sent. A
 * stranger cannot pass the question on: the proof names the address that was
 * dialled, and conductor proves none that it does not hold.
 */
export async function knowsToken(
  base: string,
  token: string,
): Promise<boolean> {
  const mine = newNonce();
  const { data } = await ask(
    base,
    `/v1/browser/challenge?client_nonce=${mine}`,
  );
  const { nonce, identity_proof: presented } = data ?? {};
  return typeof nonce === "string" && typeof presented === "string" &&
    isProof(presented, {
      key: proofKey(BRIDGE_PURPOSE, token),
      role: "identity",
      authority: reachable(base).host,
      nonces: [mine, nonce],
    });
}
