import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { TurnAnswer } from "../../shared/contracts/mod.ts";
import type { CodexdStatus } from "../../shared/contracts/codexd_status.ts";
import { type TestCodexd, testCodexd } from "../testing/test_codexd.ts";

const ASK = { BAA_CODEX_APPROVALS: "ask" };
const COMMAND = '@model:shell cmd="rm x" escalate=1 @model:text text=done';

/** Starts a turn that asks, and gives the approval that waits. */
async function asked(it: TestCodexd, input = COMMAND) {
  const session_id = await it.session();
  const { turn_id } = await turn(it, { session_id, input });
  await it.event((event) =>
    event.turn_id === turn_id && event.type === "approval.requested"
  );
  const { approvals } = await it.server.data<CodexdStatus>(
    "GET",
    "/v1/codexd/status",
  );
  const item = approvals.items.find((it) => it.turn_id === turn_id);
  if (item === undefined) throw new Error("Nothing waits");
  return { ...item, session_id, turn_id };
}

const turn = (it: TestCodexd, body: Record<string, unknown>) =>
  it.server.data<TurnAnswer>("POST", "/v1/codexd/turn", body);

async function respond(it: TestCodexd, body: Record<string, unknown>) {
  const given = { action: "respond", ...body };
  const response = await it.server.post("/v1/codexd/turn", given);
  const { data, error } = await response.json();
  return { status: response.status, data, error };
}

Deno.test("GET status shows what waits for an answer, and respond gives it", async () => {
  await using it = await testCodexd({ env: ASK });
  const before = Date.now();
  const { approval_id, session_id, turn_id, ...item } = await asked(it);
  assertEquals([item.kind, item.request.command, item.request.reason], [
    "command",
    "rm x",
    "the test asks",
  ]);
  const [askedAt, expiresAt] = [item.asked_at, item.expires_at].map(Date.parse);
  assertEquals((expiresAt ?? 0) - (askedAt ?? 0), 120_000);
  assertEquals((askedAt ?? 0) >= before, true);
  const decision = "accept";
  const { status, data } = await respond(it, {
    approval_id,
    decision,
    wait: true,
  });
  assertEquals(
    [status, data.session_id, data.turn_id, data.status, data.final_message],
    [200, session_id, turn_id, "completed", "done"],
  );
  const { decided_at: _, ...approval } = data.approval;
  assertEquals(approval, {
    approval_id,
    decision,
    by: "client",
    decided_by: "local",
    beyond_max_sandbox: true,
  });
  const after = await it.server.data<CodexdStatus>("GET", "/v1/codexd/status");
  assertEquals([after.approvals.pending, after.approvals.items], [0, []]);
});

Deno.test("respond believes nobody but conductor for whom he speaks", async () => {
  await using it = await testCodexd({ env: ASK });
  const { approval_id } = await asked(it);
  const body = { action: "respond", approval_id, decision: "decline" };
  const headers = { "x-baa-actor": "owner" };
  const response = await it.server.post("/v1/codexd/turn", body, { headers });
  const { data } = await response.json();
  assertEquals(data.approval.decided_by, "local");
});

Deno.test("respond: the first answer wins, also of two at once; the other is told who decided", async () => {
  await using it = await testCodexd({ env: ASK });
  const { approval_id, session_id } = await asked(it);
  const both = await Promise.all(
    ["decline", "accept"].map((decision) =>
      respond(it, { session_id, approval_id, decision })
    ),
  );
  const won = both.find(({ error }) => error === undefined);
  const lost = both.find(({ error }) => error !== undefined);
  assertEquals([won?.data.approval.by, lost?.status], ["client", 409]);
  const { decision, decided_at } = won?.data.approval ?? {};
  assertEquals(lost?.error.code, "CONFLICT");
  assertMatch(
    lost?.error.message,
    new RegExp(`local decided "${decision}" at ${decided_at}`),
  );
  assertEquals(
    [lost?.error.details.decided_by, lost?.error.details.decision],
    ["local", decision],
  );
  const resolved = it.events().filter(({ type }) =>
    type === "approval.resolved"
  );
  assertEquals(resolved.map(({ data }) => data.decision), [decision]);
});

Deno.test("respond with an Idempotency-Key is done once, and answers the same again", async () => {
  await using it = await testCodexd({ env: ASK });
  const { approval_id } = await asked(it);
  const body = { action: "respond", approval_id, decision: "decline" };
  const headers = { "idempotency-key": "once" };
  const outcomes = [];
  for (const _ of [1, 2]) {
    const response = await it.server.post("/v1/codexd/turn", body, { headers });
    outcomes.push((await response.json()).data.approval);
  }
  assertEquals(outcomes[0].decision, "decline");
  assertEquals(outcomes[1], outcomes[0]);
});

Deno.test("respond answers a question with what may be answered, and nothing else", async () => {
  await using it = await testCodexd({ env: ASK });
  const { approval_id, kind } = await asked(
    it,
    '@model:ask question="Which?" options="red,blue" @model:text text=done',
  );
  assertEquals(kind, "user_input");
  for (
    const [body, path, message] of [
      [{ answers: { choice: "green" } }, "answers.choice", /red \| blue/],
      [{ answers: { shape: "round" } }, "answers.shape", /asked: choice/],
      [{ decision: "accept" }, "decision", /takes answers, or .*: decline/],
      [{}, "decision", /give decision \(accept, .*\) or answers/],
    ] as const
  ) {
    const { status, error } = await respond(it, { approval_id, ...body });
    assertEquals([status, error.code], [400, "INVALID_INPUT"]);
    assertEquals(error.details.issues[0].path, path);
    assertMatch(error.details.issues[0].message, message);
  }
  const { data } = await respond(it, {
    approval_id,
    answers: { choice: "blue" },
    wait: true,
  });
  assertEquals([data.status, data.approval.decision], [
    "completed",
    "answered",
  ]);
});

Deno.test("respond says what is wrong with its body", async () => {
  await using it = await testCodexd({ env: ASK });
  const { approval_id } = await asked(it);
  const decision = "accept";
  const cases: readonly [Record<string, unknown>, number, string][] = [
    [{ decision }, 400, "approval_id"],
    [{ approval_id, decision: "approve" }, 400, "decision"],
    [{ approval_id, decision, session_id: "another" }, 400, "session_id"],
    [{ approval_id, decision, turn_id: "another" }, 400, "turn_id"],
    [{ approval_id, decision, input: "x" }, 400, "input"],
    [
      { action: "start", session_id: "s", input: "x", decision },
      400,
      "decision",
    ],
    [{ action: "start", input: "x" }, 400, "session_id"],
  ];
  for (const [body, expected, path] of cases) {
    const { status, error } = await respond(it, body);
    assertEquals(
      [status, error.details.issues[0].path],
      [expected, path],
      JSON.stringify(body),
    );
  }
  const unknown = await respond(it, { approval_id: "apr_nope", decision });
  assertEquals([unknown.status, unknown.error.code], [404, "NOT_FOUND"]);
  const task = await respond(it, { approval_id: "task_0", decision });
  assertStringIncludes(task.error.hint, "begins with apr_, not task_");
  const { data } = await respond(it, { approval_id, decision });
  assertEquals(data.approval.decision, decision);
});

Deno.test("an approval of an ended codexd is told as gone, and answered with CONFLICT", async () => {
  await using it = await testCodexd({ env: ASK });
  const { approval_id } = await asked(it);
  await it.restart();
  const { status, error } = await respond(it, {
    approval_id,
    decision: "accept",
  });
  assertEquals([status, error.details.decision], [409, null]);
  const done = await it.event(({ type }) => type === "turn.completed");
  assertEquals(done.data.status, "interrupted");
});

Deno.test("GET status says for which task a turn runs, and asks", async () => {
  await using it = await testCodexd({ env: ASK });
  const task_id = "task_1";
  await turn(it, { session_id: await it.session(), input: COMMAND, task_id });
  await it.event(({ type }) => type === "approval.requested");
  const { approval_id } = await asked(it);
  const { approvals, sessions } = await it.server.data<CodexdStatus>(
    "GET",
    "/v1/codexd/status",
  );
  assertEquals(
    approvals.items.map((it) => [it.approval_id === approval_id, it.task_id]),
    [[false, task_id], [true, undefined]],
  );
  assertEquals(sessions.active_turns.map((it) => it.task_id), [
    task_id,
    undefined,
  ]);
});
