import { until } from "../../../shared/testing/until.ts";
import { endless } from "./host_clients.ts";
import type { EndStatus } from "./ledger.ts";
import { type Desk, expect, type MakeClient } from "./soak_client.ts";

/** Makes a task that must end with a status; returns its id. */
export async function makeTask(
  { desk, kind, ends }: {
    readonly desk: Desk;
    readonly kind: string;
    readonly ends: EndStatus;
  },
  body: Record<string, unknown>,
): Promise<string> {
  const { task_id } = await desk.post(kind, "/v1/tasks", {
    title: `Soak: ${kind}`,
    kind: "exec",
    ...body,
  });
  desk.ledger.tasks.set(task_id, ends);
  return task_id;
}

/** Reads a task until it has ended as it must. */
export async function endOf(desk: Desk, taskId: string) {
  const task = await until(
    () => desk.get("task, read", `/v1/tasks/${taskId}`),
    (it) => it.finished_at !== null,
    { withinMs: 120_000, everyMs: 200 },
  );
  expect(task.status, desk.ledger.tasks.get(taskId));
  return task;
}

const short: MakeClient = (desk) => ({
  everyMs: 700,
  async act(round) {
    const isGood = round % 5 !== 0;
    const kind = "task, made";
    const ends = isGood ? "succeeded" : "failed";
    const command = `echo ${round}; exit ${isGood ? 0 : 4}`;
    const id = await makeTask({ desk, kind, ends }, { payload: { command } });
    await endOf(desk, id);
    const { entries } = await desk.get("task, log", `/v1/tasks/${id}/logs`);
    const printed = entries.filter((it: { stream: string }) =>
      it.stream === "stdout"
    );
    expect(printed.map((it: { message: string }) => it.message), [`${round}`]);
  },
});

const canceled: MakeClient = (desk) => ({
  everyMs: 3000,
  async act(round) {
    const id = await makeTask(
      { desk, kind: "task, made", ends: "canceled" },
      { payload: { command: endless(desk) }, survive: round % 2 === 0 },
    );
    if (round % 3 > 0) {
      await until(
        () => desk.get("task, read", `/v1/tasks/${id}`),
        (it) => it.status === "running",
        { everyMs: 100 },
      );
    }
    await desk.post("task, canceled", `/v1/tasks/${id}/cancel`, {});
    await endOf(desk, id);
  },
});

/** Prints numbered lines for some seconds and ends with a code of its own. */
const surviving: MakeClient = (desk) => ({
  everyMs: 1500,
  async act(round) {
    const count = 10 + (round % 3) * 10;
    const code = round % 4;
    const command = `i=0; while [ $i -lt ${count} ]; do i=$((i + 1)); ` +
      `echo "line $i"; sleep 0.1; done; exit ${code}`;
    const ends = code === 0 ? "succeeded" : "failed";
    const id = await makeTask(
      { desk, kind: "task, made", ends },
      { payload: { command }, survive: true },
    );
    const { latest_run } = await endOf(desk, id);
    expect(latest_run.outcome.result.exit_code, code);
    const path = `/v1/runs/${latest_run.run_id}/output?stream=stdout`;
    const { content } = await desk.get("run, output", path);
    const lines = Array.from({ length: count }, (_, i) => `line ${i + 1}\n`);
    expect(content, lines.join(""));
  },
});

const detached: MakeClient = (desk) => ({
  everyMs: 4000,
  async act(round) {
    const { taskId } = await desk.post("exec, detached", "/v1/exec", {
      command: `sleep 0.5; echo ${round}`,
      detach: true,
      waitMs: 100,
    });
    desk.ledger.tasks.set(taskId, "succeeded");
    await endOf(desk, taskId);
  },
});

/** Automation stands still now and then. */
const pausing: MakeClient = (desk) => ({
  everyMs: 15_000,
  async act() {
    await desk.post("mode", "/v1/system/pause", { reason: "soak" });
    const id = await makeTask(
      { desk, kind: "task, made", ends: "succeeded" },
      { payload: { command: "true" } },
    );
    const { status } = await desk.get("task, read", `/v1/tasks/${id}`);
    expect(status, "queued");
    await desk.post("mode", "/v1/system/resume", {});
    await endOf(desk, id);
  },
});

/** Who gives conductor work that outlives the request. */
export const TASK_CLIENTS: Readonly<Record<string, MakeClient>> = {
  short,
  canceled,
  surviving,
  detached,
  pausing,
};
