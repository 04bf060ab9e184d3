import { assertEquals } from "@std/assert";
import { nearestPaths } from "./nearest_paths.ts";

const PATHS = [
  "/v1/tasks",
  "/v1/tasks/:task_id",
  "/v1/tasks/:task_id/logs",
  "/v1/exec",
  "/v1/runs",
];

Deno.test("nearestPaths() finds what a wrong path stands for", () => {
  const cases = [
    ["/v1/task", "/v1/tasks"],
    ["/v1/tasks", "/v1/tasks"],
    ["/V1/Exec", "/v1/exec"],
    ["/v1/task/task_1", "/v1/tasks/:task_id"],
    ["/v1/tasks/task_1/log", "/v1/tasks/:task_id/logs"],
    ["/exec", "/v1/exec"],
    ["/v1/tasks/task_1/lgs", "/v1/tasks/:task_id/logs"],
  ] as const;
  for (const [wrong, expected] of cases) {
    assertEquals(nearestPaths(wrong, PATHS)[0], expected, wrong);
  }
  for (const wrong of ["/something/else/entirely", "/v1/tasks/task_1/output"]) {
    assertEquals(nearestPaths(wrong, PATHS), [], wrong);
  }
  assertEquals(nearestPaths("/v1/files", ["/", "/v1/files/read", "/v1/runs"]), [
    "/v1/files/read",
  ]);
});
