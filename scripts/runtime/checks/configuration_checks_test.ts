import { assertEquals, assertStringIncludes } from "@std/assert";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { chooseSettings } from "../node/node_settings.ts";
import { configurationChecks, tokenChecks } from "./configuration_checks.ts";

Deno.test("configurationChecks() says all problems at once, as the daemons would", () => {
  const settings = chooseSettings({
    "a flag": {
      BAA_CONDUCTOR_LOCAL_API: "http://localhost/path",
      BAA_LEASE_MS: "soon",
    },
  });
  const levels = configurationChecks({ settings }).map((it) => it.level);
  assertEquals(levels, ["problem", "problem"]);
});

Deno.test("configurationChecks() says how to make a token in the place of one that can be guessed", async () => {
  await using dir = await tempDir();
  const file = dir.join("token");
  await Deno.writeTextFile(file, "changeme12345678", { mode: 0o600 });
  const settings = chooseSettings({
    "a flag": { BAA_SHARED_TOKEN_FILE: file },
  });
  const [found] = configurationChecks({ settings });
  assertEquals(found?.level, "problem");
  assertStringIncludes(found?.fix ?? "", "openssl rand -hex 32");
});

Deno.test("tokenChecks() warns of an address with a secret that others could read", async () => {
  for (
    const [url, levels] of [
      ["https://ntfy.sh/canary", []],
      ["https://me:canary@ntfy.sh/x", ["warning"]],
      ["https://ntfy.sh/x?auth=canary", ["warning"]],
    ] as const
  ) {
    const settings = chooseSettings({ "a flag": { BAA_NOTIFY_URL: url } });
    const found = await tokenChecks({ settings });
    assertEquals(found.map((it) => it.level), [...levels], url);
    assertEquals(JSON.stringify(found).includes("canary"), false);
  }
});
