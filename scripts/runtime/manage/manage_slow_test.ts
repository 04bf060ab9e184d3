import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Ran } from "../node/command.ts";
import { ask } from "../node/http_health.ts";
import { SERVICES } from "../node/services.ts";
import { type TestNode, testNode } from "../testing/test_node.ts";

async function installedNode(): Promise<TestNode> {
  const node = await testNode();
  const ran = await node.run(
    ...["install-mini", "--prefix", node.prefix] as const,
    ...["--listen", node.conductor],
  );
  assertEquals(ran.code, 0, ran.stdout + ran.stderr);
  return node;
}

function loaded(node: TestNode): string[] {
  return Object.keys(node.launchd().jobs);
}

function assertRan({ code, stdout, stderr }: Ran, expected: number): void {
  assertEquals(code, expected, `${stdout}\n${stderr}`);
}

Deno.test("the launchd scripts start, stop, restart and show the services that they are told", async () => {
  await using node = await installedNode();
  const target = (name: "conductor" | "codexd") =>
    `gui/${Deno.uid()}/${SERVICES[name].label}`;

  const healthy = await node.run("status-launchd");
  assertRan(healthy, 0);
  assertStringIncludes(healthy.stdout, "ok    conductor");
  assertStringIncludes(healthy.stdout, "ok    codexd");

  const stopped = await node.run("stop-launchd", "--service", "codexd");
  assertRan(stopped, 0);
  assertEquals(stopped.stdout, "codexd: stopped\n");
  assertEquals(loaded(node), [target("conductor")]);
  assertEquals((await ask(node.codexd, "/healthz")).status, undefined);
  assertRan(await node.run("status-launchd", "--service", "conductor"), 0);
  const half = await node.run("status-launchd");
  assertRan(half, 1);
  assertStringIncludes(half.stdout, "DOWN  codexd");
  assertStringIncludes(half.stdout, "is not loaded");
  assertStringIncludes(
    (await node.run("stop-launchd", "--service=codexd")).stdout,
    "codexd: was not loaded",
  );

  const started = await node.run("start-launchd");
  assertRan(started, 0);
  assertStringIncludes(started.stdout, "conductor: running already");
  assertStringIncludes(started.stdout, "codexd: started");

  const before = node.launchd().jobs;
  node.changeLaunchd((state) => state.slowLooks = 3);
  assertRan(await node.run("restart-launchd", "--service", "conductor"), 0);
  const after = node.launchd().jobs;
  assert(
    after[target("conductor")]?.pid !== before[target("conductor")]?.pid,
  );
  assertEquals(after[target("codexd")]?.pid, before[target("codexd")]?.pid);

  assertRan(await node.run("stop-launchd"), 0);
  assertEquals(loaded(node), []);
});

Deno.test("restart-launchd.sh moves a service into the session of who has logged in since", async () => {
  await using node = await testNode();
  node.changeLaunchd((state) => state.loginSession = false);
  assertRan(
    await node.run(
      ...["install-mini", "--prefix", node.prefix] as const,
      ...["--listen", node.conductor],
    ),
    0,
  );
  const targets = (domain: "gui" | "user") =>
    [SERVICES.conductor, SERVICES.codexd].map(({ label }) =>
      `${domain}/${Deno.uid()}/${label}`
    );
  assertEquals(loaded(node), targets("user"));
  node.changeLaunchd((state) => state.loginSession = true);
  assertRan(await node.run("restart-launchd"), 0);
  assertEquals(loaded(node), targets("gui"));
  assertRan(await node.run("verify-mini"), 0);
});

Deno.test("the wrapper is installed, shown and stopped by its own name", async () => {
  await using node = await testNode();
  assertRan(
    await node.run(
      ...["install-mini", "--with-status-api"] as const,
      ...["--prefix", node.prefix, "--listen", node.conductor],
    ),
    0,
  );
  assertRan(await node.run("status-launchd", "--service", "status-api"), 0);
  assertRan(await node.run("verify-mini", "--service", "status-api"), 0);
  assertEquals((await ask(node.statusApi, "/v1/status")).status, 200);

  assertRan(await node.run("stop-launchd", "--service", "conductor"), 0);
  assertEquals((await ask(node.statusApi, "/v1/status")).status, 502);
  assertEquals((await ask(node.statusApi, "/healthz")).status, 200);

  // Installed once, it is upgraded with the rest.
  const again = await node.run("install-mini", "--prefix", node.prefix);
  assertRan(again, 0);
  assertStringIncludes(again.stdout, "unchanged  status-api");
  assertRan(await node.run("stop-launchd", "--service", "status-api"), 0);
  assertEquals((await ask(node.statusApi, "/healthz")).status, undefined);
  assertRan(await node.run("status-launchd"), 0);
});

Deno.test("start-launchd.sh says what to do for a service that is not installed", async () => {
  await using node = await testNode();
  const ran = await node.run("start-launchd", "--service", "status-api");
  assertRan(ran, 1);
  assertStringIncludes(ran.stderr, "install-mini.sh --with-status-api");
});

Deno.test("the launchd scripts point to deno task start where there is no launchd", async () => {
  await using node = await testNode();
  node.env["PATH"] = "/usr/bin:/bin";
  for (
    const script of [
      "install-mini",
      "start-launchd",
      "stop-launchd",
      "status-launchd",
    ]
  ) {
    const ran = await node.run(script);
    assertRan(ran, 69);
    assertStringIncludes(ran.stderr, "deno task start");
  }
});

Deno.test("the launchd scripts refuse what they do not know, and say what they do", async () => {
  await using node = await testNode();
  const ran = await node.run("stop-launchd", "--service", "nginx");
  assertRan(ran, 2);
  assertStringIncludes(ran.stderr, "conductor, codexd, status-api");
  assertStringIncludes(ran.stderr, "Usage: stop-launchd.sh");
  assertRan(await node.run("status-launchd", "--prefix", "/"), 2);
});

Deno.test("the launchd scripts print their commands with --dry-run, on any machine", async () => {
  await using node = await testNode();
  node.env["PATH"] = "/usr/bin:/bin";
  const target = `gui/${Deno.uid()}/${SERVICES.codexd.label}`;
  const printed = async (script: string) => {
    const ran = await node.run(script, "--dry-run", "--service", "codexd");
    assertRan(ran, 0);
    return ran.stdout.trim().split("\n").map((it) =>
      it.replace(/\/\S*\.plist$/, "…")
    );
  };
  assertEquals(await printed("stop-launchd"), [`launchctl bootout ${target}`]);
  assertEquals(await printed("restart-launchd"), [
    `launchctl bootout ${target}`,
    `launchctl bootstrap gui/${Deno.uid()} …`,
    `launchctl kickstart ${target}`,
  ]);
});
