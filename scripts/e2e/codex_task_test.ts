import { assert, assertEquals } from "@std/assert";
import { CodexRig } from "../testing/codex_rig.ts";
import { startDaemon } from "../testing/daemon.ts";
import type { Json } from "../../shared/testing/json.ts";
import { until } from "../../shared/testing/until.ts";
import { call } from "../testing/http.ts";
import { findRealCodex } from "../testing/real_codex.ts";

const codex = await findRealCodex();

/** A conductor beside a rig, that has found its codexd. */
async function startConductor(rig: CodexRig) {
  const conductor = await startDaemon("conductor", rig.conductorEnv);
  const api = async (path: string, body?: unknown) => {
    const answer = await call(conductor.origin + path, body);
    assert(answer.ok, JSON.stringify(answer.error));
    return answer.data;
  };
  const wait = (path: string, isWanted: (data: Json) => boolean) =>
    until(() => api(path), isWanted, { withinMs: 60_000 });
  return {
    api,
    until: wait,
    [Symbol.asyncDispose]: () => conductor[Symbol.asyncDispose](),
  };
}

const newTask = (rig: CodexRig, prompt: string, more = {}) => ({
  title: "Codex",
  kind: "codex",
  payload: { prompt, cwd: rig.work, sandbox: "workspace-write" },
  ...more,
});

Deno.test({
  name: "real Codex: a task runs a command, and its log tells of it",
  ignore: codex === undefined,
  async fn() {
    await using rig = await CodexRig.start(codex ?? "");
    await using conductor = await startConductor(rig);
    const prompt =
      '@model:shell cmd="echo from-codex" @model:text text="all done"';
    const { task_id } = await conductor.api("/v1/tasks", newTask(rig, prompt));
    const task = await conductor.until(
      `/v1/tasks/${task_id}`,
      (it) => it.status === "succeeded" || it.status === "failed",
    );
    assertEquals(task.status, "succeeded");
    const { entries } = await conductor.api(
      `/v1/tasks/${task_id}/logs?limit=200`,
    );
    const lines = entries.map((it: { stream: string; message: string }) =>
      `${it.stream}: ${it.message}`
    );
    assert(lines.includes("stdout: from-codex"), lines.join("\n"));
    assert(lines.includes("stdout: all done"), lines.join("\n"));
  },
});

Deno.test({
  name: "real Codex: canceling a task interrupts its turn",
  ignore: codex === undefined,
  async fn() {
    await using rig = await CodexRig.start(codex ?? "");
    await using conductor = await startConductor(rig);
    const { task_id } = await conductor.api(
      "/v1/tasks",
      newTask(rig, "@model:text n=1000 delay=50"),
    );
    await conductor.until(
      "/v1/codex",
      (it) => it.codexd?.sessions.active_turns.length === 1,
    );
    await conductor.api(`/v1/tasks/${task_id}/cancel`, {});
    const task = await conductor.until(
      `/v1/tasks/${task_id}`,
      (it) => it.status !== "running",
    );
    assertEquals(task.status, "canceled");
    const [session] = (await rig.data("/v1/codexd/sessions") as {
      sessions: { session_id: string }[];
    }).sessions;
    const { turns } = await rig.read(session?.session_id ?? "");
    assertEquals(turns[0]?.status, "interrupted");
  },
});

Deno.test({
  name: "real Codex: a task sees its turn through a kill -9 of codexd",
  ignore: codex === undefined,
  async fn() {
    await using rig = await CodexRig.start(codex ?? "");
    await using conductor = await startConductor(rig);
    const { task_id } = await conductor.api(
      "/v1/tasks",
      newTask(rig, "@model:text n=1000 delay=50"),
    );
    await conductor.until(
      "/v1/codex",
      (it) => it.codexd?.sessions.active_turns.length === 1,
    );
    await rig.kill();
    await conductor.until("/v1/codex", (it) => it.state === "down");
    await rig.restart();
    const task = await conductor.until(
      `/v1/tasks/${task_id}`,
      (it) => it.status !== "running",
    );
    assertEquals([task.status, task.error.code], [
      "failed",
      "TURN_INTERRUPTED",
    ]);
    await conductor.until("/v1/codex", (it) => it.state === "healthy");
  },
});

Deno.test({
  name:
    "real Codex: a task over its budget fails with it, and its tokens are its own",
  ignore: codex === undefined,
  async fn() {
    await using rig = await CodexRig.start(codex ?? "");
    await using conductor = await startConductor(rig);
    const payload = {
      input: '@model:shell cmd="true" @model:shell cmd="true" @model:text',
      cwd: rig.work,
      max_total_tokens: 130,
    };
    const { task_id } = await conductor.api("/v1/tasks", {
      title: "Codex",
      kind: "codex",
      payload,
    });
    const task = await conductor.until(
      `/v1/tasks/${task_id}`,
      (it) => it.status === "succeeded" || it.status === "failed",
    );
    assertEquals([task.status, task.error?.code], [
      "failed",
      "BUDGET_EXCEEDED",
    ]);
    const { usage } = await conductor.api("/v1/codex/usage?group_by=task");
    assertEquals(
      usage.map((it: Json) => [it.key, it.turns, it.total_tokens]),
      [[task_id, 1, 240]],
    );
  },
});
