import { assertEquals, assertThrows } from "@std/assert";
import { AppError } from "../errors.ts";
import { FakeClock } from "../testing/fake_clock.ts";
import { RecordingLogger } from "../testing/fakes.ts";
import {
  Guard,
  type GuardConfig,
  type GuardRequest,
  OVER_SOCKET,
} from "./guard.ts";
import type { Principal } from "./route.ts";
import { ALL_SCOPES } from "./scopes.ts";

const HOST = "localhost:4317";
const TOKEN = "correct-horse-battery";

const ROUTE = {
  id: "work",
  method: "GET",
  exposure: "local",
  scope: "exec",
} as const;

function guardWith(config: Partial<GuardConfig>) {
  const log = new RecordingLogger();
  const guard = new Guard({
    base: new URL(`http://${HOST}`),
    publicBase: undefined,
    allowed: [],
    allowedOrigins: [],
    proxyAddresses: [],
    token: TOKEN,
    ...config,
  }, { clock: new FakeClock(), log });
  return { guard, log };
}

function request(
  headers: Readonly<Record<string, string>> = {},
  rest: Partial<GuardRequest> = {},
): GuardRequest {
  return {
    method: "GET",
    headers: new Map(Object.entries({ host: HOST, ...headers })),
    target: { authority: HOST, path: "/work" },
    requestId: "req_1",
    remoteAddress: "127.0.0.1",
    ...rest,
  };
}

function refusal(action: () => unknown): AppError {
  return assertThrows(action, AppError);
}

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
const person: Principal = { actor: "person", scopes: ALL_SCOPES };

Deno.test("Guard knows the owner's session on the routes where it counts, and nowhere else", () => {
  const asked: unknown[] = [];
  const { guard } = guardWith({
    sessions: {
      identify: (headers) => {
        asked.push(headers.get("cookie"));
        return headers.get("cookie") === "right" ? person : undefined;
      },
    },
  });
  const page = { ...ROUTE, session: true } as const;
  const right = request({ cookie: "right" });
  const caller = guard.admit(right, page);
  assertEquals([caller.actor, caller.authenticated], ["person", true]);
  assertEquals(asked, ["right"]);
  assertEquals(refusal(() => guard.admit(right, ROUTE)).code, "UNAUTHORIZED");
  assertEquals(guard.admit(right, undefined).actor, "anonymous");
  assertEquals(asked, ["right"]);
  const wrong = request({ cookie: "wrong" });
  assertEquals(refusal(() => guard.admit(wrong, page)).code, "UNAUTHORIZED");
});

Deno.test("Guard says that no session can be known just now to who comes for one, and to nobody else", () => {
  const outage = new AppError("NOT_READY");
  const { guard, log } = guardWith({
    sessions: { outage, identify: () => undefined },
  });
  const page = { ...ROUTE, session: true } as const;
  assertEquals(refusal(() => guard.admit(request(), page)), outage);
  assertEquals(log.lines.at(-1)?.fields.code, "NOT_READY");
  assertEquals(
    refusal(() => guard.admit(request(), ROUTE)).code,
    "UNAUTHORIZED",
  );
  assertEquals(guard.admit(request(bearer(TOKEN)), page).actor, "owner");
});

Deno.test("Guard asks for a token where nothing has sessions", () => {
  const { guard } = guardWith({});
  for (const session of [{ session: true } as const, {}]) {
    const wanted = { ...ROUTE, ...session };
    const { code } = refusal(() => guard.admit(request(), wanted));
    assertEquals(code, "UNAUTHORIZED");
  }
});

Deno.test("Guard locks nobody out who presents no secret, or a session that is over", () => {
  const { guard } = guardWith({ sessions: { identify: () => undefined } });
  const page = { ...ROUTE, session: true } as const;
  for (let attempt = 0; attempt < 30; attempt++) {
    const { code } = refusal(() => guard.admit(request(), page));
    assertEquals(code, "UNAUTHORIZED");
  }
});

Deno.test("Guard asks each that may know a secret, until one does", () => {
  const asked: string[] = [];
  const knows = (name: string) => ({
    identify(secret: string) {
      asked.push(name);
      return secret === name ? { actor: name, scopes: ALL_SCOPES } : undefined;
    },
  });
  const { guard } = guardWith({ credentials: [knows("one"), knows("two")] });
  const actorOf = (secret: string) =>
    guard.admit(request(bearer(secret)), ROUTE).actor;
  assertEquals([actorOf("two"), actorOf("one")], ["two", "one"]);
  assertEquals(asked, ["one", "two", "one"]);
});

Deno.test("Guard says that a Host is required, in words and by name", () => {
  const { guard } = guardWith({});
  for (const headers of [new Map(), new Map([["host", ""]])]) {
    const error = refusal(() => guard.admit(request({}, { headers }), ROUTE));
    assertEquals(error.code, "INVALID_INPUT");
    assertEquals(error.details, {
      issues: [{ path: "host", message: "Required" }],
    });
  }
});

Deno.test("Guard judges a Host that it has let in before by its target all the same, and into the same zone", () => {
  const { guard } = guardWith({ publicBase: new URL("https://node.example") });
  const zoneAt = (authority: string, host = authority) =>
    guard.admit(
      request({ host }, { target: { authority, path: "/" } }),
      undefined,
    ).zone;
  for (let times = 0; times < 3; times++) {
    assertEquals(zoneAt(HOST), "local");
    assertEquals(zoneAt("node.example"), "public");
  }
  for (const other of ["node.example", "evil.com", ""]) {
    const { code } = refusal(() => zoneAt(other, HOST));
    assertEquals(code, "HOST_NOT_ALLOWED", other);
  }
  assertEquals(zoneAt(HOST.toUpperCase(), HOST), "local");
});

Deno.test("Guard logs a stranger's headers no longer than a line needs", () => {
  const { guard, log } = guardWith({});
  const long = "x".repeat(1000);
  refusal(() => guard.admit(request({ host: long }), ROUTE));
  const { host, target } = log.lines.at(-1)?.fields ?? {};
  assertEquals([host, target], [long.slice(0, 200), HOST]);
  const page = { origin: `http://${long}`, "sec-fetch-site": long };
  refusal(() => guard.admit(request(page), ROUTE));
  const { origin, fetch_site } = log.lines.at(-1)?.fields ?? {};
  assertEquals([`${origin}`.length, `${fetch_site}`.length], [200, 200]);
});

const FORM = {
  id: "login",
  method: "POST",
  exposure: "public",
  scope: "none",
  form: true,
} as const;

Deno.test("Guard takes a form from the page that stands at the very Host, and from no other", () => {
  const { guard, log } = guardWith({ allowedOrigins: ["https://friend.test"] });
  const type = { "content-type": "application/x-www-form-urlencoded" };
  const send = (headers: Readonly<Record<string, string>>) =>
    guard.admit(
      request({ ...type, "content-length": "3", ...headers }, {
        method: "POST",
      }),
      FORM,
    ).actor;
  const own = { origin: `http://${HOST}` };
  assertEquals(send(own), "anonymous");
  assertEquals(send({ ...own, "sec-fetch-site": "same-origin" }), "anonymous");
  for (
    const headers of [
      {},
      { origin: "null" },
      { origin: "https://friend.test" },
      { origin: "http://127.0.0.1:4317" },
      { "sec-fetch-site": "same-origin" },
      { ...own, "sec-fetch-site": "cross-site" },
      { ...own, "sec-fetch-site": "none" },
    ]
  ) {
    const { code, hint } = refusal(() => send(headers));
    assertEquals(code, "ORIGIN_NOT_ALLOWED", JSON.stringify(headers));
    assertEquals(hint?.includes("own pages"), true, hint);
    assertEquals("allow_with" in (log.lines.at(-1)?.fields ?? {}), false);
  }
  const other = { ...own, host: "127.0.0.1:4317" };
  const target = { authority: "127.0.0.1:4317", path: "/" };
  const elsewhere = request({ ...type, ...other }, { method: "POST", target });
  assertEquals(
    refusal(() => guard.admit(elsewhere, FORM)).code,
    "ORIGIN_NOT_ALLOWED",
  );
});

Deno.test("Guard judges what is sent to a form's path by another method as anything else", () => {
  const { guard } = guardWith({ allowedOrigins: ["https://friend.test"] });
  const get = (headers = {}) => guard.admit(request(headers), FORM).actor;
  assertEquals(get(), "anonymous");
  assertEquals(get({ origin: "https://friend.test" }), "anonymous");
  const { code } = refusal(() => get({ origin: "https://evil.test" }));
  assertEquals(code, "ORIGIN_NOT_ALLOWED");
});

Deno.test("Guard takes a form's type on its own route alone", () => {
  const { guard } = guardWith({ token: undefined });
  const send = (route: typeof FORM | typeof ROUTE, type: string) =>
    guard.admit(
      request({
        "content-type": type,
        "content-length": "3",
        origin: `http://${HOST}`,
      }, { method: route.method }),
      route,
    ).actor;
  const form = "application/x-www-form-urlencoded";
  assertEquals(send(FORM, form), "local");
  assertEquals(send(ROUTE, "application/json"), "local");
  for (const type of [form, "text/plain", "multipart/form-data"]) {
    const { code } = refusal(() => send(ROUTE, type));
    assertEquals(code, "UNSUPPORTED_MEDIA_TYPE", type);
  }
});

Deno.test("Guard lets a page of nobody in nowhere, whatever is allowed, and says whose to allow", () => {
  const { guard, log } = guardWith({ allowedOrigins: ["null"] });
  const evil = { origin: "https://evil.test", "sec-fetch-site": "cross-site" };
  for (const route of [ROUTE, undefined]) {
    for (
      const headers of [
        { origin: "null" },
        { "sec-fetch-site": "cross-site" },
        evil,
      ]
    ) {
      const { code } = refusal(() => guard.admit(request(headers), route));
      assertEquals(code, "ORIGIN_NOT_ALLOWED", JSON.stringify(headers));
    }
    assertEquals(log.lines.at(-1)?.fields, {
      code: "ORIGIN_NOT_ALLOWED",
      request_id: "req_1",
      remote_address: "127.0.0.1",
      actor: "anonymous",
      origin: "https://evil.test",
      fetch_site: "cross-site",
      allow_with: "BAA_ALLOWED_ORIGINS",
    });
  }
});

Deno.test("Guard logs of whom it asks a token, and that wrong ones came before", () => {
  const { guard, log } = guardWith({});
  const wrong = request(bearer("wrong"), { remoteAddress: "192.0.2.1" });
  const seen = new Set<string>();
  for (let attempt = 0; attempt < 11; attempt++) {
    seen.add(refusal(() => guard.admit(wrong, ROUTE)).code);
    const { actor, reason } = log.lines.at(-1)?.fields ?? {};
    assertEquals([actor, reason], [
      "anonymous",
      attempt < 10 ? undefined : "wrong tokens",
    ]);
  }
  assertEquals([...seen], ["UNAUTHORIZED", "TOO_MANY_REQUESTS"]);
});

Deno.test("Guard calls whoever comes by what is known of him", () => {
  const open = { ...ROUTE, exposure: "public", scope: "none" } as const;
  const callerIn = (config: Partial<GuardConfig>, it: GuardRequest) => {
    const { actor, authenticated, remoteAddress } = guardWith(config).guard
      .admit(it, open);
    return [actor, authenticated, remoteAddress];
  };
  const noToken = { token: undefined };
  const owner = request(bearer(TOKEN));
  assertEquals(callerIn({}, owner), ["owner", true, "127.0.0.1"]);
  assertEquals(callerIn({}, request()), ["anonymous", false, "127.0.0.1"]);
  assertEquals(callerIn(noToken, request()), ["local", false, "127.0.0.1"]);
  const forwarded = request({ via: "1.1 x" });
  assertEquals(callerIn(noToken, forwarded), ["anonymous", false, "127.0.0.1"]);
  const socket = request({}, { remoteAddress: OVER_SOCKET });
  assertEquals(callerIn(noToken, socket), ["anonymous", false, "unix"]);
});
