import { assert, assertEquals, assertMatch } from "@std/assert";
import { RecordingLogger } from "../../shared/testing/fakes.ts";
import { OWNERS_TOKEN as TOKEN } from "../testing/owner_browser.ts";
import {
  BROWSER,
  type Fields,
  guarded,
  isIn,
  sendSession,
  SESSION,
  signIn,
  statusOf,
  UI,
} from "../testing/owner_session.ts";

Deno.test("POST /v1/status/session leads to pages of this daemon alone", async () => {
  await using it = await guarded();
  for (
    const return_to of [
      "/v1/status/ui",
      "/v1/status/ui/tasks?status=failed&cursor=a.b~c",
      "/v1/status/ui/tasks/task_0b7e",
    ]
  ) {
    const answer = await sendSession(it, { token: TOKEN, return_to });
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
    const answer = await sendSession(it, { token: TOKEN, return_to });
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
  assertEquals(await statusOf(sendSession(it, { token })), 401);
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
  const wrong = () => sendSession(it, { token: "not-the-owner-1234" });
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
  const page = await sendSession(it, { token: "nor-this-5678" }, BROWSER);
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
  const answer = await sendSession(it, { token: hostile, return_to }, BROWSER);
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
  const json = await sendSession(it, { token: "wrong", return_to });
  assertEquals((await json.json()).error.code, "UNAUTHORIZED");
});
