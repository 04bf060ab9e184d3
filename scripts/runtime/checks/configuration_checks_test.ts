import { assertEquals } from "@std/assert";
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
