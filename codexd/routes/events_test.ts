import { assertEquals } from "@std/assert";
import { RecordingLogger } from "../../shared/testing/fakes.ts";
import { type TestCodexd, testCodexd } from "../testing/test_codexd.ts";

const start = (it: TestCodexd, session_id: string, input: string) =>
  it.server.data<{ turn_id: string }>("POST", "/v1/codexd/turn", {
    session_id,
    input,
  });

Deno.test("WS events tells a turn from its start to its end, numbered without a hole", async () => {
  await using it = await testCodexd({ listening: true });
  const session_id = await it.session();
  await using follower = it.follow();
  await follower.opened;
  const { turn_id } = await start(it, session_id, "@model:text n=2 text=ha");
  await follower.until((event) => event.type === "turn.completed");
  const own = follower.events.filter((event) => event.turn_id === turn_id);
  assertEquals(own.map((event) => event.type), [
    "turn.started",
    "item.started",
    "message.delta",
    "message.delta",
    "item.completed",
    "usage.updated",
    "turn.completed",
  ]);
  assertEquals(own.map((event) => event.session_id), Array(7).fill(session_id));
  assertEquals(own[2]?.data.delta, "ha");
  const { status, final_message } = own.at(-1)?.data ?? {};
  assertEquals([status, final_message], ["completed", "haha"]);
  const [first] = follower.events;
  assertEquals(
    follower.events.map((event) => event.seq - (first?.seq ?? 0)),
    follower.events.map((_, index) => index),
  );
});

Deno.test("WS events resumes behind ?after= without loss or repetition, also after a restart", async () => {
  await using it = await testCodexd({ listening: true });
  const session_id = await it.session();
  await start(it, session_id, "first");
  const { seq } = await it.event((event) => event.type === "turn.completed");
  await it.restart();
  await start(it, session_id, "second");
  await it.event((event) => event.type === "turn.completed" && event.seq > seq);
  const all = it.events();
  await using follower = it.follow(`?after=${seq - 3}`);
  const last = all.at(-1)?.seq;
  await follower.until((event) => event.seq === last);
  assertEquals(follower.events, all.filter((event) => event.seq > seq - 3));
});

Deno.test("WS events filters by session and keeps what belongs to none", async () => {
  await using it = await testCodexd({ listening: true });
  const [mine, other] = [await it.session(), await it.session()];
  await using follower = it.follow(`?after=0&session_id=${mine}`);
  await start(it, other, "not for me");
  await it.event((event) =>
    event.type === "turn.completed" && event.session_id === other
  );
  await start(it, mine, "for me");
  await follower.until((event) => event.type === "turn.completed");
  assertEquals(
    new Set(follower.events.map((event) => event.session_id)),
    new Set([null, mine]),
  );
});

Deno.test("WS events tells a gap to who resumes at numbers that were never given", async () => {
  await using it = await testCodexd({ listening: true });
  await it.session();
  await using follower = it.follow("?after=99999");
  const gap = await follower.until((event) => event.type === "gap");
  assertEquals(gap.data, { from_seq: gap.seq + 1, to_seq: 99999 });
});

Deno.test("WS events refuses an ?after= that is no sequence number", async () => {
  await using it = await testCodexd({ listening: true });
  for (const after of ["", "-1", "1e3", "0x1", "1.5", "%201"]) {
    const response = await it.server.send(
      "GET",
      `/v1/codexd/events?after=${after}`,
      { headers: { upgrade: "websocket", connection: "Upgrade" } },
    );
    assertEquals(response.status, 400, `after=${after}`);
    await response.body?.cancel();
  }
});

Deno.test("WS events asks clients for approvals and takes their answer", async () => {
  const log = new RecordingLogger();
  await using it = await testCodexd({
    listening: true,
    log,
    env: { BAA_CODEX_APPROVALS: "ask" },
  });
  const session_id = await it.session();
  await using follower = it.follow();
  await follower.opened;
  await start(it, session_id, '@model:shell cmd="rm x" escalate=1');
  const asked = await follower.until((event) =>
    event.type === "approval.requested"
  );
  assertEquals([asked.data.kind, asked.data.command], ["command", "rm x"]);
  const { approval_id } = asked.data;
  const answer = { type: "approval.respond", approval_id, decision: "accept" };
  assertEquals(await follower.ask({ ...answer, request_id: "r1" }), {
    type: "reply",
    to: "approval.respond",
    request_id: "r1",
    ok: true,
  });
  const done = await follower.until((event) => event.type === "turn.completed");
  assertEquals(done.data.status, "completed");
  const late = await follower.ask(answer);
  assertEquals([late.ok, late.error?.code], [false, "CONFLICT"]);
  const audit = log.lines.filter(({ fields }) =>
    fields.action === "approval.respond"
  ).map(({ fields: { ok, code, target, facts, actor } }) => ({
    actor: (actor as { name?: string }).name ?? actor,
    ...(ok === undefined ? { target } : { ok, code, facts }),
  }));
  const target = { approval_id, decision: "accept" };
  // Who decided may go beyond the widest sandbox, and this did.
  const facts = { beyond_max_sandbox: true };
  assertEquals(audit, [
    { actor: "local", target },
    { actor: "local", ok: true, code: undefined, facts },
    { actor: "local", target },
    { actor: "local", ok: false, code: "CONFLICT", facts: undefined },
  ]);
  const command = follower.events.find((event) =>
    event.type === "item.completed"
  );
  assertEquals((command?.data.item as { status: string }).status, "completed");
});

Deno.test("WS events: what is accepted for a session is asked again once its limits are", async () => {
  await using it = await testCodexd({
    listening: true,
    env: { BAA_CODEX_APPROVALS: "ask" },
  });
  const session_id = await it.session({ sandbox: "workspace-write" });
  await using follower = it.follow();
  await follower.opened;
  const turn = () =>
    start(it, session_id, '@model:shell cmd="rm x" escalate=1');
  const of = (turn_id: string, type: string) =>
    follower.until((event) => event.turn_id === turn_id && event.type === type);
  const first = (await turn()).turn_id;
  const { data: { approval_id } } = await of(first, "approval.requested");
  const decision = "accept_for_session";
  await follower.ask({ type: "approval.respond", approval_id, decision });
  await of(first, "turn.completed");
  const second = (await turn()).turn_id;
  const { data } = await of(second, "approval.resolved");
  assertEquals([data.decision, data.by], [decision, "session"]);
  await of(second, "turn.completed");
  const limits = { session_id, sandbox: "read-only" };
  await it.server.data("POST", "/v1/codexd/sessions", limits);
  const third = (await turn()).turn_id;
  const asked = await of(third, "approval.requested");
  assertEquals(typeof asked.data.expires_at, "string");
  assertEquals(
    follower.events.filter(({ type }) => type === "approval.resolved").length,
    2,
  );
});

Deno.test("WS events: a session may be stricter than codexd is set to", async () => {
  await using it = await testCodexd({
    env: {
      BAA_CODEX_APPROVALS: "accept",
      BAA_CODEX_MAX_SANDBOX: "danger-full-access",
    },
  });
  const strict = await it.session({ approvals: "deny" });
  const loose = await it.session();
  for (const id of [strict, loose]) {
    await start(it, id, '@model:shell cmd="rm x" escalate=1');
  }
  const decided = async (id: string) => {
    const event = await it.event((event) =>
      event.type === "approval.resolved" && event.session_id === id
    );
    return [event.data.decision, event.data.by];
  };
  assertEquals(await decided(strict), ["decline", "policy"]);
  assertEquals(await decided(loose), ["accept", "policy"]);
});

Deno.test("WS events interrupts a turn for a client, and says when it cannot", async () => {
  await using it = await testCodexd({ listening: true });
  const session_id = await it.session();
  await using follower = it.follow();
  await follower.opened;
  const { turn_id } = await start(it, session_id, "@model:hang");
  await follower.until((event) => event.type === "turn.started");
  const interrupt = { type: "turn.interrupt", session_id };
  assertEquals((await follower.ask(interrupt)).ok, true);
  const done = await follower.until((event) => event.type === "turn.completed");
  assertEquals(done.data.status, "interrupted");
  assertEquals((await follower.ask(interrupt)).error?.code, "CONFLICT");
  const byTurn = { type: "turn.interrupt", turn_id };
  assertEquals((await follower.ask(byTurn)).error?.code, "NOT_FOUND");
  const next = await start(it, session_id, "@model:hang");
  const ask = { ...byTurn, turn_id: next.turn_id };
  assertEquals((await follower.ask(ask)).ok, true);
});

Deno.test("WS events answers a message that it does not know, and goes on", async () => {
  await using it = await testCodexd({ listening: true });
  await using follower = it.follow("?after=0");
  await follower.opened;
  for (const message of [{ type: "nonsense" }, { type: "approval.respond" }]) {
    const reply = await follower.ask(message);
    assertEquals([reply.ok, reply.error?.code], [false, "INVALID_INPUT"]);
  }
  await it.session();
  await follower.until((event) => event.type === "session.started");
});

Deno.test("WS events refuses before the 101", async () => {
  await using it = await testCodexd({ listening: true });
  const plain = await it.server.get("/v1/codexd/events");
  assertEquals(plain.status, 426);
  await plain.body?.cancel();
  await using bad = it.follow("?after=-1");
  assertEquals((await bad.closed).code !== 1000, true);
  assertEquals(bad.events.length, 0);
});

Deno.test("WS events are closed with 1001 when codexd stops, and the turn is ended first", async () => {
  await using it = await testCodexd({ listening: true });
  const session_id = await it.session();
  await using follower = it.follow();
  await follower.opened;
  await start(it, session_id, "@model:hang");
  await follower.until((event) => event.type === "turn.started");
  await it.restart();
  assertEquals((await follower.closed).code, 1001);
  const done = await it.event((event) => event.type === "turn.completed");
  assertEquals(done.data.status, "interrupted");
});

Deno.test("a hundred followers get every event", async () => {
  await using it = await testCodexd({ listening: true });
  const session_id = await it.session();
  const followers = Array.from({ length: 100 }, () => it.follow("?after=0"));
  await Promise.all(followers.map((follower) => follower.opened));
  await start(it, session_id, "@model:text n=50");
  await Promise.all(
    followers.map((follower) =>
      follower.until((event) => event.type === "turn.completed")
    ),
  );
  const counts = new Set(followers.map((follower) => follower.events.length));
  assertEquals(counts.size, 1);
  await Promise.all(followers.map((it) => it[Symbol.asyncDispose]()));
});
