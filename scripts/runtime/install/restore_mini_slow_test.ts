import { Database } from "@db/sqlite";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { migrate } from "../../../conductor/store/migrate.ts";
import { MIGRATIONS } from "../../../conductor/store/migrations.ts";
import { shellQuote } from "../../../shared/shell_quote.ts";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { until } from "../../../shared/testing/until.ts";
import { call } from "../../testing/http.ts";
import type { Ran } from "../node/command.ts";
import { ask } from "../node/http_health.ts";
import { type TestNode, testNode } from "../testing/test_node.ts";

async function installedNode(): Promise<TestNode> {
  const node = await testNode();
  assertRan(
    await node.run(
      ...["install-mini", "--prefix", node.prefix] as const,
      ...["--listen", node.conductor],
    ),
  );
  return node;
}

function assertRan(ran: Ran, code = 0): void {
  assertEquals(ran.code, code, `${ran.stdout}\n${ran.stderr}`);
}

function pidOf(node: TestNode) {
  const target = `gui/${Deno.uid()}/so.makefile.baa-conductor`;
  return node.launchd().jobs[target]?.pid;
}

async function namesIn(node: TestNode, folder = "state/conductor") {
  const names = await Array.fromAsync(
    Deno.readDir(join(node.prefix, folder)),
    ({ name }) => name,
  );
  return names.sort();
}

function change(path: string, ...statements: string[]): void {
  const database = new Database(path);
  for (const sql of statements) database.exec(sql);
  database.close();
}

/** Starts a command that outlives conductor and counts until it is told to end. */
async function counting(node: TestNode, name: string) {
  const go = join(node.home, name);
  const { data } = await call(`${node.conductor}/v1/exec`, {
    command:
      `i=0; until [ -e '${go}' ]; do i=$((i + 1)); echo $i; sleep 0.01; done`,
    detach: true,
  });
  const task = () => call(`${node.conductor}/v1/tasks/${data.taskId}`);
  const { data: { latest_run: { run_id } } } = await until(
    task,
    ({ data }) => data.latest_run !== null,
  );
  const folder = join("state", "jobs", run_id);
  await until(
    () => Deno.readTextFile(join(node.prefix, folder, "stdout")),
    (it) => it.includes("3\n"),
  );
  return { run_id, folder, task, end: () => Deno.writeTextFile(go, "") };
}

Deno.test("restore-mini.sh puts a backup in place, keeps what was there, and ends the runs that only that knew", async () => {
  await using node = await installedNode();
  const api = node.conductor;
  const known = await counting(node, "known");
  await call(`${api}/v1/system/pause`, { reason: "as it was" });
  const { data: backup } = await call(`${api}/v1/system/backup`, {});
  assertEquals(backup.verified, true, JSON.stringify(backup));
  await call(`${api}/v1/system/resume`, {});
  const unknown = await counting(node, "unknown");
  await call(`${api}/v1/system/pause`, {});
  const { data: queued } = await call(`${api}/v1/tasks`, {
    title: "Begins when the restored conductor does",
    kind: "exec",
    payload: {
      command: `until [ -e '${node.home}/queued' ]; do sleep 0.1; done`,
    },
    survive: true,
  });

  const before = await namesIn(node);
  const pid = pidOf(node);
  const planned = await node.run("restore-mini", "--dry-run", backup.path);
  assertRan(planned);
  assertStringIncludes(planned.stdout, "would stop conductor");
  assertEquals([await namesIn(node), pidOf(node)], [before, pid]);

  const ran = await node.run("restore-mini", backup.path);
  assertRan(ran);
  assertStringIncludes(ran.stdout, "whole");
  assertStringIncludes(ran.stdout, `ended      run ${unknown.run_id}`);
  assertEquals(ran.stdout.includes(known.run_id), false);
  assertEquals((await ask(api, "/readyz")).status, 200);
  const { data: state } = await call(`${api}/v1/system/state`);
  assertEquals([state.mode, state.automation.reason], ["paused", "as it was"]);
  assertEquals((await call(`${api}/v1/audit/verify`)).data.ok, true);
  assertEquals((await unknown.task()).status, 404);
  assert(
    (await namesIn(node, unknown.folder)).some((it) => it.startsWith("ended-")),
  );

  // What it knew goes on as if nothing had been.
  await known.end();
  const { data: task } = await until(
    known.task,
    ({ data }) => data.finished_at !== null,
  );
  assertEquals([task.status, task.attempts], ["succeeded", 1]);

  const [aside = "", ...more] = (await namesIn(node))
    .filter((it) => it.startsWith("aside-"));
  assertEquals(more, []);
  for (const name of [aside, "conductor.db"]) {
    const { mode } = await Deno.stat(
      join(node.prefix, "state/conductor", name),
    );
    assertEquals((mode ?? 0) & 0o777, 0o600, name);
  }
  // What was kept is as good as a backup: forth as well as back. What runs
  // anew on it is nobody's left-over.
  const kept = join(node.prefix, "state/conductor", aside);
  change(kept, "UPDATE automation SET mode = 'running'");
  assertRan(await node.run("restore-mini", kept));
  assertEquals((await call(`${api}/v1/system/state`)).data.mode, "running");
  assertEquals((await unknown.task()).status, 200);
  await Deno.writeTextFile(join(node.home, "queued"), "");
  const { data: anew } = await until(
    () => call(`${api}/v1/tasks/${queued.task_id}`),
    ({ data }) => data.finished_at !== null,
  );
  assertEquals([anew.status, anew.error], ["succeeded", null]);

  // What conductor says of a database that is damaged is what mends it.
  assertRan(await node.run("stop-launchd", "--service", "conductor"));
  const file = join(node.prefix, "state/conductor/conductor.db");
  await Deno.writeTextFile(file, "damaged".repeat(1000));
  assertRan(await node.run("start-launchd", "--service", "conductor"));
  const { error } = await until(
    () => call(`${api}/v1/exec`, { command: "true" }).catch(() => undefined),
    (it) => it !== undefined,
  ) ?? {};
  assertEquals(error.details.reason, "database_damaged");
  assertEquals(
    error.details.restore,
    `scripts/runtime/restore-mini.sh ${shellQuote(backup.path)}`,
  );
  assertStringIncludes(error.hint, error.details.restore);
  assertEquals((await call(`${api}/v1/status`)).data.ready, false);
  assertRan(await node.run("restore-mini", backup.path));
  assertEquals((await call(`${api}/v1/system/state`)).data.mode, "paused");
});

Deno.test("restore-mini.sh migrates what is older, refuses what is not whole or not ours, and takes back what does not run", async () => {
  await using node = await installedNode();
  await using dir = await tempDir();
  const api = node.conductor;
  for (let i = 0; i < 3; i++) await call(`${api}/v1/exec`, { command: "true" });
  const { data: { path: good } } = await call(`${api}/v1/system/backup`, {});
  const pid = pidOf(node);
  const before = await namesIn(node);
  const live = join(node.prefix, "state/conductor/conductor.db");
  await Deno.writeTextFile(dir.join("text"), "no database\n".repeat(999));
  for (
    const [backup, why] of [
      [dir.join("text"), "not a database"],
      [live, "it is the database in use"],
    ] as const
  ) {
    const ran = await node.run("restore-mini", backup);
    assertRan(ran, 1);
    assertStringIncludes(ran.stderr, `Cannot restore ${backup}: `);
    assertStringIncludes(ran.stderr, why);
  }
  assertRan(await node.run("restore-mini"), 2);
  assertEquals([await namesIn(node), pidOf(node)], [before, pid]);

  node.changeLaunchd(({ refusals }) => refusals["bootstrap"] = [1]);
  const failed = await node.run("restore-mini", good);
  assertRan(failed, 1);
  assertStringIncludes(
    failed.stderr,
    "Rolled back: conductor runs on it again",
  );
  assertEquals((await ask(api, "/readyz")).status, 200);
  assertEquals(await namesIn(node), before);

  // Killed once conductor is stopped: what was there is whole, and starts.
  const told = async () => {
    const { code, stdout } = await node.run("status-launchd");
    assertEquals(code, 1);
    assertStringIncludes(
      stdout,
      `fix: ./scripts/runtime/restore-mini.sh ${
        shellQuote(good)
      } does it again`,
    );
  };
  await call(`${api}/v1/system/pause`, { reason: "after the backup" });
  node.changeLaunchd(({ killsCallerAt }) => killsCallerAt.push("bootout"));
  assertRan(await node.run("restore-mini", good), 137);
  await told();
  const started = await node.run("start-launchd");
  assertRan(started);
  assertStringIncludes(started.stdout, `the restore of ${good} was broken off`);
  await until(
    () => ask(api, "/readyz"),
    ({ status }) => status === 200,
  );
  const { data: state } = await call(`${api}/v1/system/state`);
  assertEquals(state.automation.reason, "after the backup");
  assertEquals(await namesIn(node), before);

  // Killed once the backup is in place: a second run ends it.
  node.changeLaunchd(({ killsCallerAt }) => killsCallerAt.push("enable"));
  assertRan(await node.run("restore-mini", good), 137);
  await told();
  const second = await node.run("restore-mini", good);
  assertRan(second);
  assertStringIncludes(second.stdout, `a restore of ${good}, which was broken`);
  const restoredState = await call(`${api}/v1/system/state`);
  assertEquals(restoredState.data.mode, "running");
  const [first = "", ...others] = (await namesIn(node))
    .filter((it) => !before.includes(it));
  assertEquals([first, ...others].map((it) => it.slice(0, 6)), [
    "aside-",
    "aside-",
  ]);
  const kept = new Database(join(node.prefix, "state/conductor", first));
  assertEquals(kept.prepare("SELECT reason FROM automation").value(), [
    "after the backup",
  ]);
  kept.close();

  const old = new Database(dir.join("old"), { int64: true });
  migrate(old, MIGRATIONS.slice(0, 5));
  old.exec("UPDATE automation SET mode = 'paused'");
  old.close();
  const restored = await node.run("restore-mini", dir.join("old"));
  assertRan(restored);
  assertStringIncludes(
    restored.stdout,
    `version 5, to become ${MIGRATIONS.length}`,
  );
  assertEquals((await call(`${api}/v1/system/state`)).data.mode, "paused");
});
