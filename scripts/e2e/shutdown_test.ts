import { assert, assertEquals } from "@std/assert";
import { startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";
import { waitUntilGone } from "../../shared/testing/processes.ts";
import { until } from "../../shared/testing/until.ts";
import { sharedState } from "../testing/state.ts";

Deno.test("conductor stops its runs when it is stopped, and a restart knows", async () => {
  await using state = await sharedState();
  const marker = `stubborn-${crypto.randomUUID()}`;
  await using first = await startDaemon("conductor", state.env);
  const at = (path: string) => first.origin + path;
  const { data: { task_id } } = await call(at("/v1/tasks"), {
    title: "stubborn",
    kind: "exec",
    payload: {
      command: `trap '' TERM; echo ${marker}; while :; do sleep 1; done`,
    },
  });
  await until(
    () => call(at(`/v1/tasks/${task_id}/logs`)),
    ({ data }) => data.count === 2,
  );
  await call(at("/v1/system/drain"), { reason: "a restart" });
  const follower = await fetch(at(`/v1/tasks/${task_id}/logs`), {
    headers: { accept: "text/event-stream" },
  });
  first.child.kill("SIGTERM");
  const { code } = await first.child.status;
  assertEquals(code, 0);
  const told = await follower.text();
  assert(told.includes("SHUTTING_DOWN"), told);
  assertEquals(await waitUntilGone(marker), []);

  await using second = await startDaemon("conductor", state.env);
  const { data } = await call(`${second.origin}/v1/system/state`);
  assertEquals([data.mode, data.drained, data.leader.term], [
    "draining",
    true,
    2,
  ]);
  assertEquals(data.automation.reason, "a restart");
  const task = await call(`${second.origin}/v1/tasks/${task_id}`);
  assertEquals([task.data.status, task.data.error.code], [
    "failed",
    "RUN_LOST",
  ]);
  assertEquals(task.data.latest_run.status, "lost");
  const controllers = await call(`${second.origin}/v1/controllers`);
  assertEquals(controllers.data.count, 1);
});
