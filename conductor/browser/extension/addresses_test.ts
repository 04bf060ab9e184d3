import { assert, assertEquals } from "@std/assert";
import {
  bareAddress,
  bareTitle,
  cookiesOf,
  pathTemplate,
  removedCookie,
} from "./addresses.js";

Deno.test("bareAddress() leaves nothing that could be a secret", () => {
  assertEquals(
    bareAddress("https://u:p@claude.ai/chat/1?code=x#token"),
    "https://claude.ai/chat/1",
  );
  assertEquals(
    bareAddress(`https://a.example/reset/${"k".repeat(65)}/now`),
    "https://a.example/reset/:id/now",
  );
  assertEquals(
    bareAddress("https://a.example/eyJhbGciOiJI.eyJzdWIi.c2ln"),
    "https://a.example/:id",
  );
  const hex = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
  const uuid = "0b7a52c1-93ab-4c11-8f0e-3d2a9c1b7e55";
  for (
    const secret of [
      hex,
      hex.slice(0, 20),
      uuid,
      uuid.toUpperCase(),
      "dQw4w9WgXcQaB3dE5fGh7-_x",
      "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms",
      "QWxhZGRpbjpvcGVuIHNlc2FtZQ%3D%3D",
      "kjshdfkjhsdfkjhweiuryiwu",
      "page;jsessionid=1A2B3C4D5E6F",
    ]
  ) {
    assertEquals(
      bareAddress(`https://a.example/reset/${secret}/now`),
      "https://a.example/reset/:id/now",
      secret,
    );
  }
  for (
    const path of [
      `/chat/${uuid}`,
      "/chat/c0ffee00-1",
      "/settings/notifications/preferences",
      "/2026/11/26/top-10-things-to-know-in-2026",
      "/wiki/Internationalization_and_localization",
      "/watch/12345678",
    ]
  ) {
    const address = `https://a.example${path}`;
    assertEquals(bareAddress(address), address);
  }
  assertEquals(bareAddress("data:text/html,secret"), "data:");
  assertEquals(
    bareAddress("moz-extension://uuid/popup.html"),
    "moz-extension:",
  );
  assertEquals(bareAddress(undefined), "");
});

Deno.test("pathTemplate() replaces what names one thing", () => {
  for (
    const [path, expected] of [
      ["/api/organizations", "/api/organizations"],
      ["/api/items/42", "/api/items/:id"],
      ["/c/0b7a52c1-93ab-4c11-8f0e-3d2a9c1b7e55/x", "/c/:id/x"],
      ["/v1/chat_conversations_v2", "/v1/chat_conversations_v2"],
      ["/f/dQw4w9WgXcQaB3dE5fGh7", "/f/:id"],
      ["/", "/"],
    ]
  ) assertEquals(pathTemplate(`https://a.example${path}?q=1`), expected);
});

Deno.test("cookiesOf() reads names and values", () => {
  assertEquals(cookiesOf("a=1; b=x=y; nothing;  c="), [
    ["a", "1"],
    ["b", "x=y"],
    ["c", ""],
  ]);
});

Deno.test("removedCookie() knows a cookie that is taken away from one that is set", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  for (
    const [header, expected] of [
      ["sid=; Max-Age=0; Path=/", "sid"],
      ["sid=; Max-Age=-1", "sid"],
      ["sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "sid"],
      ["sid=x; Max-Age=3600; Expires=Thu, 01 Jan 1970 00:00:00 GMT", undefined],
      ["sid=x; Expires=Fri, 01 Jan 2027 00:00:00 GMT", undefined],
      ["sid=x; HttpOnly", undefined],
    ] as const
  ) assertEquals(removedCookie(header, now), expected, header);
});

Deno.test("bareTitle() leaves out an address that stands for a title", () => {
  for (
    const title of [
      "127.0.0.1:40067/login?code=secret",
      "https://a.example/x y?code=secret",
      "a.example/callback#access_token=secret",
      `a.example/reset/${"da39a3ee".repeat(40)}?code=secret`,
      "data:text/html,secret",
      "eyJhbGciOiJI.eyJzdWIi.c2ln",
      undefined,
    ]
  ) assertEquals(bareTitle(title), "", title);
  for (
    const title of [
      "Inbox (3) - a/b testing?",
      "Note: remember",
      "New Tab",
      "What is TCP/IP?",
      "and/or",
    ]
  ) assertEquals(bareTitle(title), title);
});

Deno.test("what is said of an address is short enough for conductor to take it", () => {
  const address = `https://a.example${"/ab".repeat(10_000)}`;
  assertEquals(bareAddress(address), address.slice(0, 2048));
  assertEquals(pathTemplate(address), "/ab".repeat(1000).slice(0, 2048));
});

Deno.test("what is said of an address or a title takes no longer when it is long", () => {
  const takesMs = (action: () => unknown) => {
    const start = performance.now();
    action();
    return performance.now() - start;
  };
  for (
    const piece of ["eyJ", "eyJa.", "a-", "a/", "1A", "a:", "%2", "eyJaaaaaaaa"]
  ) {
    const long = piece.repeat(100_000 / piece.length);
    const address = `https://a.example/${long}`;
    assert(takesMs(() => bareTitle(long)) < 100, `a title of ${piece}`);
    assert(takesMs(() => bareAddress(address)) < 500, `an address of ${piece}`);
    assert(takesMs(() => pathTemplate(address)) < 500, `a path of ${piece}`);
  }
  assertEquals(bareTitle("x".repeat(100_000)), "x".repeat(256));
});
