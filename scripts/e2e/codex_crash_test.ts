import { assertEquals, assertMatch } from "@std/assert";
import { exists } from "@std/fs";
import { pause, until } from "../../shared/testing/until.ts";
import { CodexRig } from "../testing/codex_rig.ts";
import { waitUntilGone } from "../../shared/testing/processes.ts";
import { findRealCodex } from "../testing/real_codex.ts";

const codex = await findRealCodex();

/** Outside of any sandbox, so that nothing but codexd ends what is left. */
const FULL = { BAA_CODEX_MAX_SANDBOX: "danger-full-access" };

/** Registers a test with a turn whose command runs. */
function test(
  name: string,
  run: (
    rig: CodexRig,
    at: { readonly id: string; readonly marker: string; readonly seq: number },
  ) => Promise<void>,
): void {
  Deno.test({
    name: `real Codex: ${name}`,
    ignore: codex === undefined,
    async fn() {
      await using rig = await CodexRig.start(codex ?? "", FULL);
      const id = await rig.session({ sandbox: "danger-full-access" });
      await rig.turn(id, "a turn before");
      const marker = `61${Math.floor(Math.random() * 1e6)}.5`;
      const file = `${rig.work}/started`;
      await rig.turn(
        id,
        `@model:shell cmd="touch started; trap '' HUP TERM; sleep ${marker} & wait"`,
        { wait: false },
      );
      while (!await exists(file)) await pause(20);
      const { seq } = (await rig.status()).events;
      await run(rig, { id, marker: `sleep ${marker}`, seq });
      assertEquals(await waitUntilGone(`sleep ${marker}`), []);
    },
  });
}

test(
  "kill -9 of the app-server: waiting calls hear at once, nothing is left, the session goes on",
  async (rig, at) => {
    const { pid } = (await rig.status()).app_server;
    const waiting = rig.data("/v1/codexd/turn", {
      session_id: at.id,
      action: "steer",
      input: "more",
      wait: true,
    }) as Promise<{ status: string; turn: { error: { message: string } } }>;
    await pause(100);
    const since = performance.now();
    Deno.kill(pid ?? 0, "SIGKILL");
    const answer = await waiting;
    assertEquals(performance.now() - since < 1500, true);
    assertEquals(answer.status, "interrupted_by_restart");
    assertEquals(
      answer.turn.error.message,
      "the app-server was killed by SIGKILL",
    );
    assertEquals(await waitUntilGone(at.marker), []);
    assertEquals((await rig.turn(at.id, "after")).status, "completed");
    const { app_server } = await rig.status();
    assertEquals([app_server.state, app_server.restarts], ["ready", 1]);
    const ended = app_server.last_exit?.orphans_ended ?? 0;
    assertEquals(ended >= 1, true, `${ended} orphans ended`);
    assertEquals((await rig.read(at.id)).turns.length, 3);
  },
);

test(
  "kill -9 of codexd: nothing is left, sessions are readable and usable, numbers go on",
  async (rig, at) => {
    assertEquals(await hasProcesses(rig), true);
    await rig.kill();
    assertEquals(await waitUntilGone(at.marker), []);
    await until(() => hasProcesses(rig), (left) => !left);
    await rig.restart();
    await checkAfterRestart(rig, at);
  },
);

test("kill -9 of both at once: the same", async (rig, at) => {
  const { pid } = (await rig.status()).app_server;
  await rig.kill();
  Deno.kill(pid ?? 0, "SIGKILL");
  await rig.restart();
  await checkAfterRestart(rig, at);
});

async function checkAfterRestart(
  rig: CodexRig,
  at: { readonly id: string; readonly seq: number },
): Promise<void> {
  await using follower = rig.follow(`?after=${at.seq}`);
  const ended = await follower.until((event) =>
    event.type === "turn.completed"
  );
  assertEquals(ended.data.status, "interrupted_by_restart");
  const [first] = follower.events;
  assertEquals(first?.seq, at.seq + 1);
  const before = await rig.read(at.id);
  assertEquals(before.turns.map((turn) => turn.status), [
    "completed",
    "interrupted_by_restart",
  ]);
  const answer = await rig.turn(at.id, "after");
  assertEquals(
    [answer.status, answer.final_message],
    ["completed", "echo: after"],
  );
}

Deno.test({
  name:
    "real Codex: SIGTERM to codexd interrupts the turn, answers who waits, leaves nothing",
  ignore: codex === undefined,
  async fn() {
    await using rig = await CodexRig.start(codex ?? "");
    const id = await rig.session();
    const { pid } = (await rig.status()).app_server;
    await using follower = rig.follow();
    await follower.opened;
    const waiting = rig.turn(id, "@model:text n=1000 delay=50");
    await follower.until((event) => event.type === "message.delta");
    const stopped = rig.kill("SIGTERM");
    assertEquals((await waiting).status, "interrupted");
    assertEquals((await follower.closed).code, 1001);
    await stopped;
    assertEquals(isAlive(pid ?? 0), false);
    await rig.restart();
    const { turns } = await rig.read(id);
    assertEquals(turns[0]?.status, "interrupted");
  },
});

Deno.test({
  name: "real Codex: nobody is logged in: it says so, with what to do",
  ignore: codex === undefined,
  async fn() {
    await using rig = await CodexRig.start(codex ?? "");
    await Deno.writeTextFile(`${rig.home}/config.toml`, "");
    await rig.restart();
    const { available, account, degraded_reasons } = await rig.status();
    assertEquals([available, account.logged_in], [false, false]);
    assertMatch(degraded_reasons.join(), /not logged in.*codex login/);
    const { status, error } = await rig.call("/v1/codexd/sessions", {});
    assertEquals([status, error.code], [503, "CODEXD_UNAVAILABLE"]);
    await Deno.writeTextFile(
      `${rig.home}/auth.json`,
      '{"OPENAI_API_KEY":"sk-not-a-real-key-000"}',
    );
    await rig.session();
    const after = await rig.status();
    assertEquals([after.available, after.account.auth_mode], [true, "apiKey"]);
  },
});

/** Whether Codex, or what it started, runs with this rig's home. */
async function hasProcesses({ home }: CodexRig): Promise<boolean> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["axeww", "-o", "command="],
  }).output();
  return new TextDecoder().decode(stdout).includes(`CODEX_HOME=${home}`);
}

function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}
