import { assertEquals, assertStringIncludes } from "@std/assert";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { chooseSettings } from "../node/node_settings.ts";
import { configurationChecks } from "./configuration_checks.ts";

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
