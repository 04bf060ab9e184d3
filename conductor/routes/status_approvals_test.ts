import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { Database as Connection } from "@db/sqlite";
import { systemClock } from "../../shared/clock.ts";
import { RecordingLogger } from "../../shared/testing/fakes.ts";
import { FakeCodexd } from "../codex/testing/fake_codexd.ts";
import {
  CODEX_PAGE,
  OwnerBrowser,
  OWNERS_TOKEN,
} from "../testing/owner_browser.ts";
import { testConductor } from "../testing/test_conductor.ts";

/** A conductor that a person looks at, and the codexd that it asks. */
async function stage(
  env: Readonly<Record<string, string>> = { BAA_SHARED_TOKEN: OWNERS_TOKEN },
  options: Parameters<typeof testConductor>[1] = {},
) {
  const codexd = new FakeCodexd();
  const conductor = await testConductor({ ...codexd.env, ...env }, options);
  await codexd.followed();
  codexd.ask("apr_1");
  const owner = new OwnerBrowser(conductor);
  if (env.BAA_SHARED_TOKEN !== undefined) await owner.signIn();
  return {
    codexd,
    conductor,
    owner,
    /** What codexd was answered. */
    answers: () =>
      codexd.seen.filter(({ method }) => method === "POST")
        .map(({ body, headers }) => [body, headers.get("x-baa-actor")]),
    async [Symbol.asyncDispose]() {
      await conductor[Symbol.asyncDispose]();
      await codexd[Symbol.asyncDispose]();
    },
  };
}

async function codeOf(answer: Response | Promise<Response>): Promise<string> {
  const response = await answer;
  const { error } = await response.json();
  return `${response.status} ${error?.code}`;
}

Deno.test("a person answers what Codex asks by a form of the page, which then says so", async () => {
  await using it = await stage();
  const [key = ""] = await it.owner.keys("apr_1");
  const answer = await it.owner.answer("apr_1", { key, decision: "accept" });
  await answer.body?.cancel();
  const location = answer.headers.get("location") ?? "";
  assertEquals(answer.status, 303);
  assertMatch(location, /^\/v1\/status\/ui\/codex\?done=[\w-]{22}$/);
  assertEquals(it.answers(), [[{
    action: "respond",
    approval_id: "apr_1",
    decision: "accept",
  }, "owner"]]);
  const page = await it.owner.page(location);
  assertMatch(page, /Answered: accept, by somebody/);
  assert(!/Answered:/.test(await it.owner.page()));
  const other = await new OwnerBrowser(it.conductor).signIn();
  assert(!/Answered:/.test(await other.page(location)), "it is not theirs");
  const audit = await it.conductor.server.get(
    "/v1/audit?action=codex.approvals.answer",
    { headers: { authorization: `Bearer ${OWNERS_TOKEN}` } },
  );
  const [outcome, intent] = (await audit.json()).data.entries;
  assertEquals([intent.target, intent.actor], [
    { approval_id: "apr_1", decision: "accept" },
    "owner",
  ]);
  assertEquals([outcome.ok, outcome.facts.beyond_max_sandbox], [true, true]);
});

Deno.test("without a token the form works for whoever is on the machine, with its key", async () => {
  await using it = await stage({});
  const [key = ""] = await it.owner.keys("apr_1");
  const none = await codeOf(
    it.owner.answer("apr_1", { key: "none", decision: "accept" }),
  );
  assertEquals(none, "409 CONFLICT");
  const answer = await it.owner.answer("apr_1", { key, decision: "decline" });
  await answer.body?.cancel();
  assertEquals(answer.status, 303);
  assertEquals(it.answers().map(([, actor]) => actor), ["local"]);
});

Deno.test("a second answer leads back to the page, which says who was first", async () => {
  await using it = await stage();
  const [key = ""] = await it.owner.keys("apr_1");
  it.codexd.refusals.set("/v1/codexd/turn", {
    status: 409,
    code: "CONFLICT",
    message: `Cannot answer the approval: ann decided "decline"`,
  });
  const answer = await it.owner.answer("apr_1", { key, decision: "accept" }, {
    accept: "text/html",
  });
  await answer.body?.cancel();
  assertEquals(answer.status, 303);
  const page = await it.owner.page(answer.headers.get("location") ?? "");
  assertMatch(page, /ann decided &quot;decline&quot;/);
  const [again = ""] = await it.owner.keys("apr_1");
  const data = it.owner.answer("apr_1", { key: again, decision: "accept" });
  assertEquals(await codeOf(data), "409 CONFLICT");
});

Deno.test("a form takes nothing across origins, sessions, approvals, and nothing late", async () => {
  let passed = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + passed };
  await using it = await stage(undefined, { clock });
  it.codexd.ask("apr_2");
  const { owner, conductor } = it;
  const other = await new OwnerBrowser(conductor).signIn();
  const stranger = new OwnerBrowser(conductor);
  const decision = "accept";
  const fresh = async () => (await owner.keys("apr_1"))[0] ?? "";
  const conflict = "409 CONFLICT";
  const key = await fresh();
  for (
    const [what, answer, code] of [
      [
        "no session",
        stranger.answer("apr_1", { key, decision }),
        "401 UNAUTHORIZED",
      ],
      ["another session", other.answer("apr_1", { key, decision }), conflict],
      ["another approval", owner.answer("apr_2", { key, decision }), conflict],
      ["no key", owner.answer("apr_1", { decision }), "400 INVALID_INPUT"],
      [
        "a made key",
        owner.answer("apr_1", { key: `${key.slice(0, -1)}_`, decision }),
        conflict,
      ],
      [
        "a cut key",
        owner.answer("apr_1", { key: key.slice(0, -1), decision }),
        conflict,
      ],
      [
        "another page",
        owner.answer("apr_1", { key, decision }, { origin: "http://evil.com" }),
        "403 ORIGIN_NOT_ALLOWED",
      ],
      [
        "another port",
        owner.answer("apr_1", { key, decision }, {
          origin: "http://127.0.0.1:80",
        }),
        "403 ORIGIN_NOT_ALLOWED",
      ],
      [
        "a sandbox",
        owner.answer("apr_1", { key, decision }, { origin: "null" }),
        "403 ORIGIN_NOT_ALLOWED",
      ],
      [
        "JSON",
        owner.answer("apr_1", { key, decision }, {
          "content-type": "application/json",
        }),
        "415 UNSUPPORTED_MEDIA_TYPE",
      ],
      [
        "outside",
        owner.answer("apr_1", { key, decision }, { via: "1.1 x" }),
        "403 NOT_EXPOSED",
      ],
      ["nothing decided", owner.answer("apr_1", { key }), "400 INVALID_INPUT"],
      [
        "two things",
        owner.answer("apr_1", { key, decision, "answers[q]": "x" }),
        "400 INVALID_INPUT",
      ],
      [
        "more",
        owner.answer("apr_1", { key, decision, approval_id: "apr_2" }),
        "400 INVALID_INPUT",
      ],
    ] as const
  ) assertEquals(await codeOf(answer), code, what);
  passed = 15 * 60_000;
  assertEquals(
    await codeOf(owner.answer("apr_1", { key, decision })),
    conflict,
  );
  assertEquals(it.answers(), []);
  const answer = await owner.answer("apr_1", { key: await fresh(), decision });
  await answer.body?.cancel();
  assertEquals([answer.status, it.answers().length], [303, 1]);
});

Deno.test("a form that another conductor made is refused in words, and its own page has one that is taken", async () => {
  await using it = await stage();
  await using standby = await testConductor({
    ...it.codexd.env,
    BAA_SHARED_TOKEN: OWNERS_TOKEN,
    BAA_NODE_ID: "second",
  });
  await it.codexd.followed(2);
  const there = new OwnerBrowser(standby);
  there.cookie = it.owner.cookie;
  const [key = ""] = await it.owner.keys("apr_1");
  const decision = "accept";
  const answer = await there.answer("apr_1", { key, decision }, {
    accept: "text/html",
  });
  assertEquals(answer.status, 409);
  assertMatch(
    await answer.text(),
    /by another conductor.*Open its page again.*href="\/v1\/status\/ui\/codex"/s,
  );
  assertEquals(it.answers(), []);
  const [own = ""] = await there.keys("apr_1");
  const taken = await there.answer("apr_1", { key: own, decision });
  await taken.body?.cancel();
  assertEquals([taken.status, it.answers().length], [303, 1]);
});

Deno.test("a key ends with its session, and showing it changes nothing", async () => {
  await using it = await stage();
  const { owner } = it;
  const rows = async () => {
    const headers = { authorization: `Bearer ${OWNERS_TOKEN}` };
    const answer = await it.conductor.server.get("/v1/audit", { headers });
    return (await answer.json()).data.entries.length;
  };
  const before = await rows();
  const [key = ""] = await owner.keys("apr_1");
  for (let n = 0; n < 20; n++) await owner.keys("apr_1");
  assertEquals([await rows(), it.answers()], [before, []]);
  const out = await owner.send("/v1/status/session", { sign_out: "1" });
  await out.body?.cancel();
  const late = owner.answer("apr_1", { key, decision: "accept" });
  assertEquals(await codeOf(late), "401 UNAUTHORIZED");
  await owner.signIn();
  const other = owner.answer("apr_1", { key, decision: "accept" });
  assertEquals(await codeOf(other), "409 CONFLICT");
  assertEquals(it.answers(), []);
});

Deno.test("questions of Codex are answered by fields, and what it asks is shown for what it is", async () => {
  const log = new RecordingLogger();
  await using it = await stage(undefined, { log });
  const [asked] = it.codexd.approvals;
  if (asked === undefined) throw new Error("nothing waits");
  const hostile = `"><script>alert(1)</script>`;
  it.codexd.approvals = [{
    ...asked,
    approval_id: "apr/3 x",
    kind: "user_input",
    decisions: ["decline"],
    request: {
      questions: [
        {
          id: "color",
          header: hostile,
          question: "Which?",
          options: [
            { label: "Red", description: hostile },
            { label: hostile, description: "" },
          ],
        },
        {
          id: "q=[1]&",
          question: "Else?",
          isOther: true,
          options: [{ label: "A" }],
        },
        { id: "pass", question: "Password?", isSecret: true },
      ],
    },
  }, { ...asked, request: { command: "echo \u202Etxt.exe\u0007 <b>" } }];
  it.codexd.push({ type: "account.updated", session_id: null });
  const page = await it.owner.page();
  assert(!/<script|<b>/.test(page));
  assertMatch(page, /\\u\{202e\}txt.exe\\u\{7\}/);
  assert(!/http-equiv="refresh"/.test(page), "what is typed stays");
  const [forAnswers = "", forDecision = ""] = await it.owner.keys(
    "apr%2F3%20x",
  );
  assert(forAnswers !== forDecision && forDecision !== "");
  const answer = await it.owner.answer("apr%2F3%20x", {
    key: forAnswers,
    "answers[color]": "Red",
    "answers[q=[1]&]": "of my own",
    "answers[pass]": OWNERS_TOKEN,
  });
  assert(!(await answer.text()).includes(OWNERS_TOKEN));
  assertEquals(answer.status, 303);
  assertEquals(it.answers(), [[{
    action: "respond",
    approval_id: "apr/3 x",
    answers: { color: "Red", "q=[1]&": "of my own", pass: OWNERS_TOKEN },
  }, "owner"]]);
  const audit = await it.conductor.server.get("/v1/audit", {
    headers: { authorization: `Bearer ${OWNERS_TOKEN}` },
  });
  const told = await audit.text() + JSON.stringify(log.lines) +
    await it.owner.page(answer.headers.get("location") ?? CODEX_PAGE);
  for (
    const secret of [OWNERS_TOKEN, "of my own", forAnswers, it.owner.cookie]
  ) {
    assert(!told.includes(secret), secret);
  }
});

Deno.test("many and long approvals leave the page small, and say that there are more", async () => {
  await using it = await stage();
  const [asked] = it.codexd.approvals;
  if (asked === undefined) throw new Error("nothing waits");
  it.codexd.approvals = Array.from({ length: 100 }, (_, n) => ({
    ...asked,
    approval_id: `apr_${n}`,
    request: { command: "x".repeat(100_000) },
  }));
  const page = await it.owner.page();
  assert(page.length < 100_000, String(page.length));
  assertMatch(page, /\d+ approvals more/);
  assertMatch(page, /More is asked than is shown here/);
  for (const [command, isLong] of [["界".repeat(3000), true], ["<", false]]) {
    const request = { command };
    it.codexd.approvals = [{ ...asked, request }];
    const says = /More is asked/.test(await it.owner.page());
    assertEquals(says, isLong);
  }
});

Deno.test("enforced audit takes no answer that it cannot write, and opens no session", async () => {
  await using it = await stage({
    BAA_SHARED_TOKEN: OWNERS_TOKEN,
    BAA_AUDIT: "enforced",
  });
  const [key = ""] = await it.owner.keys("apr_1");
  breakTrail(it.codexd.stateDir);
  const answer = it.owner.answer("apr_1", { key, decision: "accept" });
  assertEquals(await codeOf(answer), "503 NOT_READY");
  const form = { token: OWNERS_TOKEN };
  const session = it.owner.send("/v1/status/session", form);
  assertEquals(await codeOf(session), "503 NOT_READY");
  assertEquals(it.answers(), []);
});

/** Leaves an audit trail that cannot be written, and all else as it is. */
function breakTrail(stateDir: string): void {
  const path = join(stateDir, "conductor", "conductor.db");
  const raw = new Connection(path, { int64: true });
  raw.exec("PRAGMA busy_timeout = 5000; DELETE FROM audit_head");
  raw.close();
}
