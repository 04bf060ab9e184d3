import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exists } from "@std/fs";
import { formatCommand } from "../node/command.ts";
import { parseJob } from "../node/property_list.ts";
import { testNode } from "../testing/test_node.ts";

function plistsIn(text: string): string[] {
  return text.match(/<\?xml[\s\S]*?<\/plist>/g) ?? [];
}

Deno.test("install-mini.sh --dry-run prints property lists and commands on any machine", async () => {
  await using node = await testNode();
  node.env["PATH"] = "/usr/bin:/bin";
  const ran = await node.run(
    ...["install-mini", "--dry-run", "--with-status-api"] as const,
    ...["--prefix", node.prefix, "--identity", "Mini Signing"],
  );
  assertEquals(ran.code, 0, ran.stderr);
  assertEquals(plistsIn(ran.stdout).map((it) => parseJob(it)["Label"]), [
    "so.makefile.baa-conductor",
    "so.makefile.baa-codexd",
    "so.makefile.baa-status-api",
  ]);
  for (
    const command of [
      "compile",
      "codesign --force '--sign=Mini Signing'",
      formatCommand([
        "mv",
        `${node.prefix}/bin/.new/conductor`,
        `${node.prefix}/bin/conductor`,
      ]),
      `launchctl bootout gui/${Deno.uid()}/so.makefile.baa-codexd`,
      `launchctl bootstrap gui/${Deno.uid()} ${node.home}/Library/LaunchAgents/so.makefile.baa-codexd.plist`,
    ]
  ) assertStringIncludes(ran.stdout, command);
  assertEquals(await exists(node.prefix), false);
  assertEquals(await exists(`${node.home}/Library`), false);
});

Deno.test("install-mini.sh --scope daemon renders daemons that run as their owner", async () => {
  await using node = await testNode();
  const ran = await node.run(
    ...["install-mini", "--dry-run", "--scope", "daemon", "--user", "daemon"],
  );
  assertEquals(ran.code, 0, ran.stderr);
  assertStringIncludes(ran.stdout, "# /Library/LaunchDaemons/so.makefile");
  assertStringIncludes(ran.stdout, "launchctl bootstrap system");
  for (const text of plistsIn(ran.stdout)) {
    assertEquals(parseJob(text)["UserName"], "daemon");
  }
});

Deno.test("install-mini.sh never makes a daemon of root", async () => {
  await using node = await testNode();
  node.env["USER"] = "root";
  const ran = await node.run("install-mini", "--scope", "daemon");
  assertEquals(ran.code, 2);
  assertStringIncludes(ran.stderr, "never as root: give --user <name>");
  const printed = await node.run(
    "install-mini",
    "--scope",
    "daemon",
    "--dry-run",
  );
  assertEquals(printed.code, 0);
  assert(plistsIn(printed.stdout).length === 2);
  for (const text of plistsIn(printed.stdout)) {
    assertEquals(parseJob(text)["UserName"], "OWNER");
  }
});
