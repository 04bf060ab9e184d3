import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  BRIDGE_PURPOSE,
  isProof,
  newNonce,
  proof,
  type ProofClaim,
  proofKey,
} from "./proof.ts";

const KEY = proofKey(BRIDGE_PURPOSE, "Kx7-correct-horse-battery");
const CLAIM: ProofClaim = {
  role: "client",
  authority: "127.0.0.1:4317",
  nonces: ["c1", "s1"],
};

Deno.test("proof() is the HMAC-SHA-256 of the role, the authority and both nonces", async () => {
  const encoder = new TextEncoder();
  const bytes = await crypto.subtle.digest(
    "SHA-256",
    encoder.encode('["baa.bridge","Kx7-correct-horse-battery"]'),
  );
  assertEquals(new Uint8Array(bytes), new Uint8Array(KEY));
  const key = await crypto.subtle.importKey(
    "raw",
    bytes,
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const mac = await crypto.subtle.sign(
    "HMAC",
    key,
    encoder.encode('["client","127.0.0.1:4317","c1","s1"]'),
  );
  assertEquals(
    proof(KEY, CLAIM),
    new Uint8Array(mac).toBase64({ alphabet: "base64url", omitPadding: true }),
  );
});

Deno.test("proof() is another one for each other key, role, authority and nonce", () => {
  const others = [
    proof(proofKey(BRIDGE_PURPOSE, "Kx7-correct-horse-batterz"), CLAIM),
    proof(proofKey("baa.codexd", "Kx7-correct-horse-battery"), CLAIM),
    proof(KEY, { ...CLAIM, role: "server" }),
    proof(KEY, { ...CLAIM, role: "identity" }),
    proof(KEY, { ...CLAIM, authority: "127.0.0.1:4318" }),
    proof(KEY, { ...CLAIM, authority: "localhost:4317" }),
    proof(KEY, { ...CLAIM, nonces: ["s1", "c1"] }),
    proof(KEY, { ...CLAIM, nonces: ["c1s1", ""] }),
    proof(KEY, { ...CLAIM, nonces: ["c1", "s2"] }),
  ];
  assertEquals(new Set([...others, proof(KEY, CLAIM)]).size, 10);
});

Deno.test("isProof() takes the proof of the very same claim alone", () => {
  const right = proof(KEY, CLAIM);
  assert(isProof(right, { ...CLAIM, key: KEY }));
  for (
    const wrong of [
      "",
      right.slice(0, -1),
      `${right}A`,
      `${right}=`,
      right.toLowerCase(),
      "é".repeat(43),
      proof(KEY, { ...CLAIM, role: "server" }),
    ]
  ) assertEquals(isProof(wrong, { ...CLAIM, key: KEY }), false, wrong);
});

Deno.test("newNonce() never gives the same twice, and fits into a header", () => {
  assertNotEquals(newNonce(), newNonce());
  assert(/^[A-Za-z0-9_-]{22}$/.test(newNonce()));
});
