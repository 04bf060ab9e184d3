import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { installFakeCodex } from "../../codexd/testing/fake_codex.ts";
import type { Json } from "../../shared/testing/json.ts";
import { textsIn } from "../testing/files.ts";
import { findRealCodex } from "../testing/real_codex.ts";
import { CodexdSmoke, dataOf, PLANTED } from "./testing/codexd_smoke.ts";

const codex = await findRealCodex();

Deno.test("the Codex side works with a stand-in for Codex", async (t) => {
  await using smoke = await CodexdSmoke.start(installFakeCodex);
  await prove(smoke, t);
});

Deno.test({
  name: "the Codex side works with the real Codex",
  ignore: codex === undefined,
  async fn(t) {
    await using smoke = await CodexdSmoke.start(() => codex ?? "");
    await prove(smoke, t);
  },
});

/** Shows what holds of a codexd and its conductor, a step a line. */
async function prove(smoke: CodexdSmoke, t: Deno.TestContext): Promise<void> {
  await t.step("GET /v1/codexd/status: the app-server is ready", async () => {
    const status = await smoke.until(
      () => smoke.askCodexd("/v1/codexd/status"),
      (data) => data.app_server.state === "ready",
    );
    assert(status.available && status.app_server.pid > 0);
  });

  await t.step("GET /v1/codex: conductor has found it", async () => {
    const codex = await smoke.until(
      () => smoke.ask("/v1/codex"),
      (data) => data.state === "healthy",
    );
    assert(codex.reachable && codex.codexd.available);
  });

  await t.step(
    "a session is made, and read through conductor and codexd",
    async () => {
      const made = await smoke.ask("/v1/codex/sessions", {
        cwd: smoke.folder,
        title: "Smoke",
        sandbox: "read-only",
      });
      assertEquals(made.status, 201);
      smoke.sessionId = dataOf(made).session_id;
      const path = `sessions/${smoke.sessionId}`;
      for (
        const answer of [
          await smoke.ask(`/v1/codex/${path}`),
          await smoke.askCodexd(`/v1/codexd/${path}`),
        ]
      ) assertEquals(dataOf(answer).session.title, "Smoke");
    },
  );

  await t.step(
    "a turn runs to its end, and is read in its session",
    async () => {
      const secret = `Authorization: Bearer ${PLANTED.bearer}`;
      const answer = await smoke.turn(`Say hello. ${secret}`);
      assertEquals(answer.status, "completed");
      assert(answer.final_message.startsWith("echo: Say hello."));
      const path = `/v1/codex/sessions/${smoke.sessionId}`;
      const { turns } = dataOf(await smoke.ask(path));
      assertEquals(turns.length, 1);
      assertEquals(turns[0].items.at(-1).text, answer.final_message);
      const { sessions } = dataOf(await smoke.ask("/v1/codex/sessions"));
      assertEquals(sessions[0].session_id, smoke.sessionId);
    },
  );

  await t.step(
    "a running turn refuses a second one, is told, and is interrupted",
    async () => {
      await using follower = smoke.follow();
      await follower.opened;
      const input = "@model:text n=1000 delay=50";
      const started = await smoke.turn(input, { wait: false });
      await follower.until((event) => event.type === "message.delta");
      const body = { session_id: smoke.sessionId, input: "another" };
      const second = await smoke.ask("/v1/codex/turn", body);
      assertEquals([second.status, second.error?.code], [409, "CONFLICT"]);
      const ended = dataOf(
        await smoke.ask("/v1/codex/turn", {
          session_id: smoke.sessionId,
          action: "interrupt",
          wait: true,
        }),
      );
      assertEquals(
        [ended.turn_id, ended.status],
        [started.turn_id, "interrupted"],
      );
    },
  );

  await t.step(
    "conductor relays the events and resumes behind the last one",
    async () => {
      const { seq } = dataOf(await smoke.askCodexd("/v1/codexd/status")).events;
      const response = await fetch(
        `${smoke.conductor.origin}/v1/codex/events`,
        {
          headers: {
            accept: "text/event-stream",
            "last-event-id": String(seq - 2),
          },
        },
      );
      let text = "";
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk, { stream: true });
        if (text.includes(`id: ${seq}\n`)) break;
      }
      assert(text.includes(`id: ${seq - 1}\n`), text);
      assert(!text.includes(`id: ${seq - 2}\n`), text);
    },
  );

  await t.step("the events are polled, those that are wanted", async () => {
    const path = "/v1/codex/events?after=0&types=turn.completed&limit=1";
    const { events, last_seq } = dataOf(await smoke.ask(path));
    assertEquals(events.map(({ type, seq }: Json) => [type, seq]), [
      ["turn.completed", last_seq],
    ]);
  });

  await t.step(
    "what Codex asks is seen with wait_ms, and answered over HTTP, once",
    async () => {
      for (
        const [input, answer, decision] of [
          [
            '@model:shell cmd="true" escalate=1',
            { decision: "accept" },
            "accept",
          ],
          [
            '@model:shell cmd="true" escalate=1',
            { decision: "decline" },
            "decline",
          ],
          [
            '@model:ask options="a,b"',
            { answers: { choice: "b" } },
            "answered",
          ],
        ] as const
      ) {
        const turn = smoke.turn(`${input} @model:text text=done`);
        const { approvals: [asked] } = dataOf(
          await smoke.ask("/v1/codex/approvals?wait_ms=20000"),
        );
        assertEquals(asked.session_id, smoke.sessionId);
        const path = `/v1/codex/approvals/${asked.approval_id}`;
        assertEquals(dataOf(await smoke.ask(path, answer)).decision, decision);
        const { final_message, turn_id } = await turn;
        assertEquals([final_message, turn_id], ["done", asked.turn_id]);
        const late = await smoke.ask(path, answer);
        assertEquals([late.status, late.error?.details.decided_by], [
          409,
          "local",
        ]);
      }
    },
  );

  await t.step(
    "a task that waits for a person says so, and goes on when answered",
    async () => {
      const prompt = '@model:shell cmd="true" escalate=1 @model:text text=done';
      const { task_id } = dataOf(
        await smoke.ask("/v1/tasks", {
          title: "Ask a person",
          kind: "codex",
          payload: { prompt, session_id: smoke.sessionId },
        }),
      );
      const path = `/v1/tasks/${task_id}`;
      const { next } = await smoke.until(
        () => smoke.ask(path),
        ({ waits_for }) => waits_for.length === 1,
      );
      const call = next.find(({ method }: Json) => method === "POST");
      await smoke.ask(call.path, { decision: "accept" });
      await smoke.until(
        () => smoke.ask(path),
        ({ status }) => status === "succeeded",
      );
    },
  );

  await t.step(
    "a turn has a budget, is compacted, and its session is forked and archived",
    async () => {
      const over = await smoke.turn("@model:text text=x @model:hang", {
        max_total_tokens: 1,
      });
      assertEquals(
        [over.status, over.turn.reason],
        ["interrupted", "BUDGET_EXCEEDED"],
      );
      const body = { session_id: smoke.sessionId, wait: true };
      const compact = { ...body, action: "compact" };
      const compacted = dataOf(await smoke.ask("/v1/codex/turn", compact));
      assertEquals(compacted.status, "completed");
      const refused = await smoke.ask("/v1/codex/turn", {
        ...body,
        prompt: [{ type: "local_image", path: "no-such.png" }],
      });
      assertEquals(refused.status, 400);
      const fork_of = smoke.sessionId;
      const fork = await smoke.ask("/v1/codex/sessions", { fork_of });
      assertEquals(dataOf(fork).session.fork_of, smoke.sessionId);
      const { session_id } = dataOf(fork);
      const away = { session_id, archived: true };
      const archived = await smoke.ask("/v1/codex/sessions", away);
      assertEquals(dataOf(archived).session.archived, true);
    },
  );

  await t.step(
    "tokens are summed by session, and models are named",
    async () => {
      const sums = dataOf(await smoke.ask("/v1/codex/usage?group_by=session"));
      const own = sums.usage.find((it: { key: string }) =>
        it.key === smoke.sessionId
      );
      assert(own.total_tokens > 0 && sums.total.total_tokens > 0);
      const { models, account } = dataOf(
        await smoke.askCodexd("/v1/codexd/status"),
      );
      assert(Array.isArray(models) && account.logged_in);
    },
  );

  await t.step("a task of kind codex runs a turn and logs it", async () => {
    const { task_id } = dataOf(
      await smoke.ask("/v1/tasks", {
        title: "Ask Codex",
        kind: "codex",
        payload: { prompt: "from a task", session_id: smoke.sessionId },
      }),
    );
    await smoke.until(
      () => smoke.ask(`/v1/tasks/${task_id}`),
      (task) => task.status === "succeeded",
    );
    const logs = dataOf(await smoke.ask(`/v1/tasks/${task_id}/logs`));
    const text = JSON.stringify(logs.entries);
    assert(text.includes("echo: from a task"), text);
  });

  await t.step(
    "the app-server is killed in mid-turn: told at once, and it goes on",
    async () => {
      const before = dataOf(await smoke.askCodexd("/v1/codexd/status"));
      const waiting = smoke.turn("@model:text n=1000 delay=50");
      await smoke.until(
        () => smoke.askCodexd("/v1/codexd/status"),
        (data) => data.sessions.active_turns.length === 1,
      );
      Deno.kill(before.app_server.pid, "SIGKILL");
      assertEquals((await waiting).status, "interrupted_by_restart");
      assertEquals((await smoke.turn("and on")).status, "completed");
      const after = dataOf(await smoke.askCodexd("/v1/codexd/status"));
      assertEquals(after.app_server.restarts, 1);
      assert(after.events.seq > before.events.seq);
    },
  );

  await t.step(
    "logs/codexd/** and state/codexd/** are there, for the owner alone",
    async () => {
      const paths = new Set<string>();
      for (const folder of ["logs/codexd", "state/codexd"]) {
        for (const [path, text] of await textsIn(join(smoke.folder, folder))) {
          const { mode } = await Deno.stat(path);
          assertEquals((mode ?? 0) & 0o777, 0o600, path);
          if (text !== "") {
            const name = path.slice(smoke.folder.length);
            paths.add(name.replace(/-.*|\.\d+\.jsonl$/, ""));
          }
        }
      }
      for (
        const path of [
          "/logs/codexd/codexd",
          "/logs/codexd/app",
          "/state/codexd/key",
          "/state/codexd/sessions.jsonl",
          "/state/codexd/events/events",
        ]
      ) assert(paths.has(path), `${path} is not in ${[...paths]}`);
    },
  );

  await t.step("no planted secret is in a log", async () => {
    for (const [path, text] of await textsIn(join(smoke.folder, "logs"))) {
      for (const secret of Object.values(PLANTED)) {
        assert(!text.includes(secret), `${path} holds ${secret}`);
      }
    }
  });

  await t.step(
    "without codexd conductor says so, and stays ready",
    async () => {
      smoke.codexd.child.kill("SIGTERM");
      await smoke.codexd.child.status;
      await smoke.until(
        () => smoke.ask("/v1/codex"),
        (data) => data.state === "down" && !data.reachable,
      );
      const refused = await smoke.ask("/v1/codex/sessions", {});
      assertEquals(
        [refused.status, refused.error?.code],
        [503, "CODEXD_UNAVAILABLE"],
      );
      const ready = await fetch(`${smoke.conductor.origin}/readyz`);
      assertEquals(await ready.text(), "ready");
    },
  );
}
