import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import type {
  ApprovalDecision,
  ApprovalMode,
  Sandbox,
} from "../../shared/contracts/codexd.ts";
import { AppError } from "../../shared/errors.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { countingIds } from "../../shared/testing/fakes.ts";
import type { RpcRequest } from "../rpc/rpc_message.ts";
import type { ApprovalRecord } from "./approval_record.ts";
import { type ApprovalNews, Approvals } from "./approvals.ts";

function setUp(
  mode: ApprovalMode | (() => ApprovalMode),
  maxSandbox: Sandbox = "danger-full-access",
) {
  const clock = new FakeClock();
  const answers: unknown[] = [];
  const news: ApprovalNews[] = [];
  const records = new Map<string, ApprovalRecord>();
  const stored = {
    get: (id: string) => records.get(id),
    set: (id: string, record: ApprovalRecord) => void records.set(id, record),
    values: () => [...records.values()],
  };
  const approvals = new Approvals({
    records: stored,
    clock,
    newId: countingIds(),
    timeoutMs: 1000,
    maxSandbox,
    modeOf: () => typeof mode === "function" ? mode() : mode,
    tell: (it) => news.push(it),
  });
  const rpc = {
    answer: (id: unknown, answer: unknown) => answers.push([id, answer]),
  };
  const ask = (request: Partial<RpcRequest> = {}) =>
    approvals.ask({ ...COMMAND, ...request }, rpc);
  const respond = (id: string, decision: ApprovalDecision, actor = "ann") =>
    approvals.respond(id, { decision }, actor);
  return { clock, answers, news, approvals, ask, respond, stored };
}

/** What the last news of a decision say, but for who it was and when. */
function resolved(news: readonly ApprovalNews[]) {
  const { decided_by: _, decided_at: __, ...rest } = news.at(-1)?.data ?? {};
  return rest;
}

const COMMAND: RpcRequest = {
  kind: "request",
  id: 0,
  method: "item/commandExecution/requestApproval",
  params: {
    threadId: "s",
    turnId: "t",
    itemId: "i",
    command: "rm -rf build",
    cwd: "/work",
    reason: "to clean up",
  },
};

Deno.test("Approvals.ask() declines at once under deny, and tells it", () => {
  const { answers, news, ask, approvals, clock } = setUp("deny");
  ask();
  assertEquals(answers, [[0, { result: { decision: "decline" } }]]);
  assertEquals(news, [
    {
      session_id: "s",
      turn_id: "t",
      type: "approval.requested",
      data: {
        approval_id: "apr_1",
        kind: "command",
        item_id: "i",
        command: "rm -rf build",
        cwd: "/work",
        reason: "to clean up",
        decisions: ["accept", "accept_for_session", "decline", "cancel"],
        approvals: "deny",
        beyond_max_sandbox: false,
        expires_at: null,
      },
    },
    {
      session_id: "s",
      turn_id: "t",
      type: "approval.resolved",
      data: {
        approval_id: "apr_1",
        decision: "decline",
        by: "policy",
        decided_by: null,
        decided_at: "2026-01-01T00:00:00.000Z",
        beyond_max_sandbox: false,
      },
    },
  ]);
  assertEquals([approvals.items.length, clock.pending], [0, 0]);
});

Deno.test("Approvals.ask() accepts at once under accept", () => {
  const { answers, ask } = setUp("accept");
  ask();
  assertEquals(answers, [[0, { result: { decision: "accept" } }]]);
});

Deno.test("Approvals.ask() accepts nothing by itself that may go beyond the widest sandbox, and tells it", () => {
  const asked: readonly [string, boolean][] = [
    ["item/commandExecution/requestApproval", true],
    ["item/fileChange/requestApproval", true],
    ["item/permissions/requestApproval", true],
    ["execCommandApproval", true],
    ["applyPatchApproval", true],
    ["item/tool/requestUserInput", false],
    ["mcpServer/elicitation/request", false],
  ];
  for (const max of ["read-only", "workspace-write"] as const) {
    const declined = setUp("deny");
    const { answers, news, ask } = setUp("accept", max);
    for (const [method] of asked) {
      const request = { method, params: { permissions: { network: {} } } };
      ask(request);
      declined.ask(request);
    }
    assertEquals(answers, declined.answers);
    assertEquals(
      news.map(({ data }) => data.beyond_max_sandbox),
      asked.flatMap(([, beyond]) => [beyond, beyond]),
    );
  }
});

Deno.test("Approvals.respond() lets a person go beyond the widest sandbox, and tells it", () => {
  const { answers, news, ask, respond } = setUp("ask", "read-only");
  ask();
  respond("apr_1", "accept");
  assertEquals(answers, [[0, { result: { decision: "accept" } }]]);
  assertEquals(resolved(news), {
    approval_id: "apr_1",
    decision: "accept",
    by: "client",
    beyond_max_sandbox: true,
  });
});

Deno.test("Approvals.respond() answers under ask what the client decided, once", () => {
  const { answers, news, ask, approvals, clock, respond } = setUp("ask");
  ask();
  assertEquals([answers.length, approvals.items.length], [0, 1]);
  respond("apr_1", "accept_for_session");
  assertEquals(answers, [[0, { result: { decision: "accept" } }]]);
  assertEquals(resolved(news), {
    approval_id: "apr_1",
    decision: "accept_for_session",
    by: "client",
    beyond_max_sandbox: false,
  });
  const error = assertThrows(
    () => respond("apr_1", "accept"),
    AppError,
  );
  assertEquals([error.code, clock.pending], ["CONFLICT", 0]);
});

Deno.test("Approvals accepts a command for its session until the session's limits are asked anew", () => {
  const { answers, news, ask, approvals, clock, respond } = setUp("ask");
  const decided = () => {
    const { type, data } = news.at(-1) ?? {};
    return type === "approval.resolved" ? [data?.decision, data?.by] : "waits";
  };
  ask();
  respond("apr_1", "accept_for_session");
  ask();
  assertEquals(decided(), ["accept_for_session", "session"]);
  // Codex is told of each one alone: it would remember.
  const accept = [0, { result: { decision: "accept" } }];
  assertEquals(answers, [accept, accept]);
  const { params } = COMMAND;
  const others: Partial<RpcRequest>[] = [
    { params: { ...params as object, command: "rm -rf /" } },
    { params: { ...params as object, cwd: "/" } },
    { params: { ...params as object, threadId: "another" } },
    { method: "item/fileChange/requestApproval" },
  ];
  for (const other of others) {
    ask(other);
    assertEquals(decided(), "waits", JSON.stringify(other));
  }
  approvals.forget("another");
  ask();
  assertEquals(decided(), ["accept_for_session", "session"]);
  approvals.forget("s");
  ask();
  assertEquals(decided(), "waits");
  approvals.dropAll();
  assertEquals(clock.pending, 0);
});

Deno.test("Approvals accepts what is no command once, also for the session", () => {
  const { answers, ask, approvals, respond } = setUp("ask");
  const params = { threadId: "s", permissions: { network: {} } };
  const methods = [
    "item/fileChange/requestApproval",
    "item/permissions/requestApproval",
    "applyPatchApproval",
  ];
  for (const [index, method] of methods.entries()) {
    ask({ method, params });
    respond(`apr_${2 * index + 1}`, "accept_for_session");
    ask({ method, params });
  }
  assertEquals(answers, [
    [0, { result: { decision: "accept" } }],
    [0, { result: { permissions: { network: {} }, scope: "turn" } }],
    [0, { result: { decision: "approved" } }],
  ]);
  assertEquals(approvals.items.length, methods.length);
});

Deno.test("Approvals asks again under deny and accept whatever was accepted before", () => {
  let mode: ApprovalMode = "ask";
  const { answers, news, ask, respond } = setUp(
    () => mode,
    "read-only",
  );
  ask();
  respond("apr_1", "accept_for_session");
  for (mode of ["deny", "accept"] as const) {
    ask();
    assertEquals(answers.at(-1), [0, { result: { decision: "decline" } }]);
    assertEquals(news.at(-1)?.data.by, "policy");
  }
});

Deno.test("Approvals declines what nobody answers in time", async () => {
  const { answers, news, ask, clock } = setUp("ask");
  ask();
  await clock.advance(1000);
  assertEquals(answers, [[0, { result: { decision: "decline" } }]]);
  assertEquals(news.at(-1)?.data.by, "timeout");
});

Deno.test("Approvals.ask() answers a question of unknown kind with an error", () => {
  const { answers, news, ask } = setUp("accept");
  ask({ id: "x", method: "thing/ask", params: null });
  assertEquals(answers, [["x", {
    error: { code: -32601, message: "codexd does not answer thing/ask" },
  }]]);
  assertEquals(news, []);
});

Deno.test("Approvals drops what the app-server settled, or took with it", () => {
  const { answers, news, ask, approvals } = setUp("ask");
  ask({ id: 0 });
  ask({ id: 1 });
  approvals.resolved(0);
  approvals.dropAll();
  assertEquals(answers, []);
  assertEquals(news.slice(2).map((it) => [it.data.approval_id, it.data.by]), [
    ["apr_1", "codex"],
    ["apr_2", "restart"],
  ]);
});

Deno.test("Approvals answers each kind of question in its own form", () => {
  const decline = setUp("deny");
  const accept = setUp("accept");
  for (
    const method of [
      "item/fileChange/requestApproval",
      "item/permissions/requestApproval",
      "item/tool/requestUserInput",
      "mcpServer/elicitation/request",
      "execCommandApproval",
      "applyPatchApproval",
    ]
  ) {
    for (const it of [decline, accept]) {
      it.ask({ method, params: { permissions: { network: {} } } });
    }
  }
  const results = (answers: unknown[]) =>
    answers.map((it) => (it as [unknown, { result: unknown }])[1].result);
  assertEquals(results(decline.answers), [
    { decision: "decline" },
    { permissions: {}, scope: "turn" },
    { answers: {} },
    { action: "decline", content: null, _meta: null },
    { decision: { denied: { rejection: "declined" } } },
    { decision: { denied: { rejection: "declined" } } },
  ]);
  assertEquals(results(accept.answers), [
    { decision: "accept" },
    { permissions: { network: {} }, scope: "turn" },
    { answers: {} },
    { action: "decline", content: null, _meta: null },
    { decision: "approved" },
    { decision: "approved" },
  ]);
});

Deno.test("Approvals.respond() refuses what does not answer the question, which waits on", () => {
  const { answers, ask, approvals, respond } = setUp("ask");
  const methods = [
    [
      "item/permissions/requestApproval",
      "cancel",
      /^permissions takes: accept, accept_for_session, decline$/,
    ],
    [
      "item/tool/requestUserInput",
      "accept",
      /^user_input takes answers, or the decision: decline$/,
    ],
    [
      "mcpServer/elicitation/request",
      "accept",
      /^elicitation takes: decline, cancel$/,
    ],
  ] as const;
  for (const [index, [method, decision, message]] of methods.entries()) {
    ask({ method });
    const refused = assertThrows(
      () => respond(`apr_${index + 1}`, decision),
      AppError,
    );
    assertEquals(refused.code, "INVALID_INPUT");
    assertMatch(issuesOf(refused)[0]?.message ?? "", message);
  }
  ask();
  const refused = assertThrows(
    () => approvals.respond("apr_4", { answers: { q: "yes" } }, "ann"),
    AppError,
  );
  assertMatch(issuesOf(refused)[0]?.message ?? "", /takes a decision: accept,/);
  assertEquals([answers.length, approvals.items.length], [0, 4]);
});

Deno.test("Approvals.respond() takes answers to what was asked, and nothing else", () => {
  const { answers, news, ask, approvals } = setUp("ask");
  const options = [{ label: "Red" }, { label: "Blue" }];
  const questions = [
    { id: "color", question: "Which?", isOther: false, options },
    { id: "more", question: "What else?", isOther: true, options },
    { id: "name", question: "Whose?", isSecret: true, options: null },
  ];
  const method = "item/tool/requestUserInput";
  ask({ method, params: { threadId: "s", turnId: "t", questions } });
  const [item] = approvals.items;
  assertEquals([item?.kind, item?.request.questions], [
    "user_input",
    questions,
  ]);
  const refusals: readonly [Record<string, string | string[]>, string[]][] = [
    [{}, ["answers.color", "answers.more", "answers.name"]],
    [{ color: "Green", more: "x", name: "y" }, ["answers.color"]],
    [{ color: options.map(({ label }) => label), more: "x", name: "y" }, [
      "answers.color",
    ]],
    [{ color: "Red", more: "x", name: "y", size: "1" }, ["answers.size"]],
  ];
  for (const [given, paths] of refusals) {
    const refused = assertThrows(
      () => approvals.respond("apr_1", { answers: given }, "ann"),
      AppError,
    );
    assertEquals(issuesOf(refused).map(({ path }) => path), paths);
  }
  const given = { color: "Red", more: ["Blue", "and so on"], name: "Eve" };
  approvals.respond("apr_1", { answers: given }, "ann");
  assertEquals(answers, [[0, {
    result: {
      answers: {
        color: { answers: ["Red"] },
        more: { answers: ["Blue", "and so on"] },
        name: { answers: ["Eve"] },
      },
    },
  }]]);
  const { data } = news.at(-1) ?? {};
  assertEquals([data?.decision, data?.by, data?.decided_by], [
    "answered",
    "client",
    "ann",
  ]);
  assertEquals(JSON.stringify(news).includes("Eve"), false);
});

Deno.test("Approvals.respond() tells a later one who was first, when, and what", async () => {
  const { answers, ask, approvals, respond, clock } = setUp("ask");
  const late = (id: string) => {
    const { code, message, details } = assertThrows(
      () => respond(id, "accept", "eve"),
      AppError,
    );
    assertEquals([code, details?.approval_id], ["CONFLICT", id]);
    return message;
  };
  for (const id of [0, 1, 2, 3]) ask({ id });
  respond("apr_1", "cancel");
  assertMatch(late("apr_1"), /ann decided "cancel" at 2026-01-01T00:00:00/);
  approvals.resolved(1);
  assertMatch(late("apr_2"), /Codex took it back/);
  await clock.advance(1000);
  assertMatch(late("apr_3"), /nobody had answered in time/);
  ask({ id: 4 });
  approvals.dropAll();
  assertMatch(late("apr_5"), /nothing was accepted/);
  assertEquals(answers.map((it) => (it as unknown[])[0]), [0, 2, 3]);
});

Deno.test("Approvals.recover() ends what waited when codexd was killed", () => {
  const before = setUp("ask");
  before.ask();
  const { approvals, news, respond, stored } = setUp("ask");
  for (const it of before.stored.values()) stored.set(it.approval_id, it);
  approvals.recover();
  assertEquals(news.map(({ type, data }) => [type, data.decision, data.by]), [
    ["approval.resolved", null, "restart"],
  ]);
  assertEquals(
    assertThrows(() => respond("apr_1", "accept"), AppError).code,
    "CONFLICT",
  );
  approvals.recover();
  assertEquals(news.length, 1);
});

Deno.test("Approvals remembers for a session only what is a plain command", () => {
  const { ask, approvals, respond } = setUp("ask");
  const plain = COMMAND.params as Record<string, unknown>;
  const others = [
    { ...plain, command: null },
    { ...plain, networkApprovalContext: { host: "example.com" } },
    { ...plain, additionalPermissions: { network: {} } },
  ];
  for (const [index, params] of others.entries()) {
    ask({ params });
    respond(`apr_${2 * index + 1}`, "accept_for_session");
    ask({ params });
    assertEquals(approvals.items.length, index + 1);
  }
});

function issuesOf({ details }: AppError) {
  return details?.issues as { path: string; message: string }[];
}

Deno.test("Approvals.find() and respond() know what waits when its record has fallen out", () => {
  const { answers, approvals, ask, respond, stored } = setUp("ask");
  ask();
  stored.get = () => undefined;
  const { approval_id, outcome } = approvals.find("apr_1");
  assertEquals([approval_id, outcome], ["apr_1", null]);
  respond("apr_1", "accept");
  assertEquals(answers, [[0, { result: { decision: "accept" } }]]);
});

Deno.test("Approvals records a decision before Codex is answered", () => {
  const result = { decision: "decline" };
  for (const mode of ["ask", "deny"] as const) {
    const { answers, ask, respond, stored } = setUp(mode);
    stored.set = (_id, { outcome }) =>
      void (outcome && answers.push(outcome.decision));
    ask();
    if (mode === "ask") respond("apr_1", "decline");
    assertEquals(answers, ["decline", [0, { result }]]);
  }
});
