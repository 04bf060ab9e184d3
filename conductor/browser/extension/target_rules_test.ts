import { assertEquals, assertMatch } from "@std/assert";
import { isPublicAddress, whyRefused } from "./target_rules.js";

const RULES = {
  allowedHosts: ["127.0.0.1:8080", "nas.lan", "[::1]:8080"],
  ownHosts: ["mini.example.org", "127.0.0.1:4317"],
};

Deno.test("whyRefused() lets public http and https targets pass", () => {
  for (
    const url of [
      "https://claude.ai/api",
      "http://example.com:8080/x?y#z",
      "https://8.8.8.8/",
      "https://[2606:4700::1111]/",
      "https://1.1.1.1.nip.io/",
    ]
  ) assertEquals(whyRefused(url, RULES), undefined, url);
});

Deno.test("whyRefused() refuses loopback and private targets however they are written", () => {
  for (
    const host of [
      "127.0.0.1",
      "127.1",
      "127.255.255.254",
      "2130706433",
      "0x7f000001",
      "0177.0.0.1",
      "0x7f.0.0.1",
      "0",
      "0.0.0.0",
      "127.0.0.1.",
      "10.1.2.3",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.1.1",
      "169.254.169.254",
      "100.71.210.78",
      "198.18.0.1",
      "224.0.0.251",
      "255.255.255.255",
      "[::1]",
      "[::]",
      "[::ffff:127.0.0.1]",
      "[::ffff:10.0.0.1]",
      "[::127.0.0.1]",
      "[fe80::1]",
      "[fd00::1]",
      "[fec0::1]",
      "[ff02::1]",
      "[64:ff9b::7f00:1]",
      "[2002:7f00:1::]",
      "[2001:0:7f00:1::]",
      "[2001:db8::1]",
      "localhost",
      "LOCALHOST.",
      "sub.localhost",
      "router",
      "printer.local",
      "fritz.lan",
      "mini.tailnet.ts.net",
      "box.home.arpa.",
    ]
  ) {
    for (const scheme of ["http", "https"]) {
      const why = whyRefused(`${scheme}://${host}/`, RULES);
      assertMatch(why ?? `${host} passed`, /loopback, private or local/);
    }
  }
});

Deno.test("whyRefused() lets a private target pass only as the exact host and port that is listed", () => {
  assertEquals(whyRefused("http://127.0.0.1:8080/x", RULES), undefined);
  assertEquals(whyRefused("http://2130706433:8080/x", RULES), undefined);
  assertEquals(whyRefused("http://nas.lan/x", RULES), undefined);
  assertEquals(whyRefused("https://NAS.lan.:443/x", RULES), undefined);
  assertEquals(whyRefused("http://[0::1]:8080/", RULES), undefined);
  for (
    const url of [
      "http://127.0.0.1/",
      "http://127.0.0.1:80800/",
      "http://127.0.0.2:8080/",
      "http://localhost:8080/",
      "http://nas.lan:8080/",
      "http://evil.nas.lan/",
    ]
  ) assertEquals(typeof whyRefused(url, RULES), "string", url);
});

Deno.test("whyRefused() refuses this API even where it is public or listed", () => {
  assertMatch(
    whyRefused("https://mini.example.org/v1/exec", RULES) ?? "",
    /this API/,
  );
  const listed = { ...RULES, allowedHosts: ["127.0.0.1:4317"] };
  assertMatch(whyRefused("http://127.0.0.1:4317/", listed) ?? "", /this API/);
});

Deno.test("whyRefused() refuses what is no plain web address", () => {
  for (
    const url of [
      "",
      "/path",
      "file:///etc/passwd",
      "ftp://example.com/",
      "javascript:alert(1)",
      "data:text/html,x",
      "moz-extension://c1114b5c-495d-4412-bcee-9eb4b2f0113b/popup.html",
      "about:config",
      "view-source:https://example.com/",
      "https://user:secret@example.com/",
    ]
  ) assertEquals(typeof whyRefused(url, RULES), "string", url);
});

Deno.test("isPublicAddress() takes what is no address for a private one", () => {
  for (const text of ["", "1.2.3", "1.2.3.256", "example.com", "::g", "1:2"]) {
    assertEquals(isPublicAddress(text), false, text);
  }
  assertEquals(isPublicAddress("fe80::1%eth0"), false);
  assertEquals(isPublicAddress("::ffff:8.8.8.8"), true);
});
