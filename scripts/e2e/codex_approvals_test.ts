import { assert, assertEquals, assertMatch } from "@std/assert";
import { exists } from "@std/fs";
import type { TurnAnswer } from "../../shared/contracts/codexd_turn.ts";
import type { Json } from "../../shared/testing/json.ts";
import { until } from "../../shared/testing/until.ts";
import { CodexRig } from "../testing/codex_rig.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { type Answer, call } from "../testing/http.ts";
import { findRealCodex } from "../testing/real_codex.ts";

const codex = await findRealCodex();

/** A conductor beside a real codexd; the time to answer is longer than a test. */
class Pair implements AsyncDisposable {
  readonly rig: CodexRig;
  conductor: RunningDaemon;

  private constructor(rig: CodexRig, conductor: RunningDaemon) {
    this.rig = rig;
    this.conductor = conductor;
  }

  static async start(): Promise<Pair> {
    const rig = await CodexRig.start(codex ?? "", {
      BAA_CODEX_APPROVALS: "ask",
    });
    return new Pair(rig, await startDaemon("conductor", rig.conductorEnv));
  }

  /** Kills conductor, and starts it on the same state. */
  async restartConductor(): Promise<void> {
    this.conductor.child.kill("SIGKILL");
    await this.conductor[Symbol.asyncDispose]();
    this.conductor = await startDaemon("conductor", this.rig.conductorEnv);
  }

  ask(path: string, body?: unknown): Promise<Answer> {
    return call(this.conductor.origin + path, body);
  }

  async get(path: string): Promise<Json> {
    const answer = await this.ask(path);
    assert(answer.ok, JSON.stringify(answer.error));
    return answer.data;
  }

  /** What Codex asks, as soon as it does. */
  async asked(): Promise<Json> {
    const path = "/v1/codex/approvals";
    await until(() => this.ask(path), ({ ok }) => ok === true);
    const { approvals } = await this.get(`${path}?wait_ms=50000`);
    assertEquals(approvals.length, 1);
    return approvals[0];
  }

  answer(approvalId: string, body: unknown): Promise<Answer> {
    return this.ask(`/v1/codex/approvals/${approvalId}`, body);
  }

  /** Whether the command that asked has run. */
  hasRun(): Promise<boolean> {
    return exists(`${this.rig.work}/asked.txt`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.conductor[Symbol.asyncDispose]();
    await this.rig[Symbol.asyncDispose]();
  }
}

/** A turn whose command asks. */
const COMMAND =
  '@model:shell cmd="echo ran > asked.txt" escalate=1 @model:text text=done';
const SANDBOX = { sandbox: "workspace-write" };

function test(name: string, run: (pair: Pair) => Promise<void>): void {
  Deno.test({
    name: `real Codex: ${name}`,
    ignore: codex === undefined,
    async fn() {
      await using pair = await Pair.start();
      await run(pair);
    },
  });
}

test("a command is seen, accepted over HTTP, and runs; another is declined", async (pair) => {
  const { rig } = pair;
  const id = await rig.session(SANDBOX);
  for (const decision of ["decline", "accept"]) {
    const seen = pair.asked();
    const turn = rig.turn(id, COMMAND);
    const { approval_id, session_id, kind, request, expires_at } = await seen;
    assertEquals([session_id, kind, request.reason], [
      id,
      "command",
      "the test asks",
    ]);
    assertMatch(request.command, /echo ran > asked\.txt/);
    assert(Date.parse(expires_at) > Date.now() + 60_000);
    assertEquals(await pair.hasRun(), false);
    const { ok, data } = await pair.answer(approval_id, { decision });
    assertEquals([ok, data.decision, data.decided_by], [
      true,
      decision,
      "local",
    ]);
    assertEquals((await turn).status, "completed");
    assertEquals(await pair.hasRun(), decision === "accept");
  }
  const { entries } = await pair.get(
    "/v1/audit?action=codex.approvals.answer",
  );
  assertEquals(
    entries.filter(({ facts }: Json) => facts !== null)
      .map(({ facts }: Json) => facts.beyond_max_sandbox),
    [true, false],
  );
});

test("a patch that asks shows what it would change", async (pair) => {
  const { rig } = pair;
  const id = await rig.session({ sandbox: "read-only" });
  const file = `${rig.work}/asked.txt`;
  const turn = rig.turn(id, `@model:patch file=${file} text=patched`);
  const { approval_id, kind, request } = await pair.asked();
  assertEquals(kind, "file_change");
  const [{ path, diff }] = request.changes;
  assertEquals(path, file);
  assertMatch(diff, /patched/);
  await pair.answer(approval_id, { decision: "accept" });
  assertEquals((await turn).status, "completed");
  assertEquals(await Deno.readTextFile(file), "patched\n");
});

test("of two that answer at once one wins, and the other is told who", async (pair) => {
  const { rig } = pair;
  const id = await rig.session(SANDBOX);
  const turn = rig.turn(id, COMMAND);
  const { approval_id } = await pair.asked();
  const body = { action: "respond", approval_id, decision: "decline" };
  const both = await Promise.all([
    pair.answer(approval_id, { decision: "accept" }),
    rig.call("/v1/codexd/turn", body),
  ]);
  const [won, lost] = both[0].ok ? both : both.toReversed();
  assertEquals([won?.ok, lost?.status, lost?.error?.code], [
    true,
    409,
    "CONFLICT",
  ]);
  const decided = both[0].ok ? "accept" : "decline";
  const { details, message } = lost?.error as Json;
  assertEquals(details.decision, decided);
  assertMatch(message, new RegExp(`local decided "${decided}" at 20`));
  assertEquals((await turn).status, "completed");
  assertEquals(await pair.hasRun(), decided === "accept");
});

test("an approval outlives a kill -9 of conductor, and is answered after it", async (pair) => {
  const { rig } = pair;
  const id = await rig.session(SANDBOX);
  const turn = rig.turn(id, COMMAND);
  const before = await pair.asked();
  await pair.restartConductor();
  const { approval_id, expires_at } = await pair.asked();
  assertEquals([approval_id, expires_at], [
    before.approval_id,
    before.expires_at,
  ]);
  assertEquals(await pair.hasRun(), false);
  const { ok } = await pair.answer(approval_id, { decision: "accept" });
  assertEquals([ok, (await turn).status, await pair.hasRun()], [
    true,
    "completed",
    true,
  ]);
});

for (const retry_lost of [false, true]) {
  const then = retry_lost ? "is asked for anew" : "is not to be had any more";
  test(`after a kill -9 of conductor what a task's lost run asked ${then}`, async (pair) => {
    const { rig } = pair;
    const payload = { prompt: COMMAND, cwd: rig.work, ...SANDBOX };
    const task = { title: "Ask", kind: "codex", payload, retry_lost };
    const { task_id } = (await pair.ask("/v1/tasks", task)).data;
    const before = await pair.asked();
    assertEquals(before.task_id, task_id);
    await pair.restartConductor();
    await until(
      () => pair.ask(`/v1/codex`),
      ({ data }) =>
        data?.codexd?.approvals.items.every((it: Json) =>
          it.approval_id !== before.approval_id
        ),
      { withinMs: 60_000 },
    );
    const late = await pair.answer(before.approval_id, { decision: "accept" });
    assertEquals([late.status, late.error?.code], [409, "CONFLICT"]);
    const path = `/v1/tasks/${task_id}`;
    if (retry_lost) {
      const { approval_id, task_id: again } = await pair.asked();
      assertEquals([again, await pair.hasRun()], [task_id, false]);
      await pair.answer(approval_id, { decision: "accept" });
    }
    const { status, error } = await until(
      () => pair.get(path),
      (it) => it.finished_at !== null,
      { withinMs: 60_000 },
    );
    assertEquals(
      [status, error?.code, await pair.hasRun()],
      retry_lost
        ? ["succeeded", undefined, true]
        : ["failed", "RUN_LOST", false],
    );
  });
}

test("a kill -9 of codexd while its task waits is told: nothing hangs, nothing is accepted", async (pair) => {
  const { rig } = pair;
  const payload = { prompt: COMMAND, cwd: rig.work, ...SANDBOX };
  const made = await pair.ask("/v1/tasks", {
    title: "Ask",
    kind: "codex",
    payload,
  });
  const path = `/v1/tasks/${made.data.task_id}`;
  const { approval_id } = await pair.asked();
  const waiting = await until(
    () => pair.get(path),
    ({ waits_for }) => waits_for.length > 0,
  );
  assertEquals(waiting.waits_for[0].approval_id, approval_id);
  assertEquals(waiting.next[1].path, `/v1/codex/approvals/${approval_id}`);
  await rig.kill();
  await rig.restart();
  const task = await until(
    () => pair.get(path),
    ({ status }) => status !== "running",
    { withinMs: 60_000 },
  );
  assertEquals([task.status, task.error.code, task.waits_for], [
    "failed",
    "TURN_INTERRUPTED",
    [],
  ]);
  assertMatch(task.error.message, /codexd was restarted/);
  const late = await until(
    () => pair.answer(approval_id, { decision: "accept" }),
    ({ status }) => status !== 503,
  );
  assertEquals([late.status, late.error?.code], [409, "CONFLICT"]);
  assertMatch(late.error?.message ?? "", /nothing was accepted/);
  assertEquals(await pair.hasRun(), false);
});

test("a question is answered with what it takes, and the model hears it", async (pair) => {
  const { rig } = pair;
  const config = `${rig.home}/config.toml`;
  const features = "\n[features]\ndefault_mode_request_user_input = true\n";
  await Deno.writeTextFile(config, features, { append: true });
  await rig.restart();
  const id = await rig.session();
  const turn: Promise<TurnAnswer> = rig.turn(
    id,
    '@model:ask question="Which color?" options="red,blue" @model:text text=thanks',
  );
  const { approval_id, kind, request, decisions } = await pair.asked();
  assertEquals([kind, decisions], ["user_input", ["decline"]]);
  const [question] = request.questions;
  assertEquals([question.id, question.question], ["choice", "Which color?"]);
  const accepted = await pair.answer(approval_id, { decision: "accept" });
  assertEquals(accepted.status, 400);
  const wrong = await pair.answer(approval_id, { answers: { shape: "round" } });
  assertEquals(wrong.error?.code, "INVALID_INPUT");
  const answers = { choice: "blue" };
  const { ok, data } = await pair.answer(approval_id, { answers });
  assertEquals([ok, data.decision], [true, "answered"]);
  const { status, final_message } = await turn;
  assertEquals([status, final_message], ["completed", "thanks"]);
  const heard = rig.model.requests.at(-1)?.input.findLast(({ type }) =>
    type === "function_call_output"
  );
  assertMatch(JSON.stringify(heard?.output), /choice.*blue/);
});
