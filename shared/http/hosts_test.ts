import { assertEquals } from "@std/assert";
import { Hosts } from "./hosts.ts";

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
