import { assert, assertEquals } from "@std/assert";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";
import { until } from "../../shared/testing/until.ts";
import { sharedState } from "../testing/state.ts";

const LEASE_MS = 2000;
const ENV = { BAA_LEASE_MS: String(LEASE_MS), BAA_MAX_CONCURRENT_RUNS: "4" };

async function role({ origin }: RunningDaemon): Promise<string> {
  const response = await fetch(`${origin}/rolez`);
  return await response.text();
}

async function term({ origin }: RunningDaemon): Promise<number> {
  const { data } = await call(`${origin}/v1/system/state`);
  return data.leader?.term ?? 0;
}

function task(command: string, rest: Record<string, unknown> = {}) {
  return { title: command, kind: "exec", payload: { command }, ...rest };
}

Deno.test("Of two conductors on one state folder one leads, and a killed one is followed in time", async () => {
  await using state = await sharedState();
  const env = { ...state.env, ...ENV };
  await using one = await startDaemon("conductor", env);
  await using two = await startDaemon("conductor", {
    ...env,
    BAA_NODE_ID: "mini-second",
  });
  assertEquals([await role(one), await role(two)], ["leader", "standby"]);

  const controllers = await call(`${two.origin}/v1/controllers`);
  assertEquals(
    controllers.data.controllers.map((
      it: { controller_id: string; is_leader: boolean },
    ) => [it.controller_id, it.is_leader]),
    [["mini-second", false], ["mini-main", true]],
  );
  for (
    const [path, body] of [
      ["/v1/system/pause", {}],
      ["/v1/tasks", task("true")],
    ] as const
  ) {
    const refused = await call(two.origin + path, body);
    assertEquals([refused.status, refused.error.code], [409, "NOT_LEADER"]);
    assertEquals(refused.error.details.leader.controller_id, "mini-main");
  }
  const exec = await call(`${two.origin}/v1/exec`, {
    command: "printf own",
  });
  assertEquals(exec.data.result.stdout, "own", "a node's own operations run");

  const marks = `${state.folder}/marks`;
  const ids: string[] = [];
  for (let index = 0; index < 12; index++) {
    const { data } = await call(
      `${one.origin}/v1/tasks`,
      task(`echo ${index} >> '${marks}'; sleep 0.3`),
    );
    ids.push(data.task_id);
  }
  one.child.kill("SIGKILL");
  const killed = performance.now();
  await until(() => role(two), (it) => it === "leader");
  const took = performance.now() - killed;
  assert(took <= LEASE_MS + 1000, `it took ${took} ms`);
  assertEquals(await term(two), 2);

  await until(
    () => call(`${two.origin}/v1/system/state`),
    ({ data }) => data.queue.queued_tasks === 0 && data.queue.active_runs === 0,
    { withinMs: 30_000 },
  );
  const started = (await Deno.readTextFile(marks)).trim().split("\n");
  assertEquals(new Set(started).size, started.length, "a task ran twice");
  for (const id of ids) {
    const { data } = await call(`${two.origin}/v1/tasks/${id}`);
    assert(["succeeded", "failed"].includes(data.status), data.status);
    if (data.status === "failed") assertEquals(data.error.code, "RUN_LOST");
  }
});

Deno.test("A leader that was stopped for longer than its lease is refused when it goes on", async () => {
  await using state = await sharedState();
  const env = { ...state.env, ...ENV };
  await using one = await startDaemon("conductor", env);
  await using two = await startDaemon("conductor", env);
  const { data: { task_id } } = await call(
    `${one.origin}/v1/tasks`,
    task("for i in $(seq 1 200); do echo $i; sleep 0.05; done"),
  );
  await until(
    () => call(`${one.origin}/v1/tasks/${task_id}/logs`),
    ({ data }) => data.count > 3,
  );
  one.child.kill("SIGSTOP");
  const stopped = performance.now();
  await until(() => role(two), (it) => it === "leader");
  const took = performance.now() - stopped;
  assert(took <= LEASE_MS + 1000, `it took ${took} ms`);
  assert(took >= LEASE_MS / 3, `a process that lives was passed by: ${took}`);
  const lost = await call(`${two.origin}/v1/tasks/${task_id}`);
  assertEquals([lost.data.status, lost.data.error.code], [
    "failed",
    "RUN_LOST",
  ]);
  const before = await call(`${two.origin}/v1/tasks/${task_id}/logs?limit=200`);

  one.child.kill("SIGCONT");
  const late = await call(`${one.origin}/v1/system/pause`, {});
  assertEquals([late.status, late.error.code], [409, "NOT_LEADER"]);
  const queued = await call(`${one.origin}/v1/tasks`, task("true"));
  assertEquals(queued.error.code, "NOT_LEADER");
  await until(() => role(one), (it) => it === "standby");
  assertEquals(await role(two), "leader");
  await new Promise((resolve) => setTimeout(resolve, LEASE_MS));
  assertEquals([await role(one), await role(two)], ["standby", "leader"]);
  const state2 = await call(`${two.origin}/v1/system/state`);
  assertEquals(state2.data.mode, "running");
  const after = await call(`${two.origin}/v1/tasks/${task_id}/logs?limit=200`);
  assertEquals(after.data.entries, before.data.entries, "late lines came in");
  const again = await call(`${two.origin}/v1/tasks/${task_id}`);
  assertEquals(again.data.latest_run.status, "lost");
});
