import { assertEquals } from "@std/assert";
import { bearerToken, sameSecret } from "./token.ts";

Deno.test("sameSecret() compares whole texts", () => {
  assertEquals(sameSecret("abc", "abc"), true);
  for (const other of ["", "ab", "abcd", "abcabc", "abC", "ábc"]) {
    assertEquals(sameSecret("abc", other), false, other);
  }
  assertEquals(sameSecret("", "x"), false);
});

Deno.test("bearerToken() reads one bearer token and nothing else", () => {
  const of = (value: string) =>
    bearerToken(new Map([["authorization", value]]));
  assertEquals(of("Bearer abc"), "abc");
  assertEquals(of("bearer   abc "), "abc");
  for (const value of ["", "Bearer", "Bearer a b", "Basic abc", "abc"]) {
    assertEquals(of(value), undefined, value);
  }
  assertEquals(bearerToken(new Map()), undefined);
});
