import { assertEquals } from "@std/assert";
import { type HostRules, Hosts } from "./hosts.ts";

Deno.test("Hosts answers for [::1] only where it is listened on", () => {
  const zones = (hasIpv6: boolean) => {
    const hosts = new Hosts({
      base: new URL("http://127.0.0.1:4317"),
      hasIpv6,
      publicBase: undefined,
      allowed: [],
    });
    return ["localhost", "127.0.0.1", "[::1]"].map((host) =>
      hosts.zoneOf({ host, port: 4317 })
    );
  };
  assertEquals(zones(true), ["local", "local", "local"]);
  assertEquals(zones(false), ["local", "local", undefined]);
});

function hostsAt(base: string, rules: Partial<HostRules> = {}): Hosts {
  return new Hosts({
    base: new URL(base),
    publicBase: undefined,
    allowed: [],
    ...rules,
  });
}

const NO_PORT = undefined;

Deno.test("Hosts takes a name without a port only where that means the daemon's own", () => {
  const zones = (hosts: Hosts) =>
    ["localhost", "127.0.0.1"].map((host) =>
      hosts.zoneOf({ host, port: NO_PORT })
    );
  assertEquals(zones(hostsAt("http://127.0.0.1")), ["local", "local"]);
  assertEquals(zones(hostsAt("http://127.0.0.1:81")), [undefined, undefined]);
});

Deno.test("Hosts takes an allowed name as local, unless it is the public one", () => {
  const hosts = hostsAt("http://127.0.0.1:4317", {
    publicBase: new URL("https://node.example"),
    allowed: ["mini.example", "node.example:99"],
  });
  assertEquals(hosts.zoneOf({ host: "mini.example", port: 4317 }), "local");
  assertEquals(hosts.zoneOf({ host: "node.example", port: 99 }), "public");
});

Deno.test("Hosts passes over an allowed entry that is no name, and one that no page can stand at", () => {
  const hosts = hostsAt("http://127.0.0.1:4317", {
    allowed: ["", "a b", "1.2.3.4.5", "mini.example"],
  });
  assertEquals(hosts.zoneOf({ host: "mini.example", port: 4317 }), "local");
  assertEquals(hosts.zoneOf({ host: "1.2.3.4.5", port: 4317 }), "local");
  assertEquals(hosts.ownOrigins.has("http://mini.example:4317"), true);
});

Deno.test("Hosts knows the public base at the port that its scheme means, and at no other", () => {
  const publicAt = (base: string) => {
    const url = new URL(base);
    const hosts = hostsAt("http://127.0.0.1:4317", { publicBase: url });
    assertEquals(hosts.ownOrigins.has(url.origin), true);
    return [NO_PORT, 80, 443, 8443].filter((port) =>
      hosts.zoneOf({ host: "node.example", port }) === "public"
    );
  };
  assertEquals(publicAt("https://node.example"), [NO_PORT, 443]);
  assertEquals(publicAt("http://node.example"), [NO_PORT, 80]);
  assertEquals(publicAt("https://node.example:8443"), [8443]);
  assertEquals(publicAt("https://node.example."), [NO_PORT, 443]);
});
