import { assertEquals, assertMatch } from "@std/assert";
import type { SessionDetail, TurnAnswer } from "../shared/contracts/mod.ts";
import type { CodexdStatus } from "../shared/contracts/codexd_status.ts";
import { RecordingLogger } from "../shared/testing/fakes.ts";
import { fakeMachine } from "./testing/fake_machine.ts";
import { type TestCodexd, testCodexd } from "./testing/test_codexd.ts";

const run = (it: TestCodexd, session_id: string, input: string) =>
  it.server.data<TurnAnswer>("POST", "/v1/codexd/turn", {
    session_id,
    input,
    wait: true,
  });

const status = (it: TestCodexd) =>
  it.server.data<CodexdStatus>("GET", "/v1/codexd/status");

Deno.test("a turn is answered when its end is told before its start is confirmed", async () => {
  await using it = await testCodexd({
    machine: fakeMachine({ reorders: true }),
  });
  const answer = await run(it, await it.session(), "quick");
  assertEquals([answer.status, answer.final_message], [
    "completed",
    "echo: quick",
  ]);
  assertEquals((await status(it)).sessions.active_turns, []);
});

Deno.test("an app-server that lacks what sessions can do without is used all the same", async () => {
  await using it = await testCodexd({
    machine: fakeMachine({
      lacks: [
        "account/read",
        "thread/name/set",
        "thread/turns/list",
        "thread/backgroundTerminals/clean",
      ],
    }),
  });
  const id = await it.session();
  assertEquals((await run(it, id, "hello")).final_message, "echo: hello");
  const { turns, history } = await it.server.data<SessionDetail>(
    "GET",
    `/v1/codexd/sessions/${id}`,
  );
  assertEquals([turns.length, history], [1, "complete"]);
  const { account, available } = await status(it);
  assertEquals([account.logged_in, available], [null, true]);
});

Deno.test("a message that comes in pieces only is the answer all the same", async () => {
  await using it = await testCodexd();
  const answer = await run(it, await it.session(), "@trap:pieces=3");
  assertEquals(answer.final_message, "piece piece piece ");
});

Deno.test("what the app-server invents is passed on or refused, never fatal", async () => {
  await using it = await testCodexd();
  const answer = await run(it, await it.session(), "@trap:unknown");
  assertEquals(answer.status, "completed");
  const [life] = it.machine.lives;
  const event = await it.event((event) =>
    event.type === "codex.thing/invented"
  );
  assertEquals(event.data.someKey, "some value");
  const refusal = life?.received.find((message) => "error" in message);
  assertEquals(refusal, {
    id: 0,
    error: { code: -32601, message: "codexd does not answer thing/ask" },
  });
});

Deno.test("a known notification of another form is passed on, logged, and not fatal", async () => {
  const log = new RecordingLogger();
  await using it = await testCodexd({ log });
  const answer = await run(it, await it.session(), "@trap:malformed");
  assertEquals(answer.status, "completed");
  assertEquals(
    log.lines.filter((line) => line.level === "error").map((line) =>
      line.fields.method
    ),
    ["turn/completed", "item/completed"],
  );
});

Deno.test("lines of 5 MB pass, and so do lines that are no message", async () => {
  await using it = await testCodexd();
  const answer = await run(
    it,
    await it.session(),
    "@trap:garbage=50 @trap:long=5000000 @trap:garbage=50",
  );
  assertEquals(answer.status, "completed");
  const long = await it.event((event) => event.type === "reasoning.delta");
  assertEquals(String(long.data.delta).length, 5_000_000);
  assertEquals((await status(it)).app_server.restarts, 0);
});

Deno.test("a crash in mid-turn ends the turn at once, with its reason; the session goes on", async () => {
  await using it = await testCodexd();
  const id = await it.session();
  const crashed = await run(it, id, "@trap:crash=9");
  assertEquals(crashed.status, "interrupted_by_restart");
  assertEquals(
    crashed.turn.error?.message,
    "the app-server exited with code 9",
  );
  const next = await run(it, id, "again");
  assertEquals(next.status, "completed");
  const ended = await it.event((event) => event.type === "turn.completed");
  assertEquals(ended.data.status, "interrupted_by_restart");
  const exited = await it.event((event) => event.type === "app_server.exited");
  assertEquals([exited.data.code, exited.data.signal], [9, null]);
  const { turns } = await it.server.data<{ turns: { status: string }[] }>(
    "GET",
    `/v1/codexd/sessions/${id}`,
  );
  assertEquals(turns.map((turn) => turn.status), [
    "interrupted_by_restart",
    "completed",
  ]);
});

Deno.test("every waiting turn hears of a kill -9", async () => {
  await using it = await testCodexd();
  const ids = await Promise.all([1, 2, 3].map(() => it.session()));
  const waiting = ids.map((id) => run(it, id, "@model:hang"));
  for (const id of ids) {
    await it.event((event) =>
      event.type === "turn.started" && event.session_id === id
    );
  }
  it.machine.lives[0]?.kill("SIGKILL");
  const answers = await Promise.all(waiting);
  assertEquals(
    answers.map((answer) => answer.turn.error?.message),
    Array(3).fill(
      "the app-server was killed by SIGKILL",
    ),
  );
});

Deno.test("an approval that waits is dropped when the app-server dies", async () => {
  await using it = await testCodexd({ env: { BAA_CODEX_APPROVALS: "ask" } });
  const id = await it.session();
  const waiting = run(it, id, '@model:shell cmd="x" escalate=1');
  await it.event((event) => event.type === "approval.requested");
  assertEquals((await status(it)).approvals.pending, 1);
  it.machine.lives[0]?.kill("SIGKILL");
  await waiting;
  const resolved = await it.event((event) =>
    event.type === "approval.resolved"
  );
  assertEquals([resolved.data.decision, resolved.data.by], [null, "restart"]);
});

Deno.test("a turn that was running when codexd was killed is ended by the next one", async () => {
  await using it = await testCodexd();
  const id = await it.session();
  await it.server.data("POST", "/v1/codexd/turn", {
    session_id: id,
    input: "@model:hang",
  });
  await it.event((event) => event.type === "turn.started");
  const index = `${it.folder}/state/codexd/sessions.jsonl`;
  const asKilled = await Deno.readTextFile(index);
  await it.restart();
  // The orderly stop above has ended the turn: undo what it wrote.
  await it.restart(() => Deno.writeTextFile(index, asKilled));
  const ended = await it.event((event) =>
    event.data.status === "interrupted_by_restart"
  );
  assertEquals(ended.session_id, id);
  const error = ended.data.error as { message: string };
  assertEquals(error.message, "codexd was restarted");
  assertEquals((await run(it, id, "again")).status, "completed");
});

Deno.test("without a binary codexd answers, says why, and refuses work with the fix", async () => {
  await using it = await testCodexd({
    env: { BAA_CODEX_BIN: "/nowhere/codex" },
  });
  await it.event((event) => event.data.state === "missing");
  const { available, app_server, degraded_reasons } = await status(it);
  assertEquals([available, app_server.state], [false, "missing"]);
  assertMatch(degraded_reasons[0] ?? "", /no such file.*npm install -g/);
  for (
    const [path, body] of [
      ["sessions", { cwd: it.folder }],
      ["turn", { session_id: "x", input: "x" }],
    ] as const
  ) {
    const response = await it.server.post(`/v1/codexd/${path}`, body);
    const { error } = await response.json();
    assertEquals([response.status, error.code], [503, "CODEXD_UNAVAILABLE"]);
    assertEquals(error.retryable, false);
    assertMatch(error.details.fix, /npm install -g @openai\/codex/);
  }
  assertEquals(await (await it.server.get("/healthz")).text(), "ok");
  assertEquals((await it.server.get("/readyz")).status, 200);
  const { capabilities } = await it.server.data<
    { capabilities: { unavailable: string[] } }
  >("GET", "/describe");
  assertEquals(capabilities.unavailable, [
    "codexd.sessions.open",
    "codexd.turn",
  ]);
});

Deno.test("nobody logged in: reading works, work is refused with the fix, a login is noticed", async () => {
  await using it = await testCodexd({
    machine: fakeMachine({ requiresLogin: true }),
  });
  await it.event((event) => event.data.state === "ready");
  const before = await status(it);
  assertEquals([before.available, before.account.logged_in], [false, false]);
  const refused = await it.server.post("/v1/codexd/sessions", {});
  const { error } = await refused.json();
  assertEquals([refused.status, error.code], [503, "CODEXD_UNAVAILABLE"]);
  assertMatch(error.details.fix, /codex login/);
  assertEquals(error.retryable, false);
  assertEquals((await it.server.get("/v1/codexd/sessions")).status, 200);
  it.machine.behaviour = {};
  await Deno.writeTextFile(`${it.machine.home}/auth.json`, "{}");
  await it.session();
  const after = await status(it);
  assertEquals([after.available, after.app_server.restarts], [true, 0]);
});
