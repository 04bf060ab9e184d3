import { assertEquals, assertMatch } from "@std/assert";
import type { Json } from "../../shared/testing/json.ts";
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

Deno.test("POST /v1/codex/approvals/:approval_id refuses a body that answers nothing", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  for (
    const [body, message] of [
      [{}, /give decision \(accept, .*cancel\) or answers/],
      [{ decision: "accept", answers: { q: "x" } }, /give decision .* or/],
      [{ decision: "yes" }, /accept.*decline/],
      [{ answer: "x" }, /Unknown field "answer"; known: decision, answers/],
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
