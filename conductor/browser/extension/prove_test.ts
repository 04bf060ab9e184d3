import { assertEquals, assertNotEquals } from "@std/assert";
import { BRIDGE_PURPOSE, proof, proofKey } from "../../../shared/proof.ts";
import { freshNonce, keyOfPairing, keyOfToken, prove } from "./prove.js";

const CLAIM = {
  role: "client",
  authority: "[::1]:4317",
  nonces: ["c-1", 's"2'] as [string, string],
} as const;

Deno.test("prove() proves by the token what conductor expects", async () => {
  for (const token of ["Kx7-correct-horse-battery", 'q"\\uote-ÿ€-𝄞-token-32']) {
    assertEquals(
      await prove(await keyOfToken(token), CLAIM),
      proof(proofKey(BRIDGE_PURPOSE, token), CLAIM),
    );
  }
});

Deno.test("prove() proves by the key of a pairing what conductor expects", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const text = bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  const key = await keyOfPairing(text);
  assertEquals(key && await prove(key, CLAIM), proof(bytes, CLAIM));
  for (const wrong of [undefined, null, "", text.slice(1), `${text}=`, 7]) {
    assertEquals(await keyOfPairing(wrong), undefined);
  }
});

Deno.test("freshNonce() gives what a sub-protocol can carry, never the same twice", () => {
  assertEquals(/^[\w-]{22}$/.test(freshNonce()), true);
  assertNotEquals(freshNonce(), freshNonce());
});
