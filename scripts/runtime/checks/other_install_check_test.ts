import { assertEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "@std/path";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { formatJob } from "../node/property_list.ts";
import { systemMachine } from "../node/machine.ts";
import { findInstalled } from "../node/installed.ts";
import { planJob } from "../launchd/mod.ts";
import { installationIn } from "../testing/fixtures.ts";
import { otherInstallChecks } from "./other_install_check.ts";

const OPTIONS = { services: [], machine: systemMachine(), jobs: undefined };

Deno.test("otherInstallChecks() names an install of the other scope and how to remove it", async () => {
  await using dir = await tempDir();
  const agent = installationIn(dir.path);
  const { path, job } = await planJob("codexd", agent);
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, formatJob(job));
  const { home } = agent.owner;
  const daemon = installationIn(dir.path, { scope: "daemon" });
  const [finding, ...others] = await otherInstallChecks({
    installation: daemon,
    installed: await findInstalled("daemon", home),
  }, OPTIONS);
  assertEquals(others, []);
  assertEquals(finding?.level, "problem");
  assertStringIncludes(finding?.seen ?? "", `as LaunchAgent, in ${home}`);
  assertEquals(
    finding?.fix,
    "./scripts/runtime/uninstall-mini.sh --scope agent, then this again",
  );
  const installed = await findInstalled("agent", home);
  const upgrade = { installation: agent, installed };
  assertEquals(await otherInstallChecks(upgrade, OPTIONS), []);
  // A folder that was moved away has nothing that would run beside this one.
  const moved = { installation: { ...agent, prefix: "/elsewhere" }, installed };
  assertEquals((await otherInstallChecks(moved, OPTIONS)).length, 1);
  await Deno.rename(dir.path, `${dir.path}-moved`);
  assertEquals(await otherInstallChecks(moved, OPTIONS), []);
  await Deno.rename(`${dir.path}-moved`, dir.path);
});
