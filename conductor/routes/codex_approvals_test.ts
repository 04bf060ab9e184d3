import { assertEquals, assertMatch } from "@std/assert";
import type { Json } from "../../shared/testing/json.ts";
import { until } from "../../shared/testing/until.ts";
import { FakeCodexd } from "../codex/testing/fake_codexd.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";

const APPROVALS = "/v1/codex/approvals";

async function connected(codexd: FakeCodexd): Promise<TestConductor> {
  const conductor = await testConductor(codexd.env);
  await codexd.followed();
  return conductor;
}

const ended = {
  turn_id: "turn-1",
  type: "turn.completed",
  data: { status: "failed", error: null, final_message: null, usage: null },
};

const get = ({ server }: TestConductor, path: string): Promise<Json> =>
  server.data("GET", path);

Deno.test("GET /v1/codex/approvals shows what waits, and waits for it", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  assertEquals(await get(it, APPROVALS), { count: 0, approvals: [] });
  const nothing = await get(it, `${APPROVALS}?wait_ms=30`);
  assertEquals(nothing.count, 0);
  const waiting = get(it, `${APPROVALS}?wait_ms=30000`);
  codexd.ask("apr_1");
  const { count, approvals } = await waiting;
  assertEquals([count, approvals[0].approval_id, approvals[0].request], [
    1,
    "apr_1",
    { command: "rm x" },
  ]);
  const at_once = await get(it, `${APPROVALS}?wait_ms=30000`);
  assertEquals(at_once.count, 1);
});

Deno.test("GET /describe/codex.approvals.answer shows the call that answers what waits", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  codexd.ask("apr_1");
  await get(it, `${APPROVALS}?wait_ms=30000`);
  const answer = await get(it, "/describe/codex.approvals.answer");
  assertMatch(answer.curl, /approvals\/apr_1'? .*decline/s);
  assertEquals(answer.next[0].path, APPROVALS);
  const list = await get(it, "/describe/codex.approvals.list");
  assertEquals(list.next[0].path, `${APPROVALS}/:approval_id`);
  assertMatch(list.query.wait_ms, /0 to 55000/);
});

Deno.test("GET /v1/codex/approvals stops waiting when codexd goes away", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  const waiting = it.server.get(`${APPROVALS}?wait_ms=30000`);
  codexd.hide();
  const response = await waiting;
  const { error } = await response.json();
  assertEquals([response.status, error.code], [503, "CODEXD_UNAVAILABLE"]);
});

Deno.test("POST /v1/codex/approvals/:approval_id answers, says for whom, and is audited", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  codexd.ask("apr_1");
  const answer: Json = await it.server.data("POST", `${APPROVALS}/apr_1`, {
    decision: "accept",
  });
  assertEquals(
    [answer.approval_id, answer.decision, answer.by, answer.session_id],
    ["apr_1", "accept", "client", "session-1"],
  );
  const seen = codexd.seen.findLast(({ method }) => method === "POST");
  assertEquals(seen?.body, {
    action: "respond",
    approval_id: "apr_1",
    decision: "accept",
  });
  assertEquals(seen?.headers.get("x-baa-actor"), "local");
  const { entries } = await get(it, "/v1/audit?action=codex.approvals.answer");
  const [outcome, intent] = entries;
  assertEquals([intent.target, intent.actor], [
    { approval_id: "apr_1", decision: "accept" },
    "local",
  ]);
  assertEquals([outcome.ok, outcome.facts.beyond_max_sandbox], [true, true]);
});

Deno.test("POST /v1/codex/approvals/:approval_id names the holder of a token, whatever the caller says", async () => {
  await using codexd = new FakeCodexd();
  const token = "the-owner-4711-x9k2";
  await using it = await testConductor({
    ...codexd.env,
    BAA_SHARED_TOKEN: token,
  });
  await codexd.followed();
  const made = await it.server.post(
    "/v1/tokens",
    { name: "ann", scopes: ["codex"] },
    { headers: { authorization: `Bearer ${token}` } },
  );
  const hers = (await made.json()).data.token;
  const answered = await it.server.post(
    `${APPROVALS}/apr_1`,
    { decision: "decline" },
    { headers: { authorization: `Bearer ${hers}`, "x-baa-actor": "owner" } },
  );
  assertEquals(answered.status, 200);
  await answered.body?.cancel();
  const seen = codexd.seen.findLast(({ method }) => method === "POST");
  assertEquals(seen?.headers.get("x-baa-actor"), "ann");
});

Deno.test("to let Codex go beyond its sandbox takes the scope exec, too, by either route", async () => {
  await using codexd = new FakeCodexd();
  const token = "the-owner-4711-x9k2";
  await using it = await testConductor({
    ...codexd.env,
    BAA_SHARED_TOKEN: token,
  });
  await codexd.followed();
  const as = (holder: string) => ({
    headers: { authorization: `Bearer ${holder}` },
  });
  const holder = async (name: string, scopes: string[]): Promise<string> => {
    const made = await it.server.post(
      "/v1/tokens",
      { name, scopes },
      as(token),
    );
    return (await made.json()).data.token;
  };
  const agent = await holder("agent", ["codex"]);
  const person = await holder("person", ["codex", "exec"]);
  const answer = async (by: string, path: string, body: unknown) => {
    const response = await it.server.post(path, body, as(by));
    const { error } = await response.json();
    return [response.status, error?.code, error?.details?.required];
  };
  const turn = { action: "respond", approval_id: "apr_1" };
  codexd.ask("apr_1");
  for (const decision of ["accept", "accept_for_session"]) {
    const refused = [403, "SCOPE_REQUIRED", "exec"];
    assertEquals(
      [
        await answer(agent, `${APPROVALS}/apr_1`, { decision }),
        await answer(agent, "/v1/codex/turn", { ...turn, decision }),
      ],
      [refused, refused],
    );
  }
  assertEquals(codexd.seen.some(({ method }) => method === "POST"), false);
  const [asked] = codexd.approvals;
  for (
    const [by, decision, beyond_max_sandbox] of [
      [agent, "decline", true],
      [agent, "accept", false],
      [person, "accept", true],
    ] as const
  ) {
    if (asked) codexd.approvals = [{ ...asked, beyond_max_sandbox }];
    const [status] = await answer(by, `${APPROVALS}/apr_1`, { decision });
    assertEquals(status, 200);
  }
});

Deno.test("POST /v1/codex/approvals/:approval_id refuses a body that answers nothing", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  for (
    const [body, message] of [
      [{}, /give decision \(accept, .*cancel\) or answers/],
      [{ decision: "accept", answers: { q: "x" } }, /give decision .* or/],
      [{ decision: "yes" }, /accept.*decline/],
      [
        { answer: "x" },
        /Unknown field "answer"; did you mean answers\? known: decision, answers/,
      ],
    ] as const
  ) {
    const response = await it.server.post(`${APPROVALS}/apr_1`, body);
    const { error } = await response.json();
    assertEquals([response.status, error.code], [400, "INVALID_INPUT"]);
    assertMatch(error.details.issues[0].message, message);
  }
  assertEquals(codexd.seen.some(({ method }) => method === "POST"), false);
});

Deno.test("what Codex waits for, and who decided, are events of conductor's", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  codexd.ask("apr_1");
  await it.server.data("POST", `${APPROVALS}/apr_1`, { decision: "decline" });
  const policy = { approval_id: "apr_2", kind: "command", expires_at: null };
  codexd.push({ type: "approval.requested", data: policy });
  codexd.ask("apr_3");
  const told: Json[] = [];
  for (let after = 0; told.length < 3;) {
    const path = `/v1/events?after=${after}&limit=200&wait_ms=20000`;
    const { events, last_seq } = await get(it, path);
    told.push(...events.filter(({ type }: Json) => type.startsWith("codex.")));
    after = last_seq;
  }
  assertEquals(
    told.map(({ type, data }) => [type, data.approval_id, data.decision]),
    [
      ["codex.approval_requested", "apr_1", undefined],
      ["codex.approval_resolved", "apr_1", "decline"],
      ["codex.approval_requested", "apr_3", undefined],
    ],
  );
});

/** Queues a task of kind codex, and returns its path once its turn is followed. */
async function startedTask(
  it: TestConductor,
  codexd: FakeCodexd,
): Promise<string> {
  const { task_id } = await it.server.data<{ task_id: string }>(
    "POST",
    "/v1/tasks",
    { title: "Ask Codex", kind: "codex", payload: { prompt: "Say hello" } },
  );
  await codexd.followed(2);
  return `/v1/tasks/${task_id}`;
}

Deno.test("a task of kind codex that waits for a person says so, and what answers it", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  const path = await startedTask(it, codexd);
  const lines = async (after: number, wanted: RegExp): Promise<Json> => {
    const log = await get(it, `${path}/logs?after=${after}&wait_ms=20000`);
    const isThere = log.entries.some(({ message }: Json) =>
      wanted.test(message)
    );
    return isThere ? log : lines(log.last_seq, wanted);
  };
  assertEquals((await get(it, path)).waits_for, []);
  codexd.ask("apr_1");
  const answer = `${APPROVALS}/apr_1`;
  const asked = await lines(0, /^Waits until .* for an answer: POST .*apr_1$/);
  const paths = ({ next }: Json) => next.map(({ path }: Json) => path);
  assertEquals(paths(asked).slice(1), [APPROVALS, answer]);
  const waiting = await get(it, path);
  assertEquals(waiting.status, "running");
  assertEquals(waiting.waits_for.map((it: Json) => [it.approval_id, it.kind]), [
    ["apr_1", "command"],
  ]);
  assertEquals(paths(waiting).slice(0, 2), [APPROVALS, answer]);
  const held = await it.server.data<Json>("POST", "/v1/tasks?wait_ms=1", {
    title: "Another",
    kind: "codex",
    payload: { prompt: "Say hello" },
    not_before: "2999-01-01T00:00:00.000Z",
  });
  assertEquals(held.waits_for, []);

  await it.server.data("POST", answer, { decision: "accept" });
  await lines(asked.last_seq, /^Answered: accept by somebody$/);
  const { waits_for, next } = await get(it, path);
  assertEquals([waits_for, next[0].path.startsWith(`${path}/logs`)], [
    [],
    true,
  ]);
});

Deno.test("a task advertises no answer that codexd does not wait for any more, nor while codexd is away", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  const path = await startedTask(it, codexd);
  const waitsFor = async () => {
    const { waits_for, next } = await get(it, path);
    return [waits_for.length, next[0].path === APPROVALS];
  };
  const becomes = (count: number) =>
    until(waitsFor, (now) => now[0] === count, { withinMs: 20_000 });
  codexd.ask("apr_1");
  assertEquals(await becomes(1), [1, true]);
  // It is gone, but the task's own watch has not heard of it.
  const [approval] = codexd.approvals.splice(0);
  codexd.push({ type: "account.updated", session_id: null });
  assertEquals(await becomes(0), [0, false]);
  if (approval !== undefined) codexd.approvals.push(approval);
  codexd.push({ type: "account.updated", session_id: null });
  assertEquals(await becomes(1), [1, true]);
  codexd.hide();
  assertEquals(await becomes(0), [0, false]);
  codexd.show();
  codexd.push(ended);
  await until(() => get(it, path), ({ status }) => status === "failed");
});

Deno.test("what still runs at codexd for a task that is over is interrupted, and no other turn", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  const { task_id } = await it.server.data<{ task_id: string }>(
    "POST",
    "/v1/tasks",
    { title: "Ask Codex", kind: "codex", payload: { prompt: "Say hello" } },
  );
  await codexd.followed(2);
  const started_at = new Date().toISOString();
  const turnOf = (turn_id: string, task_id?: string) => ({
    session_id: "session-1",
    turn_id,
    started_at,
    ...(task_id !== undefined && { task_id }),
  });
  codexd.activeTurns = [
    turnOf("turn-1", task_id),
    turnOf("turn-2", "a person's"),
    turnOf("turn-3"),
  ];
  const look = () => get(it, "/v1/codex");
  const ids = () => codexd.activeTurns.map(({ turn_id }) => turn_id);
  await look();
  await look();
  assertEquals(ids(), ["turn-1", "turn-2", "turn-3"]);
  codexd.push(ended);
  await until(
    () => get(it, `/v1/tasks/${task_id}`),
    ({ status }) => status === "failed",
  );
  await look();
  await until(() => Promise.resolve(ids()), (now) => now.length < 3);
  assertEquals(ids(), ["turn-2", "turn-3"]);
});
