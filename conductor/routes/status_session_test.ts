import { assert, assertEquals, assertMatch } from "@std/assert";
import { systemClock } from "../../shared/clock.ts";
import { RecordingLogger, tempDir } from "../../shared/testing/fakes.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";

const TOKEN = "the-owner-4711-x9k2";
const SESSION = "/v1/status/session";
const UI = "/v1/status/ui";
const BROWSER = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

type Fields = Readonly<Record<string, string>>;

function guarded(
  env: Fields = {},
  options: Parameters<typeof testConductor>[1] = {},
): Promise<TestConductor> {
  return testConductor({ BAA_SHARED_TOKEN: TOKEN, ...env }, options);
}

const post = (
  { server }: TestConductor,
  form: Fields,
  headers: Fields = {},
): Promise<Response> => server.send("POST", SESSION, { form, headers });

/** The session's cookie as a browser sends it back. */
async function signIn(it: TestConductor, token = TOKEN): Promise<string> {
  const answer = await post(it, { token });
  await answer.body?.cancel();
  assertEquals(answer.status, 303);
  return answer.headers.get("set-cookie")?.split(";")[0] ?? "";
}

async function statusOf(answer: Response | Promise<Response>) {
  const response = await answer;
  await response.body?.cancel();
  return response.status;
}

/** Whether a cookie shows all of the status. */
async function isIn(
  { server }: TestConductor,
  cookie: string,
  headers: Fields = {},
): Promise<boolean> {
  const page = await server.get(UI, { headers: { cookie, ...headers } });
  assertEquals(page.status, 200);
  return (await page.text()).includes("Sign out");
}

Deno.test("POST /v1/status/session opens a session with the shared token, and leads on", async () => {
  await using it = await guarded();
  const answer = await post(it, { token: ` ${TOKEN} ` });
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

Deno.test("POST /v1/status/session leads to pages of this daemon alone", async () => {
  await using it = await guarded();
  for (
    const return_to of [
      "/v1/status/ui",
      "/v1/status/ui/tasks?status=failed&cursor=a.b~c",
      "/v1/status/ui/tasks/task_0b7e",
    ]
  ) {
    const answer = await post(it, { token: TOKEN, return_to });
    await answer.body?.cancel();
    assertEquals(answer.headers.get("location"), return_to);
  }
  for (
    const return_to of [
      "https://evil.com/",
      "//evil.com",
      "/v1/status/ui//evil.com",
      "/v1/status/uievil",
      "/v1/status/ui/../../exec",
      "/v1/status/ui/%2e%2e/%2e%2e",
      "/v1/status/ui\\@evil.com",
      "/v1/status/ui/\r\nset-cookie: a=b",
      "/v1/status/ui?x=\n",
      "/v1/status/ui\n",
      "/v1/status/session",
      "javascript:alert(1)",
      "",
    ]
  ) {
    const answer = await post(it, { token: TOKEN, return_to });
    assertEquals([answer.status, answer.headers.get("set-cookie")], [
      400,
      null,
    ]);
    await answer.body?.cancel();
  }
});

Deno.test("POST /v1/status/session takes forms of the daemon's own pages alone", async () => {
  await using it = await guarded({
    BAA_ALLOWED_ORIGINS: "https://listed.example",
    BAA_CONDUCTOR_PUBLIC_API_BASE: "https://conductor.makefile.so",
  });
  const { server, origin } = it;
  const body = `token=${TOKEN}`;
  const type = "application/x-www-form-urlencoded";
  const send = async (headers: Fields) => {
    const answer = await server.post(SESSION, body, { headers });
    const { status } = answer;
    assertEquals(answer.headers.get("set-cookie") === null, status !== 303);
    await answer.body?.cancel();
    return status;
  };
  const honest = { "content-type": type, origin };
  assertEquals(await send(honest), 303);
  assertEquals(
    await send({ ...honest, "content-type": `${type}; charset=UTF-8` }),
    303,
  );
  assertEquals(await send({ ...honest, "sec-fetch-site": "same-origin" }), 303);
  assertEquals(
    await send({
      ...honest,
      host: "localhost:4317",
      origin: "http://localhost:4317",
    }),
    403,
    "its target is another",
  );
  assertEquals(await send({ "content-type": type }), 403, "no origin");
  for (
    const other of [
      "null",
      "https://listed.example",
      "https://evil.com",
      "https://conductor.makefile.so",
      "http://localhost:4317",
      "http://127.0.0.1:4318",
      "http://127.0.0.1",
      "https://127.0.0.1:4317",
      `${origin}/`,
      `${origin}.evil.com`,
      `${origin}, ${origin}`,
      "",
    ]
  ) assertEquals(await send({ ...honest, origin: other }), 403, other);
  for (const site of ["cross-site", "same-site", "none"]) {
    assertEquals(await send({ ...honest, "sec-fetch-site": site }), 403, site);
  }
  for (
    const other of ["application/json", "text/plain", "multipart/form-data", ""]
  ) {
    assertEquals(await send({ ...honest, "content-type": other }), 415, other);
  }
  assertEquals(
    await send({ ...honest, "x-forwarded-for": "203.0.113.9" }),
    403,
    "the public zone",
  );
  const inUrl = server.send("POST", `${SESSION}?token=${TOKEN}`, {
    form: { sign_out: "1" },
  });
  assertEquals(await statusOf(inUrl), 400);
  assertEquals(await statusOf(server.get(`${SESSION}?token=${TOKEN}`)), 405);
});

Deno.test("POST /v1/status/session parses strictly, and repeats no name that it does not know", async () => {
  await using it = await guarded();
  const { server, origin } = it;
  const headers = {
    "content-type": "application/x-www-form-urlencoded",
    origin,
  };
  for (
    const body of [
      `token=${TOKEN}&token=${TOKEN}`,
      `token=${TOKEN}&token=`,
      `token=${TOKEN}&more=1`,
      `token=${TOKEN}&pretty=1`,
      `token[x]=${TOKEN}`,
      `${TOKEN}`,
      `${TOKEN}=x`,
      `token=${TOKEN}&`,
      `token=${TOKEN}&sign_out=1`,
      `sign_out=2`,
      `token=%zz`,
      `token=%ff`,
      `token=`,
      `__proto__=x`,
      `token=${TOKEN}&__proto__[a]=1`,
      `return_to=/v1/status/ui`,
    ]
  ) {
    for (const accept of ["application/json", BROWSER.accept]) {
      const answer = await server.post(SESSION, body, {
        headers: { ...headers, accept },
      });
      assertEquals(
        [answer.status, answer.headers.get("set-cookie")],
        [400, null],
        body,
      );
      const text = await answer.text();
      assert(!text.includes(TOKEN), text);
      assertEquals(text.startsWith("<!doctype"), accept === BROWSER.accept);
    }
  }
  const large = `token=${"x".repeat(40_000)}`;
  const tooLarge = server.post(SESSION, large, {
    headers: { ...headers, "content-length": String(large.length) },
  });
  assertEquals(await statusOf(tooLarge), 413);
  assertEquals(await statusOf(server.post(SESSION, "", { headers })), 400);
});

Deno.test("named tokens open no session, and a session makes them none", async () => {
  await using it = await guarded();
  const made = await it.server.post(
    "/v1/tokens",
    { name: "boss", scopes: ["admin"] },
    { headers: { authorization: `Bearer ${TOKEN}` } },
  );
  const { token } = (await made.json()).data;
  assertEquals(await statusOf(post(it, { token })), 401);
  const cookie = await signIn(it);
  const refused = await it.server.post(
    "/v1/tokens",
    { name: "more", scopes: ["read"] },
    { headers: { cookie } },
  );
  assertEquals(await statusOf(refused), 401);
});

Deno.test("a session's cookie counts for the pages alone, and in the local zone alone", async () => {
  await using it = await guarded({
    BAA_CONDUCTOR_PUBLIC_API_BASE: "https://conductor.makefile.so",
  });
  const { server } = it;
  const cookie = await signIn(it);
  const headers = { cookie, origin: it.origin };
  assert(await isIn(it, cookie));
  assert(await isIn(it, `a=b; ${cookie} ;c=d`));
  for (const tossed of [1, 20]) {
    const others = `baa_session=${"x".repeat(22)}; `.repeat(tossed);
    assert(await isIn(it, others + cookie), "tossed");
  }
  assert(!await isIn(it, cookie, { "x-forwarded-for": "203.0.113.9" }));
  for (
    const [method, path, status] of [
      ["GET", "/v1/tasks", 401],
      ["GET", "/v1/audit", 401],
      ["POST", "/v1/exec", 401],
      ["POST", "/v1/codex/approvals/apr_1", 401],
      ["GET", "/v1/codex/approvals", 401],
      ["POST", "/mcp", 401],
    ] as const
  ) {
    const body = method === "POST" ? {} : undefined;
    const answer = server.send(method, path, { body, headers });
    assertEquals(await statusOf(answer), status, path);
  }
  const { data } = await (await server.get("/v1/status", { headers })).json();
  assertEquals(Object.keys(data).length, 4);
});

Deno.test("the pages open by the session and, as every route does, by a bearer token that may read them", async () => {
  await using it = await guarded();
  const as = (authorization: string, accept = BROWSER.accept) =>
    it.server.get(`${UI}/tasks`, { headers: { authorization, accept } });
  const owner = { authorization: `Bearer ${TOKEN}` };
  assertEquals(await statusOf(as(owner.authorization)), 200);
  for (const [scope, status] of [["admin", 200], ["read", 403]] as const) {
    const { data } = await (await it.server.post(
      "/v1/tokens",
      { name: scope, scopes: [scope] },
      { headers: owner },
    )).json();
    const answer = await as(`Bearer ${data.token}`);
    assertEquals([answer.status, answer.headers.get("set-cookie")], [
      status,
      null,
    ]);
    assert(!(await answer.text()).includes("Sign out"), "it is no session");
  }
  assertEquals(await statusOf(as("Bearer not-the-owner-1234")), 401);
  const json = await as(owner.authorization, "application/json");
  assertEquals(json.headers.get("content-type"), "text/html; charset=utf-8");
  await json.body?.cancel();
  const none = await it.server.get(`${UI}/nothing`, {
    headers: { ...owner, accept: "application/json" },
  });
  assertMatch((await none.json()).error.hint, /tasks.*Programs.*\/v1\/tasks/);
});

Deno.test("an old or wrong cookie locks nobody out; wrong tokens in the form do, and the right one passes", async () => {
  const log = new RecordingLogger();
  await using it = await guarded({}, { log });
  for (let n = 0; n < 30; n++) {
    const cookie = `baa_session=${String(n).padStart(22, "x")}`;
    assert(!await isIn(it, cookie));
  }
  const wrong = () => post(it, { token: "not-the-owner-1234" });
  for (let n = 0; n < 10; n++) assertEquals(await statusOf(wrong()), 401);
  const locked = await wrong();
  assertEquals(locked.status, 429);
  const wait = Number(locked.headers.get("retry-after"));
  assert(wait > 50 && wait <= 60, String(wait));
  assertEquals((await locked.json()).error.code, "TOO_MANY_REQUESTS");
  const asBearer = it.server.get("/v1/tasks", {
    headers: { authorization: "Bearer not-the-owner-1234" },
  });
  assertEquals(await statusOf(asBearer), 429, "it is the same lockout");
  const page = await post(it, { token: "nor-this-5678" }, BROWSER);
  assertEquals(page.status, 429);
  assertMatch(await page.text(), /the right token always passes.*<form/s);
  assert(await isIn(it, await signIn(it)));
  const written = JSON.stringify(log.lines);
  for (const secret of [TOKEN, "not-the-owner-1234", "nor-this-5678"]) {
    assert(!written.includes(secret), secret);
  }
});

Deno.test("a wrong token is answered with the form again, which keeps where to go", async () => {
  await using it = await guarded();
  const return_to = "/v1/status/ui/tasks?status=failed&limit=5";
  const hostile = `"><script>alert(1)</script>`;
  const answer = await post(it, { token: hostile, return_to }, BROWSER);
  assertEquals(
    [answer.status, answer.headers.get("content-type")],
    [401, "text/html; charset=utf-8"],
  );
  assertMatch(
    answer.headers.get("content-security-policy") ?? "",
    /default-src 'none'.*form-action 'self'/,
  );
  const text = await answer.text();
  assertMatch(
    text,
    /value="\/v1\/status\/ui\/tasks\?status=failed&amp;limit=5"/,
  );
  assert(!/script/.test(text));
  const json = await post(it, { token: "wrong", return_to });
  assertEquals((await json.json()).error.code, "UNAUTHORIZED");
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
    const out = await post(it, { sign_out: "1" }, { cookie: phone });
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
  await statusOf(post(leader, { sign_out: "1" }, { cookie: one }));
  await statusOf(post(standby, { sign_out: "1" }, { cookie: two }));
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
  const answer = await post(it, { token: TOKEN });
  assertEquals([answer.status, answer.headers.get("set-cookie")], [503, null]);
  assertEquals((await answer.json()).error.code, "NOT_READY");
  assertEquals(await statusOf(post(it, { token: "wrong" })), 401);
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
  await statusOf(post(it, { token: "not-the-owner-1234" }));
  await statusOf(post(it, { sign_out: "1" }));
  await statusOf(post(it, { sign_out: "1" }, { cookie }));
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
  const answer = await post(it, { token: TOKEN });
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
