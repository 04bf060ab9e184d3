import { assertEquals, assertThrows } from "@std/assert";
import type { ApprovalMode, Sandbox } from "../../shared/contracts/codexd.ts";
import { AppError } from "../../shared/errors.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { countingIds } from "../../shared/testing/fakes.ts";
import type { RpcRequest } from "../rpc/rpc_message.ts";
import { type ApprovalNews, Approvals } from "./approvals.ts";

function setUp(
  mode: ApprovalMode | (() => ApprovalMode),
  maxSandbox: Sandbox = "danger-full-access",
) {
  const clock = new FakeClock();
  const answers: unknown[] = [];
  const news: ApprovalNews[] = [];
  const approvals = new Approvals({
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
  return { clock, answers, news, approvals, ask };
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
        beyond_max_sandbox: false,
      },
    },
  ]);
  assertEquals([approvals.size, clock.pending], [0, 0]);
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
  const { answers, news, ask, approvals } = setUp("ask", "read-only");
  ask();
  approvals.respond("apr_1", "accept");
  assertEquals(answers, [[0, { result: { decision: "accept" } }]]);
  assertEquals(news.at(-1)?.data, {
    approval_id: "apr_1",
    decision: "accept",
    by: "client",
    beyond_max_sandbox: true,
  });
});

Deno.test("Approvals.respond() answers under ask what the client decided, once", () => {
  const { answers, news, ask, approvals, clock } = setUp("ask");
  ask();
  assertEquals([answers.length, approvals.size], [0, 1]);
  approvals.respond("apr_1", "accept_for_session");
  assertEquals(answers, [[0, { result: { decision: "accept" } }]]);
  assertEquals(news.at(-1)?.data, {
    approval_id: "apr_1",
    decision: "accept_for_session",
    by: "client",
    beyond_max_sandbox: false,
  });
  const error = assertThrows(
    () => approvals.respond("apr_1", "accept"),
    AppError,
  );
  assertEquals([error.code, clock.pending], ["NOT_FOUND", 0]);
});

Deno.test("Approvals accepts a command for its session until the session's limits are asked anew", () => {
  const { answers, news, ask, approvals, clock } = setUp("ask");
  const decided = () => {
    const { type, data } = news.at(-1) ?? {};
    return type === "approval.resolved" ? [data?.decision, data?.by] : "waits";
  };
  ask();
  approvals.respond("apr_1", "accept_for_session");
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
  const { answers, ask, approvals } = setUp("ask");
  const params = { threadId: "s", permissions: { network: {} } };
  const methods = [
    "item/fileChange/requestApproval",
    "item/permissions/requestApproval",
    "applyPatchApproval",
  ];
  for (const [index, method] of methods.entries()) {
    ask({ method, params });
    approvals.respond(`apr_${2 * index + 1}`, "accept_for_session");
    ask({ method, params });
  }
  assertEquals(answers, [
    [0, { result: { decision: "accept" } }],
    [0, { result: { permissions: { network: {} }, scope: "turn" } }],
    [0, { result: { decision: "approved" } }],
  ]);
  assertEquals(approvals.size, methods.length);
});

Deno.test("Approvals asks again under deny and accept whatever was accepted before", () => {
  let mode: ApprovalMode = "ask";
  const { answers, news, ask, approvals } = setUp(() => mode, "read-only");
  ask();
  approvals.respond("apr_1", "accept_for_session");
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
