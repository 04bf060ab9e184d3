import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { until } from "../../shared/testing/until.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";
import { sharedState } from "../testing/state.ts";

async function detach(
  { origin }: RunningDaemon,
  command: string,
  rest: Record<string, unknown> = {},
): Promise<{ readonly taskId: string; readonly runId: string }> {
  const { data } = await call(`${origin}/v1/exec`, {
    command,
    cwd: "/",
    detach: true,
    ...rest,
  });
  assertEquals(data.pending, true, JSON.stringify(data));
  return data;
}

async function ended({ origin }: RunningDaemon, taskId: string) {
  const { data } = await until(
    () => call(`${origin}/v1/tasks/${taskId}`),
    ({ data }) => data.finished_at !== null,
  );
  return data;
}

async function stopped({ child }: RunningDaemon): Promise<number> {
  const since = performance.now();
  child.kill("SIGTERM");
  assert((await child.status).success);
  return performance.now() - since;
}

Deno.test("A stop of conductor leaves surviving runs alone at once, and the next one sees them to their end", async () => {
  await using state = await sharedState();
  const go = join(state.folder, "go");
  const command = (code: number) =>
    `echo "pid $$"; while [ ! -e ${go} ]; do sleep 0.02; done; echo done; exit ${code}`;
  await using first = await startDaemon("conductor", state.env);
  const while_away = await detach(first, command(4));
  const timed = await detach(first, "echo up; sleep 60", { timeoutMs: 1500 });
  const canceled = await detach(first, "echo up; sleep 60");
  const lost = await detach(first, "echo up; sleep 60");
  await until(
    () => call(`${first.origin}/v1/system/state`),
    ({ data }) => data.queue.active_runs === 4,
  );
  const who = await until(async () => {
    const folder = join(state.folder, "jobs", lost.runId);
    const files = [...Deno.readDirSync(folder)].map(({ name }) => name);
    await Promise.resolve();
    return files.includes("group")
      ? join(folder, files.find((it) => it.startsWith("who-")) ?? "")
      : undefined;
  }, (it) => it !== undefined);
  assert(await stopped(first) < 3000, "it waits for what survives");
  // As if the machine had been started again.
  const text = await Deno.readTextFile(who ?? "");
  await Deno.writeTextFile(who ?? "", text.replace(/@.*/, "@before"));
  await Deno.writeTextFile(go, "");

  await using second = await startDaemon("conductor", state.env);
  const end = await ended(second, while_away.taskId);
  assertEquals(end.latest_run.outcome.result.exit_code, 4);
  const logs = await call(
    `${second.origin}/v1/tasks/${while_away.taskId}/logs`,
  );
  assertEquals(
    logs.data.entries.slice(1, 3).map((it: { message: string }) => it.message)
      .map((it: string) => it.replace(/\d+/, "1")),
    ["pid 1", "done"],
  );
  assertEquals((await ended(second, timed.taskId)).error.code, "TASK_TIMEOUT");
  const cancel = await call(
    `${second.origin}/v1/tasks/${canceled.taskId}/cancel`,
    {},
  );
  assertEquals(cancel.data.status, "canceled");
  assertEquals((await ended(second, lost.taskId)).error.code, "RUN_LOST");
});

Deno.test("A second conductor takes up the surviving runs of one that was killed, and drain counts them", async () => {
  await using state = await sharedState();
  const env = { ...state.env, BAA_LEASE_MS: "2000" };
  const go = join(state.folder, "go");
  await using first = await startDaemon("conductor", env);
  await using second = await startDaemon("conductor", env);
  const { taskId, runId } = await detach(
    first,
    `i=0; while [ ! -e ${go} ]; do i=$((i + 1)); echo $i; sleep 0.01; done`,
  );
  await until(
    () => call(`${first.origin}/v1/runs/${runId}/output`),
    ({ data }) => data.size_bytes > 0,
  );
  const refused = await call(`${second.origin}/v1/exec`, {
    command: "true",
    detach: true,
  });
  assertEquals(refused.error.code, "NOT_LEADER");
  first.child.kill("SIGKILL");
  await until(
    () => call(`${second.origin}/v1/system/state`),
    ({ data }) => data.node.role === "leader",
  );
  const drain = await call(`${second.origin}/v1/system/drain`, {});
  assertEquals([drain.data.mode, drain.data.drained], ["draining", false]);
  await Deno.writeTextFile(go, "");
  const task = await ended(second, taskId);
  assertEquals(task.status, "succeeded");
  const text = await Deno.readTextFile(
    join(state.folder, "jobs", task.latest_run.run_id, "stdout"),
  );
  const lines = text.trimEnd().split("\n");
  assertEquals(lines, lines.map((_, index) => `${index + 1}`));
  assert((await call(`${second.origin}/v1/system/state`)).data.drained);
});

Deno.test("What ran and lost its files while no conductor was there is lost, not begun again", async () => {
  await using state = await sharedState();
  const marker = join(state.folder, "starts");
  await using first = await startDaemon("conductor", state.env);
  const { taskId } = await detach(first, `echo x >>${marker}; sleep 1`);
  await until(() => Deno.readTextFile(marker).catch(() => ""));
  first.child.kill("SIGKILL");
  await first.child.status;
  await Deno.remove(join(state.folder, "jobs"), { recursive: true });
  await using second = await startDaemon("conductor", state.env);
  const { status, error } = await ended(second, taskId);
  assertEquals([status, error.code], ["failed", "RUN_LOST"]);
  assert(error.message.endsWith("were removed while nobody watched it"));
  assertEquals(await Deno.readTextFile(marker), "x\n");
});

Deno.test("A surviving run that prints more than it may is ended, and says so", async () => {
  await using conductor = await startDaemon("conductor");
  const { data } = await call(`${conductor.origin}/v1/tasks`, {
    title: "prints",
    kind: "exec",
    payload: { command: "head -c 5000000 /dev/zero; sleep 60" },
    survive: true,
    max_output_bytes: 1_000_000,
  });
  assertEquals([data.survive, data.effective_timeout_ms], [true, null]);
  const task = await ended(conductor, data.task_id);
  assertEquals(task.error, {
    code: "EXEC_OUTPUT_LIMIT",
    message: "Command output exceeded max_output_bytes=1000000.",
  });
  const refused = await call(`${conductor.origin}/v1/tasks`, {
    title: "x",
    kind: "codex",
    payload: { prompt: "x" },
    survive: true,
  });
  assertEquals(refused.error.code, "INVALID_INPUT");
});
