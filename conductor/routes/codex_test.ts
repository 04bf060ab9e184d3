import { assertEquals, assertMatch } from "@std/assert";
import type { CodexdStatus } from "../../shared/contracts/codexd_status.ts";
import { FakeCodexd } from "../codex/testing/fake_codexd.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";
import { until } from "../../shared/testing/until.ts";

/** What `GET /v1/codex` answers, as far as it is read here. */
interface CodexFacts {
  readonly reachable: boolean;
  readonly state: string;
  readonly reason: string | null;
  readonly base: string;
  readonly codexd: CodexdStatus | null;
  readonly routes: readonly unknown[];
}

/** What a poll of events answers. */
interface EventsPart {
  readonly count: number;
  readonly events: readonly { readonly seq: number }[];
  readonly last_seq: number;
  readonly next_cursor: string | null;
  readonly gap: unknown;
}

/** A conductor whose codexd is a stand-in that it has found. */
async function connected(codexd: FakeCodexd): Promise<TestConductor> {
  const conductor = await testConductor(codexd.env);
  await codexd.followed();
  return conductor;
}

async function failure(
  it: TestConductor,
  method: "GET" | "POST",
  path: string,
  body?: unknown,
) {
  const response = await it.server.send(method, path, { body });
  const { error } = await response.json();
  return { status: response.status, ...error };
}

Deno.test("GET /v1/codex tells reachability, codexd's status and the formal routes", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  const data = await it.server.data<CodexFacts>("GET", "/v1/codex");
  assertEquals([data.reachable, data.state, data.reason], [
    true,
    "healthy",
    null,
  ]);
  assertEquals([data.base, data.codexd?.app_server.version], [
    codexd.origin,
    "0.169.0",
  ]);
  assertEquals(data.routes.length, 6);
  codexd.available = false;
  const degraded = await it.server.data<CodexFacts>("GET", "/v1/codex");
  assertEquals([degraded.reachable, degraded.state, degraded.reason], [
    true,
    "degraded",
    "Codex is not logged in",
  ]);
});

Deno.test("GET /v1/codex/sessions and one session come from codexd", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  const list = await it.server.data<{ count: number }>(
    "GET",
    "/v1/codex/sessions?limit=5",
  );
  assertEquals(list.count, 1);
  const read = await it.server.data<{ session_id: string }>(
    "GET",
    "/v1/codex/sessions/a%2Fb",
  );
  assertEquals(read.session_id, "session-1");
  assertEquals(codexd.seen.at(-1)?.path, "/v1/codexd/sessions/a%2Fb");
});

Deno.test("POST /v1/codex/sessions and turn pass body, key and request id on", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  const headers = { "idempotency-key": "k1", "x-request-id": "my-request" };
  const made = await it.server.post("/v1/codex/sessions", { cwd: "/" }, {
    headers,
  });
  assertEquals(made.status, 201);
  await made.body?.cancel();
  const seen = codexd.seen.at(-1);
  assertEquals(seen?.body, { cwd: "/" });
  assertEquals(
    [
      seen?.headers.get("idempotency-key"),
      seen?.headers.get("x-request-id"),
    ],
    ["k1", "my-request"],
  );
  const input = { session_id: "session-1", input: "x" };
  const started = await it.server.post("/v1/codex/turn", input);
  assertEquals(started.status, 202);
  await started.body?.cancel();
  const waited = await it.server.post("/v1/codex/turn", {
    ...input,
    wait: true,
  });
  assertEquals(waited.status, 200);
  assertEquals((await waited.json()).data.final_message, "Hello");
  const { entries } = await it.server.data<
    { entries: { target: unknown; facts: unknown }[] }
  >("GET", "/v1/audit?action=codex.turn");
  assertEquals(entries.at(-1)?.target, {
    thread_id: "session-1",
    action: "start",
  });
  assertEquals(entries.at(-2)?.facts, {
    turn_id: "turn-1",
    status: "in_progress",
  });
});

Deno.test("/v1/codex* keep codexd's failures with their details", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  codexd.refusals.set("/v1/codexd/turn", {
    status: 409,
    code: "CONFLICT",
    message: "Cannot use the session: turn t1 is running in it",
    details: { turn_id: "t1" },
  });
  const refused = await failure(it, "POST", "/v1/codex/turn", {
    session_id: "s",
    input: "x",
  });
  assertEquals([refused.status, refused.code, refused.details.turn_id], [
    409,
    "CONFLICT",
    "t1",
  ]);
  codexd.refusals.set("/v1/codexd/sessions", {
    status: 401,
    code: "UNAUTHORIZED",
    message: "no",
  });
  const ours = await failure(it, "GET", "/v1/codex/sessions");
  assertEquals([ours.status, ours.code], [502, "UPSTREAM_FAILED"]);
});

Deno.test("/v1/codex* pass on what codexd advises, by conductor's own routes", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  for (
    const [code, theirs, ours] of [
      [
        "NOT_FOUND",
        "Take it from approvals.items[] of GET /v1/codexd/status.",
        "Take it from GET /v1/codex/approvals.",
      ],
      [
        "CONFLICT",
        "POST /v1/codexd/turn starts one, in one of GET /v1/codexd/sessions.",
        "POST /v1/codex/turn starts one, in one of GET /v1/codex/sessions.",
      ],
      [
        "CODEXD_UNAVAILABLE",
        "GET /v1/codexd/status says why.",
        "GET /v1/codex says why.",
      ],
      ["INVALID_INPUT", "Send local_image.", "Send local_image."],
      [
        "INVALID_INPUT",
        "GET /describe/codexd.turn has the fields.",
        "GET /describe/codex.approvals.answer has the fields.",
      ],
    ] as const
  ) {
    codexd.refusals.set("/v1/codexd/turn", {
      status: 400,
      code,
      message: "Cannot",
      hint: theirs,
    });
    const path = "/v1/codex/approvals/approval_none";
    const { hint } = await failure(it, "POST", path, { decision: "decline" });
    assertEquals(hint, ours);
  }
});

Deno.test("/v1/codex* answer 503 while codexd is away; conductor stays ready", async () => {
  await using it = await testConductor();
  for (
    const [method, path, body] of [
      ["GET", "/v1/codex/sessions", undefined],
      ["GET", "/v1/codex/sessions/x", undefined],
      ["POST", "/v1/codex/sessions", {}],
      ["POST", "/v1/codex/turn", { session_id: "s", input: "x" }],
      ["GET", "/v1/codex/events", undefined],
      ["GET", "/v1/codex/approvals?wait_ms=5000", undefined],
      ["POST", "/v1/codex/approvals/apr_1", { decision: "accept" }],
    ] as const
  ) {
    const { status, code, retryable } = await failure(it, method, path, body);
    assertEquals([status, code, retryable], [503, "CODEXD_UNAVAILABLE", true]);
  }
  const data = await it.server.data<CodexFacts>("GET", "/v1/codex");
  assertEquals([data.reachable, data.state, data.codexd], [
    false,
    "down",
    null,
  ]);
  assertEquals((await it.server.get("/readyz")).status, 200);
  const health = await it.server.data<{ status: string; degraded: string[] }>(
    "GET",
    "/health",
  );
  assertEquals(health.status, "ok", "a peer that is away is no fault");
  assertMatch(health.degraded.join(), /codexd at .* does not answer/);
});

Deno.test("GET /v1/capabilities says whether Codex can be used now, and why not", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  const codexRoutes = async () => {
    const data = await it.server.data<
      Record<"read_endpoints" | "write_endpoints", Record<string, unknown>[]>
    >("GET", "/v1/capabilities");
    return [...data.read_endpoints, ...data.write_endpoints]
      .filter((route) => String(route.id).startsWith("codex."))
      .map((route) => [route.id, route.available, route.unavailable_reason]);
  };
  assertEquals((await codexRoutes()).every(([, available]) => available), true);
  codexd.available = false;
  const reason = "Codex is not logged in";
  // A look that had begun before may be the one that answers.
  const refused = await until(async () => {
    await it.server.data("GET", "/v1/codex");
    return (await codexRoutes()).filter(([, available]) => !available);
  }, ({ length }) => length > 0);
  assertEquals(refused, [
    ["codex.sessions.open", false, reason],
    ["codex.turn", false, reason],
  ]);
  codexd.hide();
  await it.server.data("GET", "/v1/codex");
  const away = (await codexRoutes()).filter(([, available]) => !available);
  assertEquals(away.length, 8);
  codexd.show();
});

Deno.test("GET /v1/codex/events relays events with their numbers and resumes by Last-Event-ID", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  for (let i = 0; i < 3; i++) codexd.push({ type: "message.delta" });
  const response = await it.server.get("/v1/codex/events", {
    headers: { "last-event-id": "1", accept: "text/event-stream" },
  });
  assertMatch(
    response.headers.get("content-type") ?? "",
    /^text\/event-stream/,
  );
  const reader = response.body?.pipeThrough(new TextDecoderStream())
    .getReader();
  let text = "";
  while (!text.includes("id: 3")) text += (await reader?.read())?.value ?? "";
  const ids = [...text.matchAll(/^event: (.*)\nid: (\d+)$/gm)];
  assertEquals(ids.map(([, event, id]) => [event, id]), [
    ["message.delta", "2"],
    ["message.delta", "3"],
  ]);
  await reader?.cancel();
  const bad = await it.server.get("/v1/codex/events", {
    headers: { "last-event-id": "x" },
  });
  assertEquals(bad.status, 400);
  await bad.body?.cancel();
});

Deno.test("GET /v1/codex/events is polled as conductor's own events are: nothing twice, nothing lost", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  const get = (query: string) =>
    it.server.data<EventsPart>("GET", `/v1/codex/events?${query}`);
  for (let i = 0; i < 5; i++) {
    const session_id = i % 2 === 0 ? "mine" : "other";
    codexd.push({ session_id, type: i === 4 ? "turn.completed" : "warning" });
  }
  const seqs = ({ events }: EventsPart) => events.map(({ seq }) => seq);
  const tail = await get("limit=2");
  assertEquals([seqs(tail), tail.last_seq, tail.gap], [[4, 5], 5, null]);
  const first = await get("after=0&limit=2");
  assertEquals([seqs(first), first.last_seq], [[1, 2], 2]);
  const rest = await get(`cursor=${first.next_cursor}`);
  assertEquals([seqs(rest), rest.next_cursor], [[3, 4, 5], null]);
  const mine = await get("after=0&session_id=mine&types=warning");
  assertEquals([seqs(mine), mine.last_seq], [[1, 3], 5]);
  const none = await get("after=5&wait_ms=20");
  assertEquals([none.count, none.last_seq], [0, 5]);
  // A place that was never reached is another state folder's.
  const far = await get("after=999");
  assertEquals([far.count, far.last_seq], [0, 5]);

  const before = codexd.sockets;
  const waiting = get("after=5&types=turn.completed&wait_ms=20000");
  await codexd.followed(before + 1);
  codexd.push({ type: "message.delta" });
  codexd.push({ type: "turn.completed" });
  const news = await waiting;
  assertEquals([seqs(news), news.last_seq], [[7], 7]);

  codexd.push({
    type: "gap",
    session_id: null,
    data: { from_seq: 8, to_seq: 8 },
  });
  const gap = await get("after=7&types=turn.completed");
  assertEquals([gap.gap, gap.last_seq], [{ from_seq: 8, to_seq: 8 }, 8]);
  const { status, code } = await failure(
    it,
    "GET",
    `/v1/codex/events?after=1&cursor=${first.next_cursor}`,
  );
  assertEquals([status, code], [400, "INVALID_INPUT"]);
});

Deno.test("GET /v1/codex/events holds 64 calls at once, refuses more, and lets go of who leaves", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  const leave = new AbortController();
  const path = "/v1/codex/events?after=0&wait_ms=50000";
  const held = Array.from(
    { length: 64 },
    () => it.server.get(path, { signal: leave.signal }).catch(() => {}),
  );
  await codexd.followed(65);
  const { status, code } = await failure(it, "GET", path);
  assertEquals([status, code], [429, "TOO_MANY_REQUESTS"]);
  leave.abort();
  await Promise.all(held);
  while (codexd.sockets > 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

Deno.test("a change of codexd's health is an event of conductor's", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  const response = await it.server.get("/v1/events?after=0", {
    headers: { accept: "text/event-stream" },
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream())
    .getReader();
  let text = "";
  while (!text.includes("codexd.health_changed")) {
    text += (await reader?.read())?.value ?? "";
  }
  assertMatch(text, /"state":"healthy","previous":"unknown"/);
  await reader?.cancel();
});

Deno.test("GET /v1/codex/usage asks codexd for the tokens of turns", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  const data = await it.server.data<Record<string, unknown>>(
    "GET",
    "/v1/codex/usage?group_by=session&since=2026-01-31",
  );
  const { since, group_by, usage, total } = data;
  assertEquals([since, group_by], ["2026-01-31", "session"]);
  assertEquals((usage as { key: string }[])[0]?.key, "session-1");
  assertEquals((total as { total_tokens: number }).total_tokens, 120);
  assertEquals(
    codexd.seen.findLast(({ search }) => search !== "")?.search,
    "usage_by=session&usage_since=2026-01-31T00%3A00%3A00.000Z",
  );
  const bad = await failure(it, "GET", "/v1/codex/usage?since=yesterday");
  assertEquals([bad.status, bad.code], [400, "INVALID_INPUT"]);
});

Deno.test("a task of kind codex runs a turn, and is in the task's log", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  const { task_id } = await it.server.data<{ task_id: string }>(
    "POST",
    "/v1/tasks",
    { title: "Ask Codex", kind: "codex", payload: { prompt: "Say hello" } },
  );
  await codexd.followed(2);
  codexd.push({
    turn_id: "turn-1",
    type: "item.completed",
    data: { item: { id: "i", type: "agentMessage", text: "Hello" } },
  });
  codexd.push({
    turn_id: "turn-1",
    type: "turn.completed",
    data: {
      status: "completed",
      error: null,
      final_message: "Hello",
      usage: null,
    },
  });
  const logs = await it.server.get(`/v1/tasks/${task_id}/logs`, {
    headers: { accept: "text/event-stream" },
  });
  assertMatch(await logs.text(), /"stream":"stdout".*"message":"Hello"/);
  const task = await it.server.data<{ status: string }>(
    "GET",
    `/v1/tasks/${task_id}`,
  );
  assertEquals(task.status, "succeeded");
});

Deno.test("a task of kind codex refuses an image from the web at once, with what to do", async () => {
  await using codexd = new FakeCodexd();
  await using it = await connected(codexd);
  const input = [{ type: "image", url: "https://example.com/a.png" }];
  const refused = await failure(it, "POST", "/v1/tasks", {
    title: "Look",
    kind: "codex",
    payload: { input },
  });
  assertEquals([refused.status, refused.retryable], [400, false]);
  assertEquals(refused.details.issues[0].path, "payload.input.0.url");
  assertMatch(refused.hint, /local_image/);
});
