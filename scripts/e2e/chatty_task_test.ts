import { assert, assertEquals } from "@std/assert";
import { startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";

const LINES = 5_500_000;

Deno.test("a task that prints faster than its log is written is not held back, and says what was dropped", async () => {
  await using conductor = await startDaemon("conductor");
  const at = (path: string) => conductor.origin + path;
  const { status, data: task } = await call(at("/v1/tasks?wait_ms=55000"), {
    title: "chatty",
    kind: "exec",
    payload: { command: `yes | head -c ${2 * LINES}; echo the end` },
    timeout_ms: 50_000,
  });
  assertEquals([status, task.status], [201, "succeeded"]);
  assertEquals(task.latest_run.outcome.result.stdout_bytes, 2 * LINES + 8);
  assertEquals(task.log.entries.at(-1).message, "the end");

  let printed = 0;
  let dropped = 0;
  let after = 0;
  while (true) {
    const { data } = await call(
      at(`/v1/tasks/${task.task_id}/logs?after=${after}&limit=200`),
    );
    for (const { stream, message } of data.entries) {
      const count = /^log\.dropped: (\d+) lines of stdout/.exec(message)?.[1];
      if (stream === "stdout") printed++;
      else dropped += Number(count ?? 0);
    }
    if (data.next.length === 0) break;
    after = data.last_seq;
  }
  assertEquals(printed + dropped, LINES + 1);
  assert(printed > 10_000, `${printed} lines are kept`);
  const { data: { events } } = await call(at("/v1/events?after=0&limit=200"));
  const told = events.find((it: { type: string }) => it.type === "log.dropped");
  assertEquals(told.data.lines, dropped);
});
