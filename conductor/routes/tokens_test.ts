import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { RecordingLogger } from "../../shared/testing/fakes.ts";
import { tokenRoutes } from "./tokens.ts";
import { NamedToken } from "../store/mod.ts";
import {
  type TestConductor,
  testConductor,
} from "../testing/test_conductor.ts";

const TOKEN = "the-owner-4711-x9k2";
const DAY_MS = 86_400_000;

type Made = NamedToken & { readonly token: string };

interface Answer<T> {
  readonly status: number;
  readonly data: T;
  readonly code: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly headers: Headers;
}

function conductorWithToken(log?: RecordingLogger): Promise<TestConductor> {
  return testConductor({ BAA_SHARED_TOKEN: TOKEN }, log && { log });
}

async function ask<T = Record<string, unknown>>(
  { server }: TestConductor,
  line: string,
  { as = TOKEN, body, headers = {} }: {
    readonly as?: string;
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<Answer<T>> {
  const [method = "GET", path = "/"] = line.split(" ");
  const response = await server.send(method, path, {
    body,
    headers: { authorization: `Bearer ${as}`, ...headers },
  });
  const { data, error } = await response.json();
  const { code, details } = error ?? {};
  return {
    status: response.status,
    data,
    code,
    details,
    headers: response.headers,
  };
}

async function make(
  it: TestConductor,
  scopes: readonly string[],
  rest: Readonly<Record<string, unknown>> = {},
): Promise<Made> {
  const body = { name: "ci", scopes, ...rest };
  const { status, data } = await ask<Made>(it, "POST /v1/tokens", { body });
  assertEquals(status, 201);
  return data;
}

Deno.test("A named token is shown once, opens what its scopes allow, and ends at once", async () => {
  await using it = await conductorWithToken();
  const made = await make(it, ["automate", "exec"]);
  assertMatch(made.token, /^baat_[A-Za-z0-9_-]{43}$/);
  const { token, ...rest } = made;
  NamedToken.parse(rest);
  assertEquals([rest.name, rest.created_by, rest.expires_at], [
    "ci",
    "owner",
    null,
  ]);
  const listed = await ask(it, "GET /v1/tokens");
  assertEquals(listed.data, { count: 1, tokens: [rest], next_cursor: null });
  const as = token;
  const exec = { command: "true" };
  assertEquals((await ask(it, "GET /v1/tasks", { as })).status, 200);
  assertEquals(
    (await ask(it, "POST /v1/exec", { as, body: exec })).status,
    200,
  );
  const refused = await ask(it, "POST /v1/files/read", {
    as,
    body: { path: "/etc/hosts" },
  });
  assertEquals([refused.status, refused.code], [403, "SCOPE_REQUIRED"]);
  assertEquals(refused.details, {
    required: "files",
    scopes: ["read", "automate", "exec"],
  });
  assertEquals(
    (await ask(it, "GET /v1/tokens", { as })).code,
    "SCOPE_REQUIRED",
  );
  const path = `DELETE /v1/tokens/${made.token_id}`;
  assertEquals((await ask(it, path, { as })).code, "SCOPE_REQUIRED");
  assertEquals((await ask(it, path)).data, rest);
  assertEquals((await ask(it, "GET /v1/tasks", { as })).code, "UNAUTHORIZED");
  assertEquals((await ask(it, path)).code, "NOT_FOUND");
  assertEquals(
    (await ask(it, "PUT /v1/tokens/x")).headers.get("allow"),
    "DELETE",
  );
});

Deno.test("The examples of the token routes work as they are told", async () => {
  await using it = await conductorWithToken();
  const line = async () =>
    (await ask<{ curl?: string }>(it, "GET /describe/tokens.revoke")).data.curl;
  assertEquals(await line(), undefined);
  const route = tokenRoutes.find((it) => it.id === "tokens.create");
  const { status, data } = await ask<Made>(it, "POST /v1/tokens", {
    body: route?.example?.body,
  });
  assertEquals(status, 201);
  assertStringIncludes(await line() ?? "", `/v1/tokens/${data.token_id}`);
});

Deno.test("A named token counts as none in the public zone, and wrong ones in the lockout", async () => {
  await using it = await conductorWithToken();
  const { token: as } = await make(it, ["admin"]);
  const headers = { "x-forwarded-for": "10.0.0.1" };
  assertEquals(
    (await ask(it, "GET /v1/tasks", { as, headers })).code,
    "NOT_EXPOSED",
  );
  assertEquals((await ask(it, "GET /v1/tasks", { headers })).status, 200);
  const wrong = as.slice(0, -3) + "AAA";
  for (let i = 0; i < 10; i++) {
    assertEquals(
      (await ask(it, "GET /v1/tasks", { as: wrong })).code,
      i < 10 ? "UNAUTHORIZED" : "TOO_MANY_REQUESTS",
    );
  }
  assertEquals(
    (await ask(it, "GET /v1/tasks", { as: wrong })).code,
    "TOO_MANY_REQUESTS",
  );
  assertEquals((await ask(it, "GET /v1/tasks", { as })).status, 200);
  assertEquals((await ask(it, "GET /v1/tasks")).status, 200);
});

Deno.test("POST /v1/tokens refuses what is no name, no scope, no future, and what is there already", async () => {
  await using it = await conductorWithToken();
  await make(it, ["read"]);
  const past = new Date(Date.now() - 1000).toISOString();
  const future = new Date(Date.now() + DAY_MS).toISOString();
  const cases: [Record<string, unknown>, string][] = [
    [{ name: "" }, "INVALID_INPUT"],
    [{ name: "two words" }, "INVALID_INPUT"],
    [{ name: "ünï" }, "INVALID_INPUT"],
    [{ name: "x".repeat(65) }, "INVALID_INPUT"],
    [{ name: "owner" }, "INVALID_INPUT"],
    [{ name: "Local" }, "INVALID_INPUT"],
    [{ name: "scheduler" }, "INVALID_INPUT"],
    [{ name: "system" }, "INVALID_INPUT"],
    [{ name: "Daemon" }, "INVALID_INPUT"],
    [{ name: "status-api" }, "INVALID_INPUT"],
    [{ name: "System" }, "INVALID_INPUT"],
    [{ name: "CODEXD" }, "INVALID_INPUT"],
    [{ name: "-rf" }, "INVALID_INPUT"],
    [{ name: ".." }, "INVALID_INPUT"],
    [{ name: "<b>" }, "INVALID_INPUT"],
    [{ name: "a/b" }, "INVALID_INPUT"],
    [{ name: "a=b" }, "INVALID_INPUT"],
    [{ name: "ci\n" }, "INVALID_INPUT"],
    [{ scopes: [] }, "INVALID_INPUT"],
    [{ scopes: ["none"] }, "INVALID_INPUT"],
    [{ scopes: ["read", "read"] }, "INVALID_INPUT"],
    [{ scopes: "read" }, "INVALID_INPUT"],
    [{ expires_at: past }, "INVALID_INPUT"],
    [{ expires_at: "tomorrow" }, "INVALID_INPUT"],
    [{ surprise: 1 }, "INVALID_INPUT"],
    [{ name: "ci" }, "CONFLICT"],
    [{ name: "CI" }, "CONFLICT"],
    [{ name: "x".repeat(64), expires_at: future }, ""],
  ];
  for (const [change, expected] of cases) {
    const body = { name: "other", scopes: ["read"], ...change };
    const { code = "" } = await ask(it, "POST /v1/tokens", { body });
    assertEquals(code, expected, JSON.stringify(change));
  }
});

Deno.test("There are no named tokens without a shared token", async () => {
  await using it = await testConductor();
  const { code } = await ask(it, "POST /v1/tokens", {
    body: { name: "ci", scopes: ["read"] },
  });
  assertEquals(code, "CONFLICT");
  const { data } = await ask<Capabilities>(it, "GET /v1/capabilities");
  const line = data.write_endpoints.find((it) => it.id === "tokens.create");
  assertEquals(line?.unavailable_reason, "no shared token is set");
  const revoke = data.write_endpoints.find((it) => it.id === "tokens.revoke");
  assertEquals(revoke?.unavailable_reason, "there are no named tokens");
});

interface Capabilities {
  readonly write_endpoints: readonly {
    readonly id: string;
    readonly available: boolean;
    readonly unavailable_reason?: string;
  }[];
}

Deno.test("The holder of a token sees what it lacks, and makes tasks of its own kinds alone", async () => {
  await using it = await conductorWithToken();
  const { token: as } = await make(it, ["automate", "exec"]);
  const { data } = await ask<Capabilities>(it, "GET /v1/capabilities", { as });
  const lines = new Map(data.write_endpoints.map((it) => [it.id, it]));
  assertEquals(lines.get("host.exec")?.available, true);
  assertEquals(
    lines.get("host.files.read")?.unavailable_reason,
    'needs a token with the scope "files"',
  );
  const task = (kind: string, payload: unknown) => ({
    as,
    body: { title: "t", kind, payload },
  });
  const create = (kind: string, payload: unknown) =>
    ask(it, "POST /v1/tasks", task(kind, payload));
  assertEquals((await create("exec", { command: "true" })).status, 201);
  for (
    const [kind, payload] of [
      ["codex", { prompt: "x" }],
      ["browser", { platform: "claude", path: "/" }],
    ] as const
  ) {
    const { code, details } = await create(kind, payload);
    assertEquals([code, details?.required], ["SCOPE_REQUIRED", kind]);
  }
  const { token: runner } = await make(it, ["exec"], { name: "runner" });
  const other = { ...task("exec", { command: "true" }), as: runner };
  assertEquals(
    (await ask(it, "POST /v1/tasks", other)).details?.required,
    "automate",
  );
});

Deno.test("The Idempotency-Key of one actor tells nothing of another's work", async () => {
  await using it = await conductorWithToken();
  const { token: as } = await make(it, ["automate", "exec"]);
  const create = (as: string, title: string) =>
    ask<{ task_id: string }>(it, "POST /v1/tasks", {
      as,
      headers: { "idempotency-key": "same" },
      body: { title, kind: "exec", payload: { command: "true" } },
    });
  const owners = await create(TOKEN, "a");
  const mine = await create(as, "a");
  assert(owners.data.task_id !== mine.data.task_id);
  assertEquals((await create(as, "a")).data.task_id, mine.data.task_id);
  assertEquals((await create(as, "b")).code, "CONFLICT");
  assertEquals((await create(TOKEN, "a")).data.task_id, owners.data.task_id);
});

Deno.test("Log lines and audit rows say who it was, and no secret", async () => {
  const log = new RecordingLogger();
  await using it = await conductorWithToken(log);
  const { token: as } = await make(it, ["automate", "exec"]);
  await ask(it, "POST /v1/exec", { as, body: { command: `echo ${as}` } });
  await ask(it, "POST /v1/system/pause", { as, body: {} });
  await ask(it, "POST /v1/files/read", { as, body: { path: "/x" } });
  const { data } = await ask<Audited>(it, "GET /v1/audit?actor=ci");
  assertEquals(
    new Set(data.entries.map((it) => it.action)),
    new Set([
      "exec",
      "system.pause",
    ]),
  );
  const all = await ask<Audited>(it, "GET /v1/audit");
  const made = all.data.entries.filter((it) => it.action === "tokens.create");
  assertEquals(made.map((it) => it.actor), ["owner", "owner"]);
  assert(!JSON.stringify(all.data).includes(as));
  assert(!JSON.stringify(log.lines).includes(as));
  const actorOf = (message: string, route: string) =>
    log.lines.find((it) => it.message === message && it.fields.route === route)
      ?.fields.actor;
  assertEquals(actorOf("Answered a write", "system.pause"), "ci");
  assertEquals(actorOf("Answered a write", "tokens.create"), "owner");
  assertEquals(actorOf("Refused a request", "host.files.read"), "ci");
});

interface Audited {
  readonly entries: readonly {
    readonly action: string;
    readonly actor: string;
  }[];
}

Deno.test("A token that is revoked ends the command and the stream that its holder has open", async () => {
  await using it = await conductorWithToken();
  const { token: as, token_id } = await make(it, ["exec"]);
  const headers = {
    authorization: `Bearer ${as}`,
    accept: "text/event-stream",
  };
  const events = await it.server.get("/v1/events?after=0", { headers });
  const exec = await it.server.post("/v1/exec", {
    command: "echo up; sleep 60",
  }, {
    headers,
  });
  const output = (exec.body ?? new Blob().stream())
    .pipeThrough(new TextDecoderStream()).getReader();
  assertMatch((await output.read()).value ?? "", /up/);
  await ask(it, `DELETE /v1/tokens/${token_id}`);
  let rest = "";
  for (let next = await output.read(); !next.done; next = await output.read()) {
    rest += next.value;
  }
  assertMatch(rest, /UNAUTHORIZED|CANCELED/);
  assertMatch(await events.text(), /UNAUTHORIZED/);
});

Deno.test("What a token makes ends with it, and the answer and the audit say so", async () => {
  await using it = await conductorWithToken();
  const expires_at = new Date(Date.now() + DAY_MS).toISOString();
  const maker = await make(it, ["admin"], { expires_at });
  const later = new Date(Date.now() + 2 * DAY_MS).toISOString();
  for (const wanted of [later, null]) {
    const { code, details } = await ask(it, "POST /v1/tokens", {
      as: maker.token,
      body: { name: "long", scopes: ["exec"], expires_at: wanted },
    });
    assertEquals(code, "INVALID_INPUT");
    assertStringIncludes(JSON.stringify(details), expires_at);
  }
  const { data: child } = await ask<Made>(it, "POST /v1/tokens", {
    as: maker.token,
    body: { name: "child", scopes: ["exec"] },
  });
  assertEquals([child.expires_at, child.created_by], [expires_at, "ci"]);
  const revoked = await ask(it, `DELETE /v1/tokens/${maker.token_id}`);
  assertEquals(revoked.data.also_ended, ["child"]);
  const exec = { as: child.token, body: { command: "true" } };
  assertEquals((await ask(it, "POST /v1/exec", exec)).code, "UNAUTHORIZED");
  const { data } = await ask(it, "GET /v1/audit?action=tokens.revoke");
  assertStringIncludes(JSON.stringify(data), '"also_ended":"child"');
});
