import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { Answer } from "../testing/http.ts";
import { type CodexdSmoke, SECRETS } from "./codexd_context.ts";
import type { SmokeStep } from "./smoke.ts";

/** The data of a success. */
function dataOf(answer: Answer) {
  assert(answer.ok, `${answer.status} ${JSON.stringify(answer.error)}`);
  return answer.data;
}

/** Asks until the answer is as wanted: a start takes a moment. */
async function until(
  ask: () => Promise<Answer>,
  // deno-lint-ignore no-explicit-any -- each step knows what it asked for
  isWanted: (data: any) => boolean,
  // deno-lint-ignore no-explicit-any -- as above
): Promise<any> {
  const deadline = performance.now() + 20_000;
  while (true) {
    const answer = await ask();
    if (answer.ok && isWanted(answer.data)) return answer.data;
    assert(
      performance.now() < deadline,
      `It did not come: ${JSON.stringify(answer.data ?? answer.error)}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs a turn of the shared session through conductor. */
async function turn(smoke: CodexdSmoke, input: string, more = {}) {
  const session_id = smoke.sessionId;
  const body = { session_id, input, wait: true, ...more };
  return dataOf(await smoke.ask("/v1/codex/turn", body));
}

export const SESSION_STEPS: readonly SmokeStep<CodexdSmoke>[] = [
  {
    name: "GET /v1/codexd/status: the app-server is ready",
    async run(smoke) {
      const status = await until(
        () => smoke.askCodexd("/v1/codexd/status"),
        (data) => data.app_server.state === "ready",
      );
      assert(status.available && status.app_server.pid > 0);
    },
  },
  {
    name: "GET /v1/codex: conductor has found it",
    async run(smoke) {
      const codex = await until(
        () => smoke.ask("/v1/codex"),
        (data) => data.state === "healthy",
      );
      assert(codex.reachable && codex.codexd.available);
    },
  },
  {
    name: "a session is made, and read through conductor and codexd",
    async run(smoke) {
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
  },
  {
    name: "a turn runs to its end, and is read in its session",
    async run(smoke) {
      const secret = `Authorization: Bearer ${SECRETS.bearer}`;
      const answer = await turn(smoke, `Say hello. ${secret}`);
      assertEquals(answer.status, "completed");
      assert(answer.final_message.startsWith("echo: Say hello."));
      const path = `/v1/codex/sessions/${smoke.sessionId}`;
      const { turns } = dataOf(await smoke.ask(path));
      assertEquals(turns.length, 1);
      assertEquals(turns[0].items.at(-1).text, answer.final_message);
      const { sessions } = dataOf(await smoke.ask("/v1/codex/sessions"));
      assertEquals(sessions[0].session_id, smoke.sessionId);
    },
  },
  {
    name: "a running turn refuses a second one, is told, and is interrupted",
    async run(smoke) {
      await using follower = smoke.follow();
      await follower.opened;
      const input = "@model:text n=1000 delay=50";
      const started = await turn(smoke, input, { wait: false });
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
  },
  {
    name: "conductor relays the events and resumes behind the last one",
    async run(smoke) {
      const { seq } = dataOf(await smoke.askCodexd("/v1/codexd/status")).events;
      const response = await fetch(
        `${smoke.conductor.origin}/v1/codex/events`,
        { headers: { "last-event-id": String(seq - 2) } },
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
  },
  {
    name: "a task of kind codex runs a turn and logs it",
    async run(smoke) {
      const { task_id } = dataOf(
        await smoke.ask("/v1/tasks", {
          title: "Ask Codex",
          kind: "codex",
          payload: { prompt: "from a task", session_id: smoke.sessionId },
        }),
      );
      await until(
        () => smoke.ask(`/v1/tasks/${task_id}`),
        (task) => task.status === "succeeded",
      );
      const logs = dataOf(await smoke.ask(`/v1/tasks/${task_id}/logs`));
      const text = JSON.stringify(logs.entries);
      assert(text.includes("echo: from a task"), text);
    },
  },
];

export const CRASH_STEPS: readonly SmokeStep<CodexdSmoke>[] = [
  {
    name: "the app-server is killed in mid-turn: told at once, and it goes on",
    async run(smoke) {
      const before = dataOf(await smoke.askCodexd("/v1/codexd/status"));
      const waiting = turn(smoke, "@model:text n=1000 delay=50");
      await until(
        () => smoke.askCodexd("/v1/codexd/status"),
        (data) => data.sessions.active_turns.length === 1,
      );
      Deno.kill(before.app_server.pid, "SIGKILL");
      assertEquals((await waiting).status, "interrupted_by_restart");
      assertEquals((await turn(smoke, "and on")).status, "completed");
      const after = dataOf(await smoke.askCodexd("/v1/codexd/status"));
      assertEquals(after.app_server.restarts, 1);
      assert(after.events.seq > before.events.seq);
    },
  },
  {
    name: "logs/codexd/** and state/codexd/** are there, for the owner alone",
    async run(smoke) {
      const paths = new Set<string>();
      for (const folder of ["logs/codexd", "state/codexd"]) {
        for await (const path of filesIn(join(smoke.folder, folder))) {
          const { mode, size } = await Deno.stat(path);
          assertEquals((mode ?? 0) & 0o777, 0o600, path);
          if (size > 0) {
            paths.add(path.slice(smoke.folder.length).replace(/-.*/, ""));
          }
        }
      }
      for (
        const path of [
          "/logs/codexd/codexd",
          "/logs/codexd/app",
          "/state/codexd/sessions.jsonl",
          "/state/codexd/events/events",
        ]
      ) assert(paths.has(path), `${path} is not in ${[...paths]}`);
    },
  },
  {
    name: "no planted secret is in a log",
    async run(smoke) {
      for await (const path of filesIn(join(smoke.folder, "logs"))) {
        const text = await Deno.readTextFile(path);
        for (const secret of Object.values(SECRETS)) {
          assert(!text.includes(secret), `${path} holds ${secret}`);
        }
      }
    },
  },
  {
    name: "without codexd conductor says so, and stays ready",
    async run(smoke) {
      smoke.codexd.child.kill("SIGTERM");
      await smoke.codexd.child.status;
      await until(
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
  },
];

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* filesIn(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}
