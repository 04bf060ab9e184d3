import { assertEquals } from "@std/assert";
import { formatAuthority, isLoopback, parseAuthority } from "./authority.ts";

Deno.test("parseAuthority() reads host and port, and nothing else", () => {
  for (
    const [text, host, port] of [
      ["localhost", "localhost", undefined],
      ["LocalHost.:80", "localhost", 80],
      ["127.0.0.1:4317", "127.0.0.1", 4317],
      ["[::1]:4317", "[::1]", 4317],
      ["a_b-c.d", "a_b-c.d", undefined],
      ["x:65535", "x", 65_535],
      ["x:0080", "x", 80],
    ] as const
  ) assertEquals(parseAuthority(text), { host, port }, text);
  for (
    const text of [
      "",
      ".",
      ":80",
      "x:",
      "x:65536",
      "x:1:2",
      "x:-1",
      "x: 80",
      "u@x",
      "x/",
      "x y",
      "::1",
      "[::1",
      "[x]",
      "x\u0000",
      "hö.st",
      "x:1e3",
      "localhost..",
      "\u212ahost",
    ]
  ) assertEquals(parseAuthority(text), undefined, text);
});

Deno.test("formatAuthority() puts an authority back together", () => {
  for (const text of ["localhost", "[::1]:80", "a.b:1"]) {
    const authority = parseAuthority(text);
    assertEquals(authority && formatAuthority(authority), text);
  }
});

Deno.test("isLoopback() knows loopback and only that", () => {
  for (const host of ["localhost", "127.0.0.1", "127.8.8.8", "[::1]", "::1"]) {
    assertEquals(isLoopback(host), true, host);
  }
  for (
    const host of [
      "127.evil.com",
      "127.0.0.1.evil.com",
      "x127.0.0.1",
      "localhost.evil.com",
      "0.0.0.0",
      "[::]",
      "100.71.210.78",
      "128.0.0.1",
    ]
  ) assertEquals(isLoopback(host), false, host);
});
