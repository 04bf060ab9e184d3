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
