import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { systemClock } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import { RunStopped } from "../automation/task_kind.ts";
import { codexKind } from "./codex_kind.ts";
import { FakeCodexd } from "./testing/fake_codexd.ts";

function setUp(codexd: FakeCodexd) {
  const api = codexd.api();
  const kind = codexKind({ api, clock: systemClock });
  const lines: string[] = [];
  const stop = new AbortController();
  const run = (payload: Record<string, unknown>) =>
    kind.run(kind.payload.parse(payload), {
      task_id: "task_1",
      run_id: "run_1",
      attempt: 1,
      timeout_ms: null,
      signal: stop.signal,
      log(stream, text) {
        lines.push(`${stream}: ${text}`);
        return Promise.resolve();
      },
      note: (level, message) => void lines.push(`${level}: ${message}`),
    });
  return { kind, run, lines, stop };
}

const end = (status: string, more = {}) => ({
  turn_id: "turn-1",
  type: "turn.completed",
  data: { status, error: null, final_message: null, usage: null, ...more },
});

Deno.test("codexKind() runs a turn in a new session and logs what Codex does", async () => {
  await using codexd = new FakeCodexd();
  const { run, lines } = setUp(codexd);
  const running = run({ prompt: "Do it", cwd: "/work", sandbox: "read-only" });
  await codexd.followed();
  const item = (item: Record<string, unknown>) => ({
    turn_id: "turn-1",
    type: "item.completed",
    data: { item },
  });
  codexd.push({
    ...item({ type: "agentMessage", text: "not mine" }),
    turn_id: "x",
  });
  codexd.push({
    ...item({ type: "commandExecution", command: "ls" }),
    type: "item.started",
  });
  codexd.push(item({
    type: "commandExecution",
    aggregated_output: "a.txt\n",
    exit_code: 0,
  }));
  codexd.push(item({ type: "agentMessage", text: "Done" }));
  codexd.push(end("completed", { final_message: "Done", usage: { total: 1 } }));
  assertEquals(await running, {
    ok: true,
    code: null,
    message: null,
    result: {
      session_id: "session-1",
      turn_id: "turn-1",
      status: "completed",
      final_message: "Done",
      usage: { total: 1 },
    },
  });
  assertEquals(lines, [
    "info: Codex session session-1",
    "info: $ ls",
    "stdout: a.txt\n",
    "info: exit 0",
    "stdout: Done\n",
    "info: The turn is completed",
  ]);
  const [, opened, turn] = codexd.seen;
  assertEquals(opened?.body, { cwd: "/work", sandbox: "read-only" });
  assertEquals(opened?.headers.get("idempotency-key"), "run_1-session");
  assertEquals(turn?.body?.input, "Do it");
  assertEquals(turn?.headers.get("idempotency-key"), "run_1-turn");
});

Deno.test("codexKind() takes input for prompt and the turn's options, and fails with BUDGET_EXCEEDED", async () => {
  await using codexd = new FakeCodexd();
  const { kind, run } = setUp(codexd);
  const options = {
    model: "m",
    effort: "low",
    output_schema: { type: "object" },
    max_total_tokens: 5,
  };
  const input = [{ type: "text", text: "Do it" }];
  const running = run({ input, ...options });
  await codexd.followed();
  const budget = {
    reason: "BUDGET_EXCEEDED",
    error: { message: "It used 9 tokens; max_total_tokens is 5" },
  };
  codexd.push(end("interrupted", budget));
  const outcome = await running;
  assertEquals([outcome.ok, outcome.code], [false, "BUDGET_EXCEEDED"]);
  assertEquals(codexd.seen[2]?.body, {
    session_id: "session-1",
    input,
    ...options,
    task_id: "task_1",
  });
  const isTaken = (payload: unknown) => kind.payload.safeParse(payload).success;
  assertEquals(isTaken({}), false);
  assertEquals(isTaken({ prompt: "a", input: "b" }), false);
});

Deno.test("codexKind() continues a session, and fails as its turn does", async () => {
  await using codexd = new FakeCodexd();
  const { run } = setUp(codexd);
  const running = run({ prompt: "More", session_id: "session-1" });
  await codexd.followed();
  codexd.push(end("failed", { error: { message: "the model is away" } }));
  const outcome = await running;
  assertEquals([outcome.ok, outcome.code, outcome.message], [
    false,
    "TURN_FAILED",
    "the model is away",
  ]);
  assertEquals(codexd.seen[1]?.body, { session_id: "session-1" });
});

Deno.test("codexKind() ends the turn that an earlier attempt left before it starts its own", async () => {
  await using codexd = new FakeCodexd();
  const left = {
    session_id: "session-0",
    turn_id: "turn-0",
    task_id: "task_1",
    started_at: "2026-01-01T00:00:00.000Z",
  };
  const another = { ...left, turn_id: "turn-x", task_id: "task_2" };
  codexd.activeTurns = [another, left];
  const { run } = setUp(codexd);
  const running = run({ prompt: "Again", session_id: "session-0" });
  await codexd.followed();
  codexd.push(end("completed"));
  await running;
  const turns = codexd.seen.filter(({ path }) => path.endsWith("/turn"));
  assertEquals(turns.map(({ body }) => [body?.action, body?.turn_id]), [
    ["interrupt", "turn-0"],
    [undefined, undefined],
  ]);
  assertEquals(turns[0]?.body?.wait, true);
  assertEquals(codexd.activeTurns, [another]);
});

Deno.test("codexKind() starts no turn while one of its task cannot be ended", async () => {
  await using codexd = new FakeCodexd();
  codexd.activeTurns = [{
    session_id: "session-0",
    turn_id: "turn-0",
    task_id: "task_1",
    started_at: "2026-01-01T00:00:00.000Z",
  }];
  const message = "away";
  codexd.refusals.set("/v1/codexd/turn", {
    status: 502,
    code: "UPSTREAM_FAILED",
    message,
  });
  const { run } = setUp(codexd);
  const { code } = await assertRejects(() => run({ prompt: "x" }), AppError);
  assertEquals(code, "UPSTREAM_FAILED");
  assertEquals(
    codexd.seen.filter(({ method }) => method === "POST").length,
    1,
  );
});

Deno.test("codexKind() interrupts the turn when the run is canceled", async () => {
  await using codexd = new FakeCodexd();
  const { run, stop } = setUp(codexd);
  const running = run({ prompt: "Long" });
  await codexd.followed();
  stop.abort(new RunStopped("CANCELED", "canceled"));
  while (codexd.seen.at(-1)?.body?.action !== "interrupt") {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assertEquals(codexd.seen.at(-1)?.body?.turn_id, "turn-1");
  codexd.push(end("interrupted"));
  const outcome = await running;
  assertEquals([outcome.ok, outcome.code], [false, "TURN_INTERRUPTED"]);
});

Deno.test("codexKind() sees a turn through a restart of codexd", async () => {
  await using codexd = new FakeCodexd();
  const { run } = setUp(codexd);
  const running = run({ prompt: "Long" });
  await codexd.followed();
  codexd.hide();
  codexd.push(end("interrupted_by_restart", {
    error: { message: "codexd was restarted" },
  }));
  codexd.show();
  const outcome = await running;
  assertEquals([outcome.code, outcome.message], [
    "TURN_INTERRUPTED",
    "codexd was restarted",
  ]);
});

Deno.test("codexKind() says when Codex is away", async () => {
  await using codexd = new FakeCodexd();
  Deno.removeSync(codexd.socket);
  const { run } = setUp(codexd);
  const { code } = await assertRejects(() => run({ prompt: "x" }), AppError);
  assertEquals(code, "CODEXD_UNAVAILABLE");
});

Deno.test("codexKind() refuses a payload that contradicts itself", async () => {
  await using codexd = new FakeCodexd();
  const { kind } = setUp(codexd);
  const result = kind.payload.safeParse({
    prompt: "x",
    session_id: "s",
    cwd: "/",
  });
  assertMatch(result.error?.message ?? "", /new session only/);
  assertEquals(kind.payload.safeParse({ prompt: "" }).success, false);
  const [other, own] = ["~root", "~/a"].map((cwd) =>
    kind.payload.safeParse({ prompt: "x", cwd })
  );
  assertMatch(other?.error?.message ?? "", /must not begin with ~name/);
  assertEquals(own?.success, true);
});
