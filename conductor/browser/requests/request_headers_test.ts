import { assertEquals } from "@std/assert";
import { whyHeaderRefused } from "./request_headers.ts";

Deno.test("whyHeaderRefused() refuses credentials and the browser's own headers", () => {
  for (
    const name of [
      "Cookie",
      "AUTHORIZATION",
      "Proxy-Authorization",
      "X-Api-Key",
      "x-apikey",
      "X-Auth-Token",
      "x-csrf-token",
      "X-XSRF-TOKEN",
      "x-session-id",
      "Set-Cookie",
      "Host",
      "Origin",
      "Sec-Fetch-Site",
      "Content-Length",
      "bad name",
      "",
    ]
  ) assertEquals(typeof whyHeaderRefused(name, "x"), "string", name);
  assertEquals(typeof whyHeaderRefused("x-a", "a\r\nCookie: b"), "string");
});

Deno.test("whyHeaderRefused() lets ordinary headers pass", () => {
  for (
    const name of [
      "Accept",
      "content-type",
      "Idempotency-Key",
      "x-requested-with",
      "anthropic-client-platform",
      "If-None-Match",
      "X-Author",
    ]
  ) assertEquals(whyHeaderRefused(name, "x"), undefined, name);
});
