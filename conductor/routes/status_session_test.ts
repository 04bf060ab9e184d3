import { assert, assertEquals, assertMatch } from "@std/assert";
import { systemClock } from "../../shared/clock.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { OWNERS_TOKEN as TOKEN } from "../testing/owner_browser.ts";
import {
  BROWSER,
  guarded,
  isIn,
  sendSession,
  signIn,
  statusOf,
  UI,
} from "../testing/owner_session.ts";
import { testConductor } from "../testing/test_conductor.ts";

Deno.test("POST /v1/status/session opens a session with the shared token, and leads on", async () => {
  await using it = await guarded();
  const answer = await sendSession(it, { token: ` ${TOKEN} ` });
  assertEquals(
    [answer.status, answer.headers.get("location")],
    [303, UI],
  );
  const cookie = answer.headers.get("set-cookie") ?? "";
  assertMatch(
    cookie,
    /^baa_session=[\w-]{22}; Path=\/v1\/status; Max-Age=43200; HttpOnly; SameSite=Strict$/,
  );
  assert(!(await answer.text() + cookie).includes(TOKEN));
  const [pair = ""] = cookie.split(";");
  const page = await it.server.get(UI, { headers: { cookie: pair } });
  const text = await page.text();
  assertMatch(text, /Who may do what/);
  assertMatch(text, /Sign out/);
  assertMatch(
    page.headers.get("content-security-policy") ?? "",
    /form-action 'self'/,
  );
  const stranger = await (await it.server.get(UI)).text();
  assert(!/Who may do what|Sign out/.test(stranger));
  assertMatch(stranger, /href="\/v1\/status\/ui\/tasks">Sign in/);
  const outside = await it.server.get(UI, {
    headers: { "x-forwarded-for": "203.0.113.9" },
  });
  assert(!/Sign in/.test(await outside.text()));
});

Deno.test("a session ends after 12 hours, by either clock", async () => {
  for (const moved of ["now", "monotonic"] as const) {
    let passed = 0;
    const clock = {
      ...systemClock,
      [moved]: () => systemClock[moved]() + passed,
    };
    await using it = await guarded({}, { clock });
    const cookie = await signIn(it);
    passed = 12 * 3_600_000 - 60_000;
    assert(await isIn(it, cookie));
    passed += 60_000;
    assert(!await isIn(it, cookie));
  }
});

Deno.test("a session ends when its owner signs out, and outlives the daemon with its token alone", async () => {
  await using folder = await tempDir();
  const env = { BAA_STATE_DIR: folder.path };
  let laptop: string;
  {
    await using it = await guarded(env);
    const phone = await signIn(it);
    laptop = await signIn(it);
    const out = await sendSession(it, { sign_out: "1" }, { cookie: phone });
    assertEquals([out.status, out.headers.get("location")], [303, UI]);
    assertMatch(
      out.headers.get("set-cookie") ?? "",
      /^baa_session=; Path=\/v1\/status; Max-Age=0; /,
    );
    await out.body?.cancel();
    const both = [await isIn(it, phone), await isIn(it, laptop)];
    assertEquals(both, [false, true]);
  }
  {
    const other = { ...env, BAA_SHARED_TOKEN: "another-owner-8823" };
    await using it = await guarded(other);
    assert(!await isIn(it, laptop));
  }
  await using it = await guarded(env);
  assert(await isIn(it, laptop));
  const secret = laptop.split("=")[1] ?? "?";
  const database = `${folder.path}/conductor/conductor.db`;
  for (const name of [database, `${database}-wal`]) {
    const bytes = await Deno.readFile(name);
    assert(!new TextDecoder("latin1").decode(bytes).includes(secret), name);
  }
});

Deno.test("a session counts on a standby, and is refused there once it has ended", async () => {
  await using leader = await guarded();
  const env = { BAA_STATE_DIR: `${leader.folder}/state` };
  await using standby = await guarded({ ...env, BAA_NODE_ID: "second" });
  const [one, two] = [await signIn(leader), await signIn(standby)];
  assertEquals([await isIn(standby, one), await isIn(leader, two)], [
    true,
    true,
  ]);
  await statusOf(sendSession(leader, { sign_out: "1" }, { cookie: one }));
  await statusOf(sendSession(standby, { sign_out: "1" }, { cookie: two }));
  assertEquals([await isIn(standby, one), await isIn(leader, two)], [
    false,
    false,
  ]);
});

Deno.test("in an outage of the database nobody has a session, and is told why", async () => {
  await using folder = await tempDir();
  const env = { BAA_STATE_DIR: folder.path };
  let cookie: string;
  {
    await using it = await guarded(env);
    cookie = await signIn(it);
  }
  const path = `${folder.path}/conductor/conductor.db`;
  await Deno.writeTextFile(path, "no database");
  await using it = await guarded(env);
  assert(!await isIn(it, cookie));
  for (const headers of [{ cookie }, {}]) {
    const page = await it.server.get(`${UI}/tasks`, {
      headers: { ...BROWSER, ...headers },
    });
    assertEquals(page.status, 503);
    assertMatch(await page.text(), /Not done.*NOT_READY.*database/s);
  }
  const answer = await sendSession(it, { token: TOKEN });
  assertEquals([answer.status, answer.headers.get("set-cookie")], [503, null]);
  assertEquals((await answer.json()).error.code, "NOT_READY");
  assertEquals(await statusOf(sendSession(it, { token: "wrong" })), 401);
});

Deno.test("each page lets its reader sign out, who has a session", async () => {
  await using it = await guarded();
  await using open = await testConductor();
  const cookie = await signIn(it);
  const task = { title: "t", kind: "exec", payload: { command: "true" } };
  const created = await it.server.post("/v1/tasks", task, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  const { data: { task_id } } = await created.json();
  const pages = ["tasks", "schedules", "codex", "browser", "audit", "node"];
  for (const page of [...pages, `tasks/${task_id}`]) {
    const answer = await it.server.get(`${UI}/${page}`, {
      headers: { cookie },
    });
    const form = /<nav.*action="\/v1\/status\/session".*Sign out.*<\/nav>/s;
    assertMatch(await answer.text(), form, page);
  }
  for (const page of pages) {
    const text = await (await open.server.get(`${UI}/${page}`)).text();
    assert(!text.includes("Sign out"), page);
  }
});

Deno.test("more sessions than an owner has browsers let the oldest go", async () => {
  await using it = await guarded();
  const first = await signIn(it);
  const second = await signIn(it);
  for (let n = 0; n < 99; n++) await signIn(it);
  assertEquals([await isIn(it, first), await isIn(it, second)], [false, true]);
});

Deno.test("the audit holds who opened and ended a session, and no secret", async () => {
  await using it = await guarded();
  const cookie = await signIn(it);
  await statusOf(sendSession(it, { token: "not-the-owner-1234" }));
  await statusOf(sendSession(it, { sign_out: "1" }));
  await statusOf(sendSession(it, { sign_out: "1" }, { cookie }));
  const answer = await it.server.get("/v1/audit?action=status.session", {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  const text = await answer.text();
  const { entries } = JSON.parse(text).data;
  assertEquals(
    entries.map((it: Record<string, unknown>) => [it.actor, it.target, it.ok]),
    [
      ["owner", null, true],
      ["owner", { what: "end" }, null],
      ["owner", null, true],
      ["owner", { what: "open" }, null],
    ],
  );
  for (const secret of [TOKEN, cookie.split("=")[1] ?? "?"]) {
    assert(!text.includes(secret));
  }
});

Deno.test("without a shared token there is nothing to sign in to", async () => {
  await using it = await testConductor();
  const answer = await sendSession(it, { token: TOKEN });
  const { error } = await answer.json();
  assertEquals([answer.status, error.code], [409, "CONFLICT"]);
});

Deno.test("a visitor without a session is shown the sign-in form on every page, by a link from elsewhere too", async () => {
  await using it = await guarded({
    BAA_CONDUCTOR_PUBLIC_API_BASE: "https://conductor.makefile.so",
  });
  const cookie = await signIn(it);
  const link = {
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
  };
  for (
    const page of [
      "tasks?status=failed",
      "schedules",
      "codex",
      "browser",
      "audit",
      "node",
      "tasks/task_1",
      "none",
    ]
  ) {
    const path = `${UI}/${page}`;
    for (const headers of [{}, BROWSER, { ...BROWSER, ...link }]) {
      const answer = await it.server.get(path, { headers });
      assertEquals(answer.status, 401, page);
      assertMatch(
        answer.headers.get("content-security-policy") ?? "",
        /default-src 'none'.*form-action 'self'/,
      );
      assertEquals(answer.headers.get("referrer-policy"), "same-origin");
      const text = await answer.text();
      assertMatch(text, /<form [^>]*action="\/v1\/status\/session"/);
      assert(text.includes(`name="return_to" value="${path}"`), text);
      assert(!/<script|http-equiv/.test(text));
    }
    const json = await it.server.get(path, {
      headers: { accept: "application/json" },
    });
    assertEquals((await json.json()).error.code, "UNAUTHORIZED");
    const outside = it.server.get(path, {
      headers: { cookie, "x-forwarded-for": "203.0.113.9" },
    });
    assertEquals(await statusOf(outside), 403);
    const inside = await it.server.get(path, {
      headers: { ...BROWSER, cookie },
    });
    assertEquals(inside.status, /none|task_1/.test(page) ? 404 : 200, page);
    assert(!(await inside.text()).includes(`type="password"`));
  }
});
