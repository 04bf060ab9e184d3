import { assertEquals } from "@std/assert";
import {
  findVersion,
  isSupported,
  isUntested,
  SUPPORTED_VERSIONS,
  TESTED_VERSION,
} from "./version.ts";

Deno.test("findVersion() reads both the CLI's answer and the user agent", () => {
  assertEquals(findVersion("codex-cli 0.169.0\n"), "0.169.0");
  assertEquals(
    findVersion(
      "codexd/0.169.0 (Debian 12.0.0; x86_64) unknown (codexd; 0.1.0)",
    ),
    "0.169.0",
  );
  assertEquals(findVersion("command not found"), undefined);
});

Deno.test("isSupported() holds to the stated range", () => {
  assertEquals(SUPPORTED_VERSIONS, ">=0.160.0 <1.0.0");
  assertEquals(
    ["0.159.9", "0.160.0", TESTED_VERSION, "0.999.0", "1.0.0", "99.1.2"].map(
      isSupported,
    ),
    [false, true, true, true, false, false],
  );
});

Deno.test("isUntested() is about minor versions", () => {
  assertEquals(["0.169.0", "0.169.7", "0.170.0"].map(isUntested), [
    false,
    false,
    true,
  ]);
});
