import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";
import { until } from "../../shared/testing/until.ts";

Deno.test("conductor holds every assertion on controllers, tasks, runs and pause over HTTP", async () => {
  await using conductor = await startDaemon("conductor");
  const get = (path: string) => call(conductor.origin + path);
  const post = (path: string, body?: unknown) =>
    call(conductor.origin + path, body);

  const business = await get("/describe/business");
  const businessEndpoints = JSON.stringify(business.data.endpoints);
  assertMatch(businessEndpoints, /\/v1\/tasks/u);
  assertNotMatch(businessEndpoints, /\/v1\/system\/pause/u);
  const control = await get("/describe/control");
  const controlEndpoints = JSON.stringify(control.data.endpoints);
  assertMatch(controlEndpoints, /\/v1\/system\/pause/u);
  assertNotMatch(controlEndpoints, /\/v1\/tasks/u);
  assertEquals((await get("/health")).data.status, "ok");

  const controllers = await get("/v1/controllers?limit=5");
  assertEquals(controllers.data.count, 1);
  assertEquals(controllers.data.controllers[0].controller_id, "mini-main");
  assertEquals(controllers.data.controllers[0].is_leader, true);

  const created = await post("/v1/tasks", {
    title: "demo",
    kind: "exec",
    payload: { command: "echo hello from local api; sleep 0.5" },
  });
  assertEquals(created.status, 201);
  const { task_id } = created.data;
  const running = await until(
    () => get("/v1/tasks?status=running&limit=5"),
    ({ data }) => data.count === 1,
  );
  assertEquals(running.data.tasks[0].task_id, task_id);
  await until(
    () => get(`/v1/tasks/${task_id}`),
    ({ data }) => data.status === "succeeded",
  );
  assertEquals((await get(`/v1/tasks/${task_id}`)).data.task_id, task_id);

  const logs = await get(`/v1/tasks/${task_id}/logs?limit=10`);
  assertEquals(logs.data.task_id, task_id);
  assertEquals(
    logs.data.entries.map((it: { message: string }) => it.message),
    ["Attempt 1 of 1 starts", "hello from local api"],
  );

  const runs = await get("/v1/runs?limit=5");
  assertEquals(runs.data.count, 1);
  const { run_id } = runs.data.runs[0];
  assertEquals((await get(`/v1/runs/${run_id}`)).data.run_id, run_id);

  const paused = await post("/v1/system/pause", {
    reason: "human_clicked_pause",
    requested_by: "test",
  });
  assertEquals(paused.status, 200);
  assertEquals(paused.data.mode, "paused");
  assertEquals((await get("/v1/system/state")).data.mode, "paused");
});
