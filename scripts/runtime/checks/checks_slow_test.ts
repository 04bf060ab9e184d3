import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { formatCommand, type Ran } from "../node/command.ts";
import { parseJob } from "../node/property_list.ts";
import { SERVICES } from "../node/services.ts";
import { type TestNode, testNode } from "../testing/test_node.ts";

async function installedNode(): Promise<TestNode> {
  const node = await testNode();
  assertRan(
    await node.run(
      ...["install-mini", "--prefix", node.prefix] as const,
      ...["--listen", node.conductor],
    ),
    0,
  );
  return node;
}

function assertRan({ code, stdout, stderr }: Ran, expected: number): void {
  assertEquals(code, expected, `${stdout}\n${stderr}`);
}

function plistOf(node: TestNode, name: keyof typeof SERVICES): string {
  const { label } = SERVICES[name];
  return join(node.home, "Library", "LaunchAgents", `${label}.plist`);
}

Deno.test("check-node.sh says what to do where nothing runs", async () => {
  await using node = await testNode();
  node.env["PATH"] = "/usr/bin:/bin";
  const ran = await node.run("check-node");
  assertRan(ran, 1);
  assertStringIncludes(ran.stderr, "no launchd");
  assertStringIncludes(ran.stdout, `no answer at ${node.codexd}`);
  assertStringIncludes(ran.stdout, "fix: deno task start");
  assertRan(await node.run("check-launchd"), 69);
});

Deno.test("an installed node is checked", async (t) => {
  await using node = await installedNode();
  await t.step(
    "verify-mini.sh passes on a node that was just installed",
    async () => {
      const ran = await node.run("verify-mini");
      assertRan(ran, 0);
      for (
        const line of [
          "is what would be rendered now",
          "conductor: the program has exactly the permissions it needs",
          'conductor: /readyz says "200 ready"',
          "role: leader",
          "The node is in order",
        ]
      ) assertStringIncludes(ran.stdout, line);
      assert(!ran.stdout.includes("PROBLEM"));
      assertRan(await node.run("check-node", "--skip-static-check"), 0);
      const wrapper = await node.run(
        "check-launchd",
        "--service",
        "status-api",
      );
      assertRan(wrapper, 1);
      assertStringIncludes(
        wrapper.stdout,
        "fix: ./scripts/runtime/install-mini.sh --with-status-api",
      );
    },
  );

  await t.step(
    "doctor asks a Mac's own programs what keeps the services up, and gives the lines to type",
    async () => {
      await node.standIn("pmset", "echo 'AC Power:'", "echo ' sleep    10'");
      await node.standIn("fdesetup", "echo 'FileVault is Off.'");
      await node.standIn("defaults", "echo 'does not exist' >&2", "exit 1");
      await node.standIn("dscl", "printf '_www 70\\ngeorge 501\\nmary 502\\n'");
      await node.standIn(
        "codesign",
        '[ "$1" = --verify ] || echo Signature=adhoc >&2',
      );
      // What a restore leaves that is killed.
      const mark = join(node.prefix, "state/conductor/restore-2026-01-01.mark");
      await Deno.writeTextFile(mark, "/backup");
      const ran = await node.run("with-deno", "doctor");
      assertRan(ran, 0);
      for (
        const line of [
          "fix: sudo pmset -a sleep 0",
          "fix: sudo sysadminctl -autologin set -userName george -password -",
          "no token is set, and mary can log in here",
          `install-mini.sh --token-file ${node.home}/.baa-token`,
          "conductor: its signature is ad hoc",
          "clock: it has not gone back",
          "fix: ./scripts/runtime/restore-mini.sh /backup does it again",
        ]
      ) assertStringIncludes(ran.stdout, line);
      // Afterwards it is no Mac any more.
      await Deno.remove(mark);
      for (
        const name of ["pmset", "fdesetup", "defaults", "dscl", "codesign"]
      ) {
        await node.standIn(name, "exit 127");
      }
    },
  );

  await t.step(
    "doctor names who took a port, and leaves them alone",
    async () => {
      assertRan(await node.run("stop-launchd", "--service", "codexd"), 0);
      const { hostname, port } = new URL(node.codexd);
      // Nothing at all may come: not even a connection.
      const stranger = Deno.listen({ hostname, port: Number(port) });
      let isLeftAlone = true;
      const connected = stranger.accept().then((it) => {
        isLeftAlone = false;
        it.close();
      }, () => {});
      const ran = await node.run("with-deno", "doctor");
      assertRan(ran, 1);
      assertStringIncludes(ran.stdout, "codexd is not loaded into launchd");
      assertStringIncludes(
        ran.stdout,
        `(pid ${Deno.pid}) holds ${node.codexd}`,
      );
      assertStringIncludes(ran.stdout, "else change BAA_CODEXD_LOCAL_API");
      assert(isLeftAlone);
      stranger.close();
      await connected;
      assertRan(await node.run("start-launchd", "--service", "codexd"), 0);
    },
  );

  await t.step("check-launchd.sh sees what was changed by hand", async () => {
    const plist = plistOf(node, "conductor");
    const text = await Deno.readTextFile(plist);
    await Deno.writeTextFile(
      plist,
      text.replace(
        "<key>BAA_NODE_ID</key>\n      <string>mini-main",
        "<key>BAA_NODE_ID</key>\n      <string>somebody",
      ).replace("<integer>30</integer>", "<integer>5</integer>"),
    );
    await Deno.chmod(plist, 0o666);
    await Deno.chmod(join(node.prefix, "logs"), 0o755);
    // A program that was compiled for another configuration.
    await Deno.copyFile(
      join(node.prefix, "bin", "conductor"),
      join(node.prefix, "bin", "codexd"),
    );
    const ran = await node.run("check-launchd");
    assertRan(ran, 1);
    for (
      const line of [
        "ExitTimeOut",
        "BAA_NODE_ID is somebody, should be mini-main",
        `fix: ${formatCommand(["chmod", "600", plist])}`,
        `fix: ${formatCommand(["chmod", "700", `${node.prefix}/logs`])}`,
        "codexd: the program's permissions are not those of the configuration",
      ]
    ) assertStringIncludes(ran.stdout, line);

    await Deno.chmod(plist, 0o644);
    const open = await node.run("check-launchd", "--service", "conductor");
    assertStringIncludes(open.stdout, `others can read ${plist}`);

    await Deno.writeTextFile(plist, "<plist");
    const spoilt = await node.run("check-launchd", "--service", "conductor");
    assertRan(spoilt, 1);
    assertStringIncludes(spoilt.stdout, "Cannot read the property list");
    // Installing again repairs all of it.
    assertRan(await node.run("install-mini", "--prefix", node.prefix), 0);
    assertRan(await node.run("verify-mini"), 0);
    assertEquals(
      parseJob(await Deno.readTextFile(plist)),
      parseJob(text),
    );
  });
});

Deno.test("on a machine where nothing is installed each script says so in a sentence", async () => {
  await using node = await testNode();
  const check = await node.run("check-node");
  assertRan(check, 1);
  const program = join("bin", "conductor");
  assertMatch(
    check.stdout,
    new RegExp(`PROBLEM {2}conductor: there is no .*${program}\n`),
  );
  assertStringIncludes(
    check.stdout,
    "fix: ./scripts/runtime/install-mini.sh, or deno task start to try it",
  );
  const removed = await node.run("uninstall-mini", "--prefix", node.prefix);
  assertRan(removed, 0);
  assertStringIncludes(
    removed.stdout,
    `nothing is installed in ${node.prefix}`,
  );
  const file = join(node.home, "file");
  await Deno.writeTextFile(file, "");
  const spoilt = await node.run(
    ...["install-mini", "--prefix", join(file, "in"), "--listen"] as const,
    node.conductor,
  );
  assertRan(spoilt, 1);
  assertMatch(
    spoilt.stderr,
    /^Cannot run install-mini: \S+: a part of the path is not a folder \(ENOTDIR\)$/m,
  );
  for (const { stdout, stderr } of [check, removed, spoilt]) {
    assert(!/os error/.test(stdout + stderr));
  }
});
