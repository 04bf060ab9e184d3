import { assertEquals, assertMatch } from "@std/assert";
import type { SessionDetail, TurnAnswer } from "../../shared/contracts/mod.ts";
import { fakeMachine } from "../testing/fake_machine.ts";
import { type TestCodexd, testCodexd } from "../testing/test_codexd.ts";

const PATH = "/v1/codexd/turn";
const SESSIONS = "/v1/codexd/sessions";

const run = (it: TestCodexd, body: Record<string, unknown>) =>
  it.server.data<TurnAnswer>("POST", PATH, body);

/** Starts a turn that goes on until it is ended; returns its id. */
async function startLong(it: TestCodexd, session_id: string): Promise<string> {
  const { turn_id } = await run(it, { session_id, input: "@model:hang" });
  return turn_id;
}

async function failure(it: TestCodexd, body: Record<string, unknown>) {
  const response = await it.server.post(PATH, body);
  const { error } = await response.json();
  return { status: response.status, ...error };
}

Deno.test("POST turn waits for the end and answers with message and usage", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const response = await it.server.post(PATH, {
    session_id,
    input: '@model:text n=3 text="ha "',
    wait: true,
  });
  assertEquals(response.status, 200);
  const { data } = await response.json();
  assertEquals(
    [data.status, data.final_message, data.timed_out, data.turn.error],
    ["completed", "ha ha ha ", false, null],
  );
  const { total_tokens, input_tokens, output_tokens } = data.usage.total;
  assertEquals([total_tokens, input_tokens, output_tokens], [120, 100, 20]);
  assertEquals(data.usage.turn.total_tokens, 120);
});

Deno.test("POST turn answers 202 at once without wait, and at its timeout with it", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const at_once = await it.server.post(PATH, {
    session_id,
    input: "@model:hang",
  });
  assertEquals(at_once.status, 202);
  const { data } = await at_once.json();
  assertEquals([data.status, data.timed_out], ["in_progress", false]);
  const other = await it.session();
  const waited = await it.server.post(PATH, {
    session_id: other,
    input: "@model:hang",
    wait: true,
    timeout_ms: 20,
  });
  assertEquals([waited.status, (await waited.json()).data.timed_out], [
    202,
    true,
  ]);
});

Deno.test("POST turn refuses a second turn in a session and names the running one", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const [first, second] = await Promise.all([
    it.server.post(PATH, { session_id, input: "@model:hang" }),
    it.server.post(PATH, { session_id, input: "at the same moment" }),
  ]);
  assertEquals([first.status, second.status], [202, 409]);
  const { turn_id } = (await first.json()).data;
  await second.body?.cancel();
  const later = await failure(it, { session_id, input: "later" });
  assertEquals([later.status, later.code], [409, "CONFLICT"]);
  assertEquals(later.details.turn_id, turn_id);
});

Deno.test("POST turn runs the turns of several sessions at once", async () => {
  await using it = await testCodexd();
  const sessions = await Promise.all(
    Array.from({ length: 5 }, () => it.session()),
  );
  const answers = await Promise.all(
    sessions.map((session_id, index) =>
      run(it, {
        session_id,
        input: `@model:text n=3 delay=10 text="${index}"`,
        wait: true,
      })
    ),
  );
  assertEquals(
    answers.map((answer) => answer.final_message),
    ["000", "111", "222", "333", "444"],
  );
});

Deno.test("POST turn interrupt ends the running turn; who waits for it hears", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const waiting = run(it, { session_id, input: "@model:hang", wait: true });
  await it.event((event) => event.type === "turn.started");
  const interrupted = await run(it, {
    session_id,
    action: "interrupt",
    wait: true,
  });
  assertEquals(interrupted.status, "interrupted");
  assertEquals((await waiting).status, "interrupted");
  const again = await failure(it, { session_id, action: "interrupt" });
  assertEquals(
    [again.code, again.message],
    ["CONFLICT", "Cannot interrupt: no turn is running in this session"],
  );
});

Deno.test("POST turn interrupt that comes while the turn starts is not lost", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const [started, interrupted] = await Promise.all([
    run(it, { session_id, input: "@model:hang", wait: true }),
    run(it, { session_id, action: "interrupt", wait: true }),
  ]);
  assertEquals(
    [started.status, interrupted.status],
    ["interrupted", "interrupted"],
  );
});

Deno.test("POST turn steer goes to the running turn only", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const none = await failure(it, { session_id, action: "steer", input: "x" });
  assertEquals([none.status, none.code], [409, "CONFLICT"]);
  const turn_id = await startLong(it, session_id);
  const steered = await run(it, { session_id, action: "steer", input: "left" });
  assertEquals([steered.turn_id, steered.status], [turn_id, "in_progress"]);
  const other = await failure(it, {
    session_id,
    action: "steer",
    input: "x",
    turn_id: "another",
  });
  assertEquals(
    [other.code, other.details.turn_id],
    ["CONFLICT", turn_id],
  );
});

Deno.test("POST turn tells how a turn failed", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const answer = await run(it, {
    session_id,
    input: "@model:status code=500",
    wait: true,
  });
  assertEquals([answer.status, answer.turn.error?.message], [
    "failed",
    "scripted status",
  ]);
  const next = await run(it, { session_id, input: "again", wait: true });
  assertEquals(next.status, "completed");
});

Deno.test("POST turn says what is wrong with its body", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const issuesOf = async (body: Record<string, unknown>) => {
    const { status, code, details } = await failure(it, body);
    assertEquals([status, code], [400, "INVALID_INPUT"]);
    return details.issues[0];
  };
  assertEquals(await issuesOf({ session_id }), {
    path: "input",
    message: 'Required with action "start"',
  });
  assertEquals((await issuesOf({ session_id, input: "" })).path, "input");
  assertEquals(
    (await issuesOf({ session_id, action: "interrupt", input: "x" })).path,
    "input",
  );
  assertMatch(
    (await issuesOf({ session_id, input: "x", timeout: 5 })).message,
    /timeout.*known: .*timeout_ms/,
  );
  const unknown = await failure(it, {
    session_id: crypto.randomUUID(),
    input: "x",
  });
  assertEquals([unknown.status, unknown.code], [404, "NOT_FOUND"]);
});

Deno.test("POST turn with an Idempotency-Key starts one turn, also after a restart", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const send = async (input: string) => {
    const response = await it.server.post(
      PATH,
      { session_id, input, wait: true },
      { headers: { "idempotency-key": "key-1" } },
    );
    return { status: response.status, ...await response.json() };
  };
  const [first, twin] = await Promise.all([send("once"), send("once")]);
  assertEquals(first.data.turn_id, twin.data.turn_id);
  assertEquals((await send("other")).error.code, "CONFLICT");
  await it.restart();
  const again = await send("once");
  assertEquals(
    [again.data.turn_id, again.data.status, again.data.final_message],
    [first.data.turn_id, "completed", "echo: once"],
  );
});

Deno.test("POST turn finds the turn of a key whose answer was lost in a crash", async () => {
  await using it = await testCodexd({
    machine: fakeMachine({ silentAt: "nothing" }),
  });
  const session_id = await it.session();
  const headers = { "idempotency-key": "cut-off" };
  const body = { session_id, input: "@trap:crash=9", wait: true };
  // The turn is on Codex's disk when the app-server dies; its answer never comes.
  it.machine.behaviour = {};
  const first = await (await it.server.post(PATH, body, { headers })).json();
  const again = await (await it.server.post(PATH, body, { headers })).json();
  assertEquals(again.ok, true);
  const turns = [...it.machine.disk.values()].flatMap((thread) => thread.turns);
  assertEquals(turns.length, 1);
  assertEquals(again.data.turn_id, turns[0]?.id);
  assertEquals(first.data?.turn_id ?? turns[0]?.id, turns[0]?.id);
});

/** What each turn so far was started with. */
function limitsSent(it: TestCodexd) {
  return it.machine.lives.flatMap(({ received }) => received)
    .filter(({ method }) => method === "turn/start")
    .map(({ params }) => {
      const { sandboxPolicy, approvalPolicy } = params as {
        readonly sandboxPolicy?: { readonly type: string };
        readonly approvalPolicy?: string;
      };
      return [sandboxPolicy?.type, approvalPolicy];
    });
}

Deno.test("POST turn says with each turn what was last asked for the session", async () => {
  await using it = await testCodexd();
  const session_id = await it.session({
    sandbox: "read-only",
    approval_policy: "untrusted",
  });
  const turn = () => run(it, { session_id, input: "x", wait: true });
  const narrow = ["readOnly", "untrusted"];
  const wide = ["workspaceWrite", "untrusted"];
  await turn();
  await turn();
  const ask = (sandbox: string) =>
    it.server.data("POST", SESSIONS, { session_id, sandbox });
  await ask("workspace-write");
  await turn();
  await ask("read-only");
  await turn();
  assertEquals(limitsSent(it), [narrow, narrow, wide, narrow]);
  // As another client may have left it.
  for (const thread of it.machine.disk.values()) {
    thread.sandbox = "workspaceWrite";
    thread.approvalPolicy = "never";
  }
  await it.restart();
  await turn();
  assertEquals(limitsSent(it).at(-1), narrow);
  const { session } = await it.server.data<SessionDetail>(
    "GET",
    `${SESSIONS}/${session_id}`,
  );
  assertEquals(
    [session.sandbox, session.approval_policy],
    ["read-only", "untrusted"],
  );
});

Deno.test("POST turn says what Codex chose for a session that asks for nothing, as far as it is allowed", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const turn = () => run(it, { session_id, input: "x", wait: true });
  await turn();
  const [thread] = it.machine.disk.values();
  for (const sandbox of ["workspaceWrite", "dangerFullAccess", "new"]) {
    if (thread !== undefined) thread.sandbox = sandbox;
    await it.restart();
    await turn();
  }
  assertEquals(
    limitsSent(it),
    ["readOnly", "workspaceWrite", "workspaceWrite", "workspaceWrite"]
      .map((it) => [it, "on-request"]),
  );
});

Deno.test("POST turn never asks for a wider sandbox than is allowed", async () => {
  await using it = await testCodexd({
    env: { BAA_CODEX_MAX_SANDBOX: "read-only" },
  });
  const session_id = await it.session();
  // As another client may have left it.
  for (const thread of it.machine.disk.values()) {
    thread.sandbox = "dangerFullAccess";
  }
  await it.restart();
  await run(it, { session_id, input: "x", wait: true });
  const sent = it.machine.lives.at(-1)?.received.find((message) =>
    message.method === "turn/start"
  );
  assertEquals((sent?.params as Record<string, unknown>).sandboxPolicy, {
    type: "readOnly",
    networkAccess: false,
  });
});
