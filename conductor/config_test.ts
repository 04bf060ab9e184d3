import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../shared/config/read_config.ts";
import { readConductorConfig } from "./config.ts";

Deno.test("readConductorConfig() refuses a shell that is no executable file", () => {
  for (const shell of ["/nowhere/sh", import.meta.filename ?? "", "/tmp"]) {
    const error = assertThrows(
      () => readConductorConfig((it) => it === "BAA_SHELL" ? shell : undefined),
      ConfigError,
    );
    assertEquals(error.problems, [
      `BAA_SHELL is "${shell}": give an executable file`,
    ]);
  }
});

Deno.test("readConductorConfig() takes a umask that leaves the owner everything, in octal", () => {
  const umaskOf = (given: string) =>
    readConductorConfig((it) => it === "BAA_UMASK" ? given : undefined)
      .values.umask;
  assertEquals(["", "2", "27", "077", "0022"].map(umaskOf), [
    "022",
    "002",
    "027",
    "077",
    "022",
  ]);
  for (const given of ["8", "0o22", "100", "-22", "777", "u=rwx"]) {
    assertEquals(assertThrows(() => umaskOf(given), ConfigError).problems, [
      `BAA_UMASK is "${given}": give an octal number from 000 to 077`,
    ]);
  }
});
