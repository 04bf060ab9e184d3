import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exists } from "@std/fs";
import { join } from "@std/path";
import { shellQuote } from "../../../shared/shell_quote.ts";
import { until } from "../../../shared/testing/until.ts";
import { call } from "../../testing/http.ts";
import { type Ran, runCommand } from "../node/command.ts";
import { ask } from "../node/http_health.ts";
import { type TestNode, testNode } from "../testing/test_node.ts";

const RUNTIME = new URL("../", import.meta.url).pathname;

async function install(node: TestNode): Promise<void> {
  assertRan(
    await node.run(
      ...["install-mini", "--prefix", node.prefix] as const,
      ...["--listen", node.conductor],
    ),
  );
}

function assertRan(ran: Ran, code = 0): void {
  assertEquals(ran.code, code, `${ran.stdout}\n${ran.stderr}`);
}

/** Every file below a folder, by its path in it. */
async function filesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const below = isDirectory ? await filesIn(join(folder, name)) : [""];
    found.push(...below.map((it) => join(name, it)));
  }
  return found.sort();
}

Deno.test("uninstall-mini.sh takes away what the installer wrote, and leaves the rest", async () => {
  await using node = await testNode();
  const { prefix, conductor } = node;
  const plists = join(node.home, "Library/LaunchAgents");
  const uninstall = (...args: string[]) =>
    node.run("uninstall-mini", "--prefix", prefix, ...args);
  await install(node);
  const mine = [
    join(prefix, "bin", "mine"),
    join(prefix, "state", "mine"),
    join(plists, "com.example.mine.plist"),
  ];
  for (const path of mine) await Deno.writeTextFile(path, "mine");
  const pidFile = join(node.home, "pid");
  const { data: { taskId } } = await call(`${conductor}/v1/exec`, {
    command: `echo $$ >'${pidFile}'; exec sleep 600`,
    detach: true,
  });
  const pid = await until(
    () => Deno.readTextFile(pidFile).catch(() => ""),
    (it) => it.endsWith("\n"),
  );

  assertRan(await uninstall("--keep-state", "--purge"), 2);
  const running = node.launchd().jobs;
  // Somebody else's conductor on the same database: nothing is done to either.
  const lock = join(prefix, "state/conductor/instances/another.lock");
  const held = await Deno.open(lock, { write: true, create: true });
  await held.lock(true);
  const inUse = await uninstall();
  assertRan(inUse, 1);
  assertStringIncludes(inUse.stderr, "stop it first");
  held.close();
  await Deno.remove(lock);
  await node.standIn("test", "exit 1");
  const forbidden = await uninstall();
  assertRan(forbidden, 1);
  assertStringIncludes(forbidden.stderr, "you may not change");
  await node.standIn("test", "exit 0");
  const other = await node.run("uninstall-mini", "--prefix", node.home);
  assertRan(other, 1);
  assertStringIncludes(other.stderr, `are installed in ${prefix}`);
  // What is refused never stopped anything.
  assertEquals(node.launchd().jobs, running);
  const before = [await filesIn(prefix), await filesIn(plists)];
  const planned = await uninstall("--dry-run", "--purge");
  assertRan(planned);
  assertStringIncludes(planned.stdout, join(prefix, "bin", "conductor"));
  assertStringIncludes(planned.stdout, join(prefix, "state", "conductor"));
  assertEquals([await filesIn(prefix), await filesIn(plists)], before);
  assertEquals((await ask(conductor, "/readyz")).status, 200);

  const foretold = await uninstall("--dry-run", "--keep-state");
  const ran = await uninstall("--keep-state");
  assertRan(ran);
  const lines = (said: string, verb: string) =>
    said.split("\n").filter((it) => it.startsWith(verb))
      .map((it) => it.slice(verb.length).trim());
  const gone = lines(ran.stdout, "removed");
  const left = lines(ran.stdout, "left");
  assertEquals(gone, lines(foretold.stdout, "would remove"));
  assertEquals(left, lines(foretold.stdout, "left"));
  const isLeft = await Promise.all([...left, ...gone].map((it) => exists(it)));
  assertEquals(isLeft, [...left, ...gone].map((it) => left.includes(it)));
  const owned = [...left, ...mine].map((it) => it.slice(prefix.length + 1));
  assertEquals(
    (await filesIn(prefix)).filter((file) =>
      !owned.some((it) => file === it || file.startsWith(`${it}/`))
    ),
    [],
  );
  assertStringIncludes(ran.stdout, "which outlived conductor");
  assertStringIncludes(ran.stdout, `left      ${join(prefix, "state/jobs")}`);
  assertEquals(node.launchd().jobs, {});
  assertEquals(await exists(`/proc/${pid.trim()}`), false);
  assertEquals(await filesIn(plists), ["com.example.mine.plist"]);
  assertEquals(await filesIn(join(prefix, "bin")), ["mine"]);
  const kept = await filesIn(prefix);
  assert(kept.includes("state/conductor/conductor.db"));
  // Nobody is at a terminal: what the services wrote stays.
  const again = await uninstall();
  assertRan(again);
  assertEquals(await filesIn(prefix), kept);
  assertEquals(/removed|unloaded/.test(again.stdout), false, again.stdout);

  await install(node);
  const { data: task } = await until(
    () => call(`${conductor}/v1/tasks/${taskId}`),
    ({ data }) => data.finished_at !== null,
  );
  assertEquals(
    [task.status, task.latest_run.outcome.result.signal],
    ["failed", "SIGTERM"],
  );

  // From inside, with all that there is; but what somebody put there.
  await Deno.writeTextFile(join(prefix, "bin", "codexd"), "another");
  const { data } = await call(`${conductor}/v1/exec`, {
    command: `${RUNTIME}uninstall-mini.sh --purge --prefix ${
      shellQuote(prefix)
    }`,
    env: node.env,
  });
  const [, log = ""] = /log {6}(.*)/.exec(data.result.stdout) ?? [];
  await until(() => exists(`${log}.outcome`), Boolean, { withinMs: 60_000 });
  const said = await Deno.readTextFile(log);
  assertStringIncludes(said, "ended with exit code 0");
  assertStringIncludes(said, "codexd: it is not what the installer wrote");
  assertEquals(
    await filesIn(prefix),
    [
      "bin/codexd",
      "bin/mine",
      ...[log, `${log}.outcome`].map((it) => it.slice(prefix.length + 1)),
      "state/mine",
    ],
  );
  for (const path of mine) assertEquals(await Deno.readTextFile(path), "mine");
});

Deno.test("uninstall-mini.sh asks on a terminal whether state and logs go too", async () => {
  await using node = await testNode();
  await install(node);
  for (const [answer, isThere] of [["n", true], ["y", false]] as const) {
    const command = `${RUNTIME}uninstall-mini.sh --prefix ${
      shellQuote(node.prefix)
    }`;
    const ran = await runCommand([
      "/bin/sh",
      "-c",
      `echo ${answer} | script -qec "$1" /dev/null`,
      "sh",
      command,
    ], { clearEnv: true, env: { ...node.env, TERM: "dumb" } });
    assertRan(ran);
    assertStringIncludes(ran.stdout, "Remove what the services wrote as well?");
    for (const folder of ["state", "logs", "tmp"]) {
      assertEquals(await exists(join(node.prefix, folder)), isThere, folder);
    }
    assertEquals(await exists(join(node.prefix, "bin")), false);
  }
});
