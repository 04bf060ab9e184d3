import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../../shared/config/read_config.ts";
import { readStatusApiConfig } from "./config.ts";

function upstream(env: Readonly<Record<string, string>>): string {
  return readStatusApiConfig((name) => env[name]).upstream.origin;
}

Deno.test("readStatusApiConfig() asks conductor where it was told to", () => {
  assertEquals(upstream({}), "http://127.0.0.1:4317");
  assertEquals(
    upstream({ BAA_CONDUCTOR_LOCAL_API: "http://127.0.0.1:9001" }),
    "http://127.0.0.1:9001",
  );
});

Deno.test("readStatusApiConfig() falls back to the legacy name only without the canonical one", () => {
  const BAA_CONTROL_API_BASE = "https://conductor.makefile.so";
  assertEquals(upstream({ BAA_CONTROL_API_BASE }), BAA_CONTROL_API_BASE);
  assertEquals(
    upstream({
      BAA_CONTROL_API_BASE,
      BAA_CONDUCTOR_LOCAL_API: "http://127.0.0.1:4317",
    }),
    "http://127.0.0.1:4317",
  );
});

Deno.test("readStatusApiConfig() refuses an open network without a token, as conductor does", () => {
  assertThrows(
    () => upstream({ BAA_STATUS_API: "http://0.0.0.0:4318" }),
    ConfigError,
    "BAA_STATUS_API",
  );
});
