import { connectMcp } from "../../../shared/testing/mcp_client.ts";
import { endOf, makeTask } from "./task_clients.ts";
import { expect, type MakeClient } from "./soak_client.ts";

/** Turns of a session, before another one is made. */
const TURNS = 15;

const mcp: MakeClient = (desk) => ({
  everyMs: 1500,
  async act(round) {
    const { origin, token } = desk.stage;
    const era = round % 2 === 0 ? "modern" : "legacy";
    await using it = await connectMcp(`${origin}/mcp`, { era, token });
    const ran = await desk.ledger.time(
      "MCP host_exec",
      () =>
        it.call("host_exec", {
          command: `echo ${round}`,
          timeoutMs: desk.daemonMs(30_000),
        }),
    );
    const { pending, taskId, result } = ran.data;
    if (pending) {
      // At a faster time a busy machine is slow enough for it to be handed over.
      desk.ledger.tasks.set(taskId, "succeeded");
      await endOf(desk, taskId);
    } else expect(result.stdout, `${round}\n`);
    const listed = await desk.ledger.time(
      "MCP tasks_list",
      () => it.call("tasks_list", { limit: 5 }),
    );
    expect(listed.isError ?? false, false);
  },
});

const turns: MakeClient = (desk) => {
  let session_id: string | undefined;
  return {
    everyMs: 1500,
    async act(round) {
      const { work: cwd } = desk.stage;
      if (round % TURNS === 0 || session_id === undefined) {
        const made = await desk.post(
          "Codex, session",
          "/v1/codex/sessions",
          { cwd },
        );
        session_id = made.session_id;
      }
      const { status } = await desk.post("Codex, turn", "/v1/codex/turn", {
        session_id,
        input: '@model:text n=20 text="word "',
        wait: true,
        timeout_ms: desk.daemonMs(60_000),
      });
      expect(status, "completed");
    },
  };
};

const codexTasks: MakeClient = (desk) => ({
  everyMs: 8000,
  async act() {
    const id = await makeTask(
      { desk, kind: "task, made", ends: "succeeded" },
      {
        kind: "codex",
        payload: { prompt: "@model:text n=5", cwd: desk.stage.work },
      },
    );
    await endOf(desk, id);
  },
});

/** Agents: MCP, and Codex with its turns. */
export const AGENT_CLIENTS: Readonly<Record<string, MakeClient>> = {
  mcp,
  turns,
  codexTasks,
};
