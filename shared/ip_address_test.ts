import { assertEquals } from "@std/assert";
import { canonicalAddress, isIpAddress } from "./ip_address.ts";

Deno.test("canonicalAddress() writes an address in one way", () => {
  for (
    const [address, canonical] of [
      ["127.0.0.1", "127.0.0.1"],
      ["::ffff:127.0.0.1", "127.0.0.1"],
      ["::FFFF:7f00:1", "127.0.0.1"],
      ["::1", "::1"],
      ["0:0:0:0:0:0:0:1", "::1"],
      ["FD00::02", "fd00::2"],
      ["fe80::1%eth0", "fe80::1%eth0"],
    ] as const
  ) assertEquals(canonicalAddress(address), canonical, address);
});

Deno.test("isIpAddress() knows addresses from names and numbers", () => {
  for (
    const text of ["0.0.0.0", "1.2.3.255", "::", "FD00::1", "::ffff:1.2.3.4"]
  ) {
    assertEquals(isIpAddress(text), true, text);
  }
  for (
    const text of [
      "",
      "1",
      "1.2.3",
      "1.2.3.256",
      "01.2.3.4",
      "a",
      "::1::",
      "[::1]",
    ]
  ) {
    assertEquals(isIpAddress(text), false, text);
  }
});
