import {
  BRIDGE_PURPOSE,
  isProof,
  newNonce,
  proofKey,
} from "../../../shared/proof.ts";
import { ask, reachable, type Variables } from "../node/mod.ts";

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

/** Returns the token of a configuration; undefined: it has none, or this user may not read it. */
export async function tokenOf(
  settings: Variables,
): Promise<string | undefined> {
  const file = settings["BAA_SHARED_TOKEN_FILE"];
  if (file === undefined) return settings["BAA_SHARED_TOKEN"];
  try {
    return (await Deno.readTextFile(file)).trim();
  } catch {
    return undefined;
  }
}
