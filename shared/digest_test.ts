import { assertEquals } from "@std/assert";
import { canonicalJson, sha256Hex } from "./digest.ts";

Deno.test("sha256Hex() takes text as its UTF-8 bytes", () => {
  const hex =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assertEquals(sha256Hex("abc"), hex);
  assertEquals(sha256Hex(new TextEncoder().encode("abc")), hex);
  assertEquals(sha256Hex("é"), sha256Hex(Uint8Array.of(0xc3, 0xa9)));
});

Deno.test("canonicalJson() does not depend on the order of keys, at any depth", () => {
  const text = canonicalJson({ b: [{ z: 1, y: null }], a: { d: "x", c: 2 } });
  assertEquals(text, '{"a":{"c":2,"d":"x"},"b":[{"y":null,"z":1}]}');
  assertEquals(
    canonicalJson({ a: { c: 2, d: "x" }, b: [{ y: null, z: 1 }] }),
    text,
  );
  assertEquals(canonicalJson({ b: undefined, a: [2, 1] }), '{"a":[2,1]}');
});
