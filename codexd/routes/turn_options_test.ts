import { assertEquals, assertMatch } from "@std/assert";
import type {
  CodexdStatus,
  Session,
  SessionDetail,
  TurnAnswer,
} from "../../shared/contracts/mod.ts";
import { until } from "../../shared/testing/until.ts";
import { fakeMachine } from "../testing/fake_machine.ts";
import { type TestCodexd, testCodexd } from "../testing/test_codexd.ts";

const TURN = "/v1/codexd/turn";
const SESSIONS = "/v1/codexd/sessions";

/** Runs a turn to its end. */
const run = (it: TestCodexd, body: Record<string, unknown>) =>
  it.server.data<TurnAnswer>("POST", TURN, { wait: true, ...body });

const open = (it: TestCodexd, body: Record<string, unknown>) =>
  it.server.data<{ session: Session; session_id: string; created: boolean }>(
    "POST",
    SESSIONS,
    body,
  );

async function refused(
  it: TestCodexd,
  body: Record<string, unknown>,
  path = TURN,
) {
  const response = await it.server.post(path, body);
  const { error } = await response.json();
  return { status: response.status, ...error };
}

/** The params of the last call of a method. */
function sent(it: TestCodexd, method: string): Record<string, unknown> {
  const call = it.machine.lives.at(-1)?.received
    .findLast((message) => message.method === method);
  return (call?.params ?? {}) as Record<string, unknown>;
}

Deno.test("POST turn passes model, effort and output_schema on", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const output_schema = { type: "object", properties: { a_b: {} } };
  const options = { model: "gpt-5.5", effort: "low", output_schema };
  await run(it, { session_id, input: "x", ...options });
  const { model, effort, outputSchema } = sent(it, "turn/start");
  assertEquals([model, effort, outputSchema], [
    "gpt-5.5",
    "low",
    output_schema,
  ]);
  const wrong = await refused(it, {
    session_id,
    action: "compact",
    effort: "low",
  });
  assertEquals(wrong.details.issues, [
    { path: "effort", message: 'goes with action "start" only' },
  ]);
});

Deno.test("POST turn ends a turn over its budget as interrupted, with the reason, at most one response later", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  await run(it, {
    session_id,
    input: "tokens of an earlier turn do not count",
  });
  const within = await run(it, {
    session_id,
    input: "x",
    max_total_tokens: 120,
  });
  assertEquals([within.status, within.turn.reason], ["completed", null]);
  const input = "@model:shell @model:text n=2 delay=20 @model:hang";
  const over = await run(it, { session_id, input, max_total_tokens: 239 });
  assertEquals(
    [over.status, over.turn.reason, over.usage?.turn?.total_tokens],
    ["interrupted", "BUDGET_EXCEEDED", 240],
  );
  assertMatch(over.turn.error?.message ?? "", /240 tokens.* is 239/);
  const told = await it.event(({ turn_id, type }) =>
    turn_id === over.turn_id && type === "turn.completed"
  );
  assertEquals(told.data.reason, "BUDGET_EXCEEDED");
  const done = await run(it, { session_id, input: "x", max_total_tokens: 1 });
  assertEquals(
    [done.status, done.turn.reason, done.final_message],
    ["interrupted", "BUDGET_EXCEEDED", "echo: x"],
  );
  await it.restart();
  const { turns } = await it.server.data<SessionDetail>(
    "GET",
    `${SESSIONS}/${session_id}`,
  );
  assertEquals(
    turns.map(({ status, reason }) => [status, reason]),
    [
      ["completed", null],
      ["completed", null],
      ["interrupted", "BUDGET_EXCEEDED"],
      ["interrupted", "BUDGET_EXCEEDED"],
    ],
  );
});

Deno.test("GET status sums tokens by day, session and task, each turn once, also after a restart", async () => {
  await using it = await testCodexd();
  const [one, two] = [await it.session(), await it.session()];
  await run(it, { session_id: one, input: "@model:shell @model:text" });
  await run(it, { session_id: two, input: "x", task_id: "task-1" });
  const { session_id: fork } = await open(it, { fork_of: one });
  await run(it, { session_id: fork, input: "x", task_id: "task-1" });
  const usage = async (query: string) =>
    (await it.server.data<CodexdStatus>(
      "GET",
      `/v1/codexd/status?${query}`,
    )).usage;
  for (const restarts of [false, true]) {
    if (restarts) {
      await it.restart();
      await run(it, { session_id: two, input: "x", task_id: "task-1" });
    }
    const more = restarts ? 120 : 0;
    const bySession = await usage("usage_by=session");
    assertEquals(
      new Map(bySession?.usage.map((it) => [it.key, it.total_tokens])),
      new Map([[one, 240], [two, 120 + more], [fork, 120]]),
    );
    assertEquals(bySession?.total.total_tokens, 480 + more);
    const byTask = await usage("usage_by=task");
    assertEquals(
      new Map(byTask?.usage.map((it) => [it.key, it.input_tokens])),
      new Map([[null, 200], ["task-1", 200 + more / 1.2]]),
    );
  }
  const [day] = (await usage("usage_by=day"))?.usage ?? [];
  assertMatch(day?.key ?? "", /^\d{4}-\d\d-\d\d$/);
  assertEquals(day?.turns, 4);
  const later = await usage("usage_by=day&usage_since=2999-01-01T00:00:00Z");
  assertEquals([later?.usage, later?.total.turns], [[], 0]);
});

Deno.test("GET status counts the tokens of a turn that a kill -9 cut, once", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  await it.server.data("POST", TURN, {
    session_id,
    input: "@model:text @model:hang",
  });
  await it.event(({ type }) => type === "usage.updated");
  // Written as the turn's end will find it: not yet ended.
  const index = `${it.folder}/state/codexd/sessions.jsonl`;
  const before = await Deno.readTextFile(index);
  await it.restart(() => Deno.writeTextFile(index, before));
  await run(it, { session_id, input: "x" });
  const { usage } = await it.server.data<CodexdStatus>(
    "GET",
    "/v1/codexd/status?usage_by=session",
  );
  assertEquals([usage?.total.total_tokens, usage?.total.turns], [240, 2]);
});

Deno.test("POST turn compact and review are turns of their own", async () => {
  await using it = await testCodexd();
  const session_id = await it.session({ sandbox: "read-only" });
  await run(it, { session_id, input: "x" });
  const compacted = await run(it, { session_id, action: "compact" });
  assertEquals([compacted.action, compacted.status], ["compact", "completed"]);
  assertEquals(sent(it, "thread/compact/start"), { threadId: session_id });
  const input = "look at the names";
  const review = await run(it, { session_id, action: "review", input });
  assertEquals(
    [review.status, review.final_message],
    ["completed", "echo: look at the names"],
  );
  assertEquals(sent(it, "review/start").target, {
    type: "custom",
    instructions: input,
  });
  // A review runs within what the session may do.
  const limits = sent(it, "thread/settings/update");
  assertEquals(limits.sandboxPolicy, {
    type: "readOnly",
    networkAccess: false,
  });
  const target = { type: "base_branch", branch: "main" };
  await run(it, { session_id, action: "review", target });
  assertEquals(sent(it, "review/start").target, {
    type: "baseBranch",
    branch: "main",
  });
  const both = await refused(it, {
    session_id,
    action: "review",
    target,
    input,
  });
  assertEquals([both.status, both.details.issues[0].path], [400, "target"]);
});

Deno.test("POST turn interrupt ends a review by the turn that runs within it", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  const review = { session_id, action: "review", input: "@model:hang" };
  const waiting = run(it, review);
  await it.event(({ type }) => type === "turn.started");
  const second = await refused(it, { session_id, input: "x" });
  assertEquals(second.status, 409);
  const ended = await run(it, { session_id, action: "interrupt" });
  assertEquals(ended.status, "interrupted");
  const { turn_id, status } = await waiting;
  assertEquals([turn_id, status], [ended.turn_id, "interrupted"]);
  assertEquals(second.details.turn_id, turn_id);
});

Deno.test("POST sessions fork_of begins with the turns and the limits of another", async () => {
  const machine = fakeMachine();
  const env = { BAA_CODEX_APPROVALS: "ask" };
  await using it = await testCodexd({ machine, env });
  const limits = { sandbox: "read-only", approvals: "deny" };
  const parent = await it.session({ title: "Parent", ...limits });
  await run(it, { session_id: parent, input: "first" });
  const { session, created } = await open(it, { fork_of: parent });
  assertEquals(created, true);
  assertEquals(
    [session.fork_of, session.title, session.sandbox, session.approvals],
    [parent, "Parent", "read-only", "deny"],
  );
  await run(it, { session_id: session.session_id, input: "second" });
  const turns = async (id: string) =>
    (await it.server.data<SessionDetail>("GET", `${SESSIONS}/${id}`))
      .turns.length;
  assertEquals(await turns(session.session_id), 2);
  assertEquals(await turns(parent), 1);
  const both = { fork_of: parent, session_id: parent };
  assertEquals((await refused(it, both, SESSIONS)).status, 400);
  const none = { fork_of: crypto.randomUUID() };
  assertEquals((await refused(it, none, SESSIONS)).code, "NOT_FOUND");
});

Deno.test("POST sessions archived puts a session away and fetches it back", async () => {
  await using it = await testCodexd();
  const session_id = await it.session();
  await run(it, { session_id, input: "x" });
  const listed = async (query = "") =>
    (await it.server.data<{ sessions: Session[] }>("GET", SESSIONS + query))
      .sessions.map(({ session_id }) => session_id);
  for (const _ of ["once", "and again"]) {
    const { session, created } = await open(it, { session_id, archived: true });
    assertEquals([session.archived, created], [true, false]);
  }
  assertEquals(await listed(), []);
  assertEquals(await listed("?archived=true"), [session_id]);
  const turn = await refused(it, { session_id, input: "x" });
  assertEquals([turn.status, turn.code], [409, "CONFLICT"]);
  assertMatch(turn.hint, /\/v1\/codexd\/sessions.*"archived":false/);
  const limits = { title: "Away", sandbox: "read-only", approvals: "deny" };
  const more = { session_id, archived: true, ...limits };
  const { details } = await refused(it, more, SESSIONS);
  assertEquals(
    details.issues.map(({ path }: { path: string }) => path),
    Object.keys(limits),
  );
  const back = await open(it, { ...more, archived: false });
  assertEquals([back.session.archived, back.session.title], [false, "Away"]);
  assertEquals(await listed(), [session_id]);
  const long = { session_id, input: "@model:hang", wait: false };
  const { turn_id } = await run(it, long);
  const running = await refused(it, { session_id, archived: true }, SESSIONS);
  assertEquals([running.code, running.details.turn_id], ["CONFLICT", turn_id]);
  const isNew = await refused(it, { archived: true }, SESSIONS);
  assertEquals(isNew.details.issues[0].path, "archived");
});

Deno.test("POST sessions archived and a turn that is to start exclude one another", async () => {
  const start = [TURN, { input: "x" }, "turn/start"] as const;
  const archive = [SESSIONS, { archived: true }, "thread/archive"] as const;
  for (
    const [[path, body, silentAt], [later, its, never]] of [
      [start, archive],
      [archive, start],
    ] as const
  ) {
    const machine = fakeMachine({ silentAt });
    let first: Promise<Response> | undefined;
    {
      await using it = await testCodexd({ machine });
      const session_id = await it.session();
      first = it.server.post(path, { session_id, ...body });
      await until(() => sent(it, silentAt).threadId);
      const { code } = await refused(it, { session_id, ...its }, later);
      assertEquals([code, sent(it, never)], ["CONFLICT", {}]);
    }
    await (await first).body?.cancel();
  }
});
