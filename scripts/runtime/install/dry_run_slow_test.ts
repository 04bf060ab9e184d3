import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { exists } from "@std/fs";
import { formatCommand } from "../node/command.ts";
import { environmentOf, parseJob } from "../node/property_list.ts";
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
  const section = (title: string) =>
    ran.stdout.split(`# ${title}\n`)[1]?.split("\n# ")[0]?.split("\n") ?? [];
  const agents = `${node.home}/Library/LaunchAgents/so.makefile.baa-`;
  assertEquals(section("files"), [
    ...["conductor", "codexd"].map((it) => `${node.prefix}/bin/${it}`),
    ...["conductor", "codexd", "status-api"].map((it) =>
      `${agents}${it}.plist`
    ),
    `${node.prefix}/bin/install.json`,
  ]);
  for (const program of ["conductor", "codexd"]) {
    const may = section(`permissions of ${program}`);
    assertEquals(
      may.map((it) => it.split("  ")[0]),
      ["read", "write", "denyWrite", "net", "run", "env", "sys"].filter((it) =>
        program === "conductor" || it !== "denyWrite"
      ),
    );
    assert(may.includes("run  /bin/sh"));
    assertStringIncludes(may.join(), `${node.prefix}/state`);
  }
  assertEquals(await exists(node.prefix), false);
  assertEquals(await exists(`${node.home}/Library`), false);
});

Deno.test("install-mini.sh gives commands what the login shell exports of BAA_EXEC_ENV, and writes no secret of it", async () => {
  await using node = await testNode();
  await Deno.writeTextFile(
    `${node.home}/.profile`,
    "export TZ=Asia/Tokyo JAVA_HOME=/opt/java HTTPS_PROXY=http://me:pw@proxy:1 OTHER=x SSH_AUTH_SOCK=/tmp/x\n",
  );
  node.env["BAA_EXEC_ENV"] = "TZ,JAVA_HOME,HTTPS_PROXY,SSH_AUTH_SOCK";
  const ran = await node.run("install-mini", "--dry-run");
  assertEquals(ran.code, 0, ran.stderr);
  const [conductor, codexd] = plistsIn(ran.stdout).map((it) =>
    environmentOf(parseJob(it))
  );
  const ofCommands = (
    { TZ, JAVA_HOME, HTTPS_PROXY, SSH_AUTH_SOCK, OTHER }: Readonly<
      Record<string, string | undefined>
    > = {},
  ) => [TZ, JAVA_HOME, HTTPS_PROXY, SSH_AUTH_SOCK, OTHER];
  assertEquals(ofCommands(conductor), [
    "Asia/Tokyo",
    "/opt/java",
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(ofCommands(codexd).slice(0, 2), ["Asia/Tokyo", undefined]);
  assertMatch(ran.stdout, /--allow-env=[^ ]*,TZ,JAVA_HOME,HTTPS_PROXY,SSH_/);
  assertStringIncludes(ran.stderr, "do not get the HTTPS_PROXY");
  assertEquals(ran.stdout.includes("me:pw"), false);
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

Deno.test("install-mini.sh --dry-run shows no secret", async () => {
  await using node = await testNode();
  node.env["BAA_SHARED_TOKEN"] = "inline-token-0123456789abcdef";
  node.env["BAA_NOTIFY_URL"] = "https://u:pw@ntfy.test/hidden-topic";
  const ran = await node.run(
    ...["install-mini", "--dry-run", "--prefix", node.prefix] as const,
  );
  assertEquals(
    /inline-token|pw@|hidden-topic/.exec(ran.stdout + ran.stderr),
    null,
  );
  const [conductor = ""] = plistsIn(ran.stdout);
  assertEquals(environmentOf(parseJob(conductor))["BAA_NOTIFY_URL"], "***");
});
