import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exists } from "@std/fs";
import { join } from "@std/path";
import type { Ran } from "../node/command.ts";
import { ask } from "../node/http_health.ts";
import { environmentOf, parseJob } from "../node/property_list.ts";
import { until } from "../../../shared/testing/until.ts";
import { call } from "../../testing/http.ts";
import { takenAddress } from "../testing/taken_address.ts";
import { type TestNode, testNode } from "../testing/test_node.ts";

function install(node: TestNode, ...more: string[]): Promise<Ran> {
  return node.run("install-mini", "--prefix", node.prefix, ...more);
}

function plistOf(node: TestNode, name: string): string {
  return join(
    node.home,
    "Library",
    "LaunchAgents",
    `so.makefile.baa-${name}.plist`,
  );
}

function jobsOf(node: TestNode) {
  return Object.fromEntries(
    Object.entries(node.launchd().jobs).map(([target, { pid, state }]) => [
      target.replace(`gui/${Deno.uid()}/so.makefile.baa-`, ""),
      { pid, state },
    ]),
  );
}

function assertRan(ran: Ran, code = 0): void {
  assertEquals(ran.code, code, `${ran.stdout}\n${ran.stderr}`);
}

/** File operations reach the owner's files, and nothing of the installation. */
async function assertLeftOut(node: TestNode, ran: Ran): Promise<void> {
  const program = join(node.prefix, "bin", "conductor");
  const further = join(node.home, "further");
  await Deno.link(program, further);
  const before = await Deno.stat(program);
  const ask = async (operation: string, path: string) => {
    const url = `${node.conductor}/v1/files/${operation}`;
    const body = { path, ...(operation === "write" && { content: "x" }) };
    const { data } = await call(url, body);
    return data.ok ? "done" : data.error.code;
  };
  const leftOut = ran.stdout.split("\n").find((it) =>
    it.startsWith("left out")
  );
  for (
    const path of [
      program,
      further,
      join(node.prefix, "bin", "install.json"),
      join(node.prefix, "bin", "new"),
      plistOf(node, "conductor"),
      plistOf(node, "codexd"),
      plistOf(node, "status-api"),
      join(node.prefix, "state", "conductor", "conductor.db"),
      join(node.prefix, "state", "codexd", "key"),
      join(node.prefix, "logs", "conductor", "new.jsonl"),
    ]
  ) {
    for (const operation of ["read", "write"]) {
      assertEquals(await ask(operation, path), "PERMISSION_DENIED", path);
    }
    if (path === further || path === program) continue;
    assert(
      leftOut?.split(/^left out +|, |: /).some((it) =>
        it !== "" && path.startsWith(it)
      ),
      `${path}: ${leftOut}`,
    );
  }
  const { mtime, size, ino } = await Deno.stat(program);
  assertEquals([mtime, size, ino], [before.mtime, before.size, before.ino]);
  assertEquals(await exists(plistOf(node, "status-api")), false);
  // The owner's own files, beside all that.
  for (
    const path of [join(node.home, "mine"), join(node.home, "Library/mine")]
  ) {
    assertEquals(await ask("write", path), "done");
    assertEquals(await ask("read", path), "done");
  }
}

/** Starts a command that counts until it is told to end, and outlives conductor. */
async function counting(node: TestNode, exitCode: number) {
  const go = join(node.home, `go-${exitCode}`);
  const { data: { taskId } } = await call(`${node.conductor}/v1/exec`, {
    command:
      `i=0; until [ -e '${go}' ]; do i=$((i + 1)); echo $i; sleep 0.01; done; exit ${exitCode}`,
    detach: true,
  });
  return async () => {
    await Deno.writeTextFile(go, "");
    const { data: task } = await until(
      () => call(`${node.conductor}/v1/tasks/${taskId}`),
      ({ data }) => data.finished_at !== null,
    );
    const { run_id, outcome } = task.latest_run;
    assertEquals([task.attempts, outcome.result.exit_code], [1, exitCode]);
    const output = join(node.prefix, "state", "jobs", run_id, "stdout");
    const lines = (await Deno.readTextFile(output)).trimEnd().split("\n");
    assertEquals(lines, lines.map((_, index) => `${index + 1}`));
  };
}

Deno.test("install-mini.sh installs, leaves alone what is the same, and upgrades in place", async () => {
  await using node = await testNode();

  const first = await install(node, "--listen", node.conductor);
  assertRan(first);
  assertStringIncludes(
    first.stdout,
    `ready      conductor at ${node.conductor}`,
  );
  assertStringIncludes(first.stdout, `ready      codexd at ${node.codexd}`);
  assertEquals(Object.keys(jobsOf(node)), ["conductor", "codexd"]);
  for (const folder of ["bin", "state", "logs", "tmp"]) {
    const { mode } = await Deno.stat(join(node.prefix, folder));
    assertEquals((mode ?? 0) & 0o777, 0o700, folder);
  }

  const hidden = [
    plistOf(node, "conductor"),
    `${node.prefix}/bin/install.json`,
  ];
  const assertHidden = async () => {
    for (const path of hidden) {
      assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600, path);
    }
  };
  await assertHidden();
  // As an older version left them.
  for (const path of hidden) await Deno.chmod(path, 0o644);

  await assertLeftOut(node, first);

  // The environment of the first install had emptied it: so it stays, though
  // mini.env has one.
  delete node.env["BAA_CONDUCTOR_PUBLIC_API_BASE"];
  const before = jobsOf(node);
  const second = await install(node);
  assertRan(second);
  assertStringIncludes(second.stdout, "unchanged  conductor");
  assertStringIncludes(second.stdout, "unchanged  codexd");
  await assertHidden();
  assertEquals(jobsOf(node), before);

  const ends = [await counting(node, 0), await counting(node, 7)];
  const go = join(node.home, "ordinary");
  const ordinary = await call(`${node.conductor}/v1/tasks`, {
    title: "ordinary",
    kind: "exec",
    payload: { command: `until [ -e '${go}' ]; do sleep 0.02; done` },
  });
  const taskUrl = `${node.conductor}/v1/tasks/${ordinary.data.task_id}`;
  await until(() => call(taskUrl), ({ data }) => data.status === "running");
  // The address was a flag of the first install: it is remembered.
  const upgrade = install(node, "--public-base", "https://mini.example");
  const state = `${node.conductor}/v1/system/state`;
  await until(() => call(state), ({ data }) => data.mode === "draining");
  await Deno.writeTextFile(go, "");
  const third = await upgrade;
  assertRan(third);
  assertEquals((await call(taskUrl)).data.status, "succeeded");
  assertStringIncludes(third.stdout, "unchanged  codexd");
  assertEquals(jobsOf(node)["codexd"], before["codexd"]);
  assert(jobsOf(node)["conductor"]?.pid !== before["conductor"]?.pid);
  const environment = environmentOf(
    parseJob(await Deno.readTextFile(plistOf(node, "conductor"))),
  );
  assertEquals(environment["BAA_CONDUCTOR_LOCAL_API"], node.conductor);
  assertEquals(
    [
      environment["BAA_CONDUCTOR_PUBLIC_API_BASE"],
      environment["BAA_CONTROL_API_BASE"],
    ],
    ["https://mini.example", "https://mini.example"],
  );
  for (const end of ends) await end();
});

Deno.test("install-mini.sh puts everything back when the new version does not become ready", async () => {
  await using node = await testNode();
  assertRan(await install(node, "--listen", node.conductor));
  const plist = await Deno.readTextFile(plistOf(node, "conductor"));
  const program = await Deno.stat(join(node.prefix, "bin", "conductor"));

  await using stranger = takenAddress();
  const taken = stranger.address;
  const failed = await install(node, "--listen", taken);
  assertRan(failed, 1);
  assertStringIncludes(
    failed.stderr,
    `conductor does not become ready at ${taken}`,
  );
  assertStringIncludes(failed.stderr, "the port is already in use");
  assertStringIncludes(failed.stderr, "the previous version runs again");
  assertEquals(await Deno.readTextFile(plistOf(node, "conductor")), plist);
  const { size } = await Deno.stat(join(node.prefix, "bin", "conductor"));
  assertEquals(size, program.size);
  assertEquals((await ask(node.conductor, "/readyz")).status, 200);
  // What failed is not remembered.
  assertStringIncludes((await install(node)).stdout, "unchanged  conductor");
});

Deno.test("install-mini.sh leaves nothing loaded when the first install fails", async () => {
  await using node = await testNode();
  node.changeLaunchd((state) => state.refusals["bootstrap"] = [78]);
  const failed = await install(node, "--listen", node.conductor);
  assertRan(failed, 1);
  assertStringIncludes(failed.stderr, "nothing was loaded before");
  assertEquals(jobsOf(node), {});
  assertEquals(await exists(plistOf(node, "conductor")), false);
  assertEquals(await exists(join(node.prefix, "bin", "conductor")), false);
});

Deno.test("install-mini.sh stops before it changes anything when the machine does not fit", async () => {
  await using node = await testNode();
  const elsewhere = await install(node, "--listen", "192.0.2.77:4317");
  assertRan(elsewhere, 1);
  assertStringIncludes(elsewhere.stdout, "which is no address of this machine");
  assertStringIncludes(
    elsewhere.stdout,
    "in scripts/runtime/mini.env: BAA_CONDUCTOR_LOCAL_API=http://",
  );
  assertStringIncludes(elsewhere.stdout, "--trust-network");
  node.env["BAA_SHARED_TOKEN"] = "s3cret-token-of-the-node";
  const token = await install(node, "--listen", node.conductor);
  assertRan(token, 1);
  assertStringIncludes(token.stdout, "--token-file");
  assert(!token.stdout.includes("s3cret-token-of-the-node"));
  assertEquals(await exists(node.prefix), false);
  assertEquals(node.launchd().calls, []);
});

Deno.test("install-mini.sh refuses a token file that others can read", async () => {
  await using node = await testNode();
  const file = join(node.home, "token");
  await Deno.writeTextFile(file, "s3cret-token-of-the-node\n");
  await Deno.chmod(file, 0o644);
  const args = ["--listen", node.conductor, "--token-file", file];
  const loose = await install(node, ...args);
  assertRan(loose, 1);
  assertStringIncludes(loose.stdout, `chmod 600 ${file}`);
  await Deno.chmod(file, 0o600);
  assertRan(await install(node, ...args));
  const plist = await Deno.readTextFile(plistOf(node, "conductor"));
  assertStringIncludes(plist, file);
  assert(!plist.includes("s3cret-token-of-the-node"));
  assertEquals((await ask(node.conductor, "/v1/nothing")).status, 404);
});

Deno.test("install-mini.sh refuses a second install beside the first, and names it", async () => {
  await using node = await testNode();
  assertRan(await install(node, "--listen", node.conductor));
  const second = `${node.home}/second`;
  const refused = await node.run(
    ...["install-mini", "--prefix", second] as const,
    ...["--listen", node.conductor],
  );
  assertRan(refused, 1);
  assertStringIncludes(
    refused.stdout,
    `there is one in ${node.prefix}: a second in ${second}`,
  );
  assertStringIncludes(refused.stdout, "uninstall-mini.sh --keep-state");
  assertStringIncludes(refused.stderr, "nothing was changed");
  assertEquals(await exists(second), false);
  assertRan(await node.run("verify-mini"), 0);
});

Deno.test("install-mini.sh names who holds a port, and changes nothing", async () => {
  await using node = await testNode();
  const { hostname, port } = new URL(node.codexd);
  using _stranger = Deno.listen({ hostname, port: Number(port) });
  const refused = await install(node, "--listen", node.conductor);
  assertRan(refused, 1);
  assertStringIncludes(
    refused.stdout,
    `(pid ${Deno.pid}) listens at ${node.codexd}`,
  );
  assertStringIncludes(refused.stdout, `fix: end it (kill ${Deno.pid}; `);
  assertEquals(await exists(node.prefix), false);
});
