import { assert, assertEquals, assertThrows } from "@std/assert";
import { describeOptions, readFlags, UsageError } from "./options.ts";

const ALL = [
  "service",
  "listen",
  "token-file",
  "trust-network",
  "scope",
] as const;

Deno.test("readFlags() turns flags into settings", () => {
  const flags = readFlags([
    "--listen",
    "100.71.210.78:4317",
    "--token-file=/etc/token",
    "--trust-network",
  ], ALL);
  assertEquals(flags.settings, {
    BAA_CONDUCTOR_LOCAL_API: "http://100.71.210.78:4317",
    BAA_SHARED_TOKEN_FILE: "/etc/token",
    BAA_ALLOW_UNAUTHENTICATED_LAN: "1",
  });
});

Deno.test("readFlags() takes conductor and codexd unless services are named", () => {
  assertEquals(readFlags([], ALL).services, ["conductor", "codexd"]);
  const flags = readFlags(
    ["--service", "status-api", "--service=codexd", "--service", "codexd"],
    ALL,
  );
  assertEquals(flags.services, ["status-api", "codexd"]);
});

Deno.test("readFlags() refuses what a command does not take, and says what is allowed", () => {
  for (
    const [args, message] of [
      [["--dry-run"], "Unknown option '--dry-run'"],
      [["--service", "nginx"], "give one of conductor, codexd, status-api"],
      [["--scope", "root"], "give agent or daemon"],
      [["--listen"], "--listen"],
      [["--listen="], "--listen is empty"],
      [["stray"], "stray"],
    ] as const
  ) {
    assertThrows(() => readFlags(args, ALL), UsageError, message);
  }
});

Deno.test("describeOptions() has a line for each option", () => {
  const lines = describeOptions(ALL).split("\n");
  assertEquals(lines.length, ALL.length + 1);
  assert(lines.every((line) => /^ {2}--[a-z-]+ .* {2}\S/.test(line)));
});
