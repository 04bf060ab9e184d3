import { assertEquals, assertMatch } from "@std/assert";
import { AppError } from "../errors.ts";
import { type KitApp, startKitApp } from "../testing/kit_app.ts";
import {
  exchange,
  type RawAnswer,
  RawConnection,
  rawRequest,
} from "../testing/raw_http.ts";

function ask(
  { port }: KitApp,
  line: string,
  headers: readonly string[] = [],
  body?: string,
): Promise<RawAnswer> {
  return exchange(port, {
    line: `${line} HTTP/1.1`,
    headers: [
      `Host: localhost:${port}`,
      ...(body === undefined ? [] : ["Content-Type: application/json"]),
      ...headers,
    ],
    ...(body !== undefined && { body }),
  });
}

function failureOf({ status, body }: RawAnswer) {
  return { status, ...JSON.parse(body).error };
}

Deno.test("Dispatcher answers in the envelope, with the headers of every answer", async () => {
  await using kit = startKitApp();
  for (
    const [line, status, type] of [
      ["GET /open", 200, "application/json; charset=utf-8"],
      ["GET /probe", 200, "text/plain; charset=utf-8"],
      ["GET /page", 200, "text/html; charset=utf-8"],
      ["GET /nowhere", 404, "application/json; charset=utf-8"],
      ["PUT /open", 405, "application/json; charset=utf-8"],
      ["GET /%ff", 400, "application/json; charset=utf-8"],
      ["GET /ws", 426, "application/json; charset=utf-8"],
      ["HEAD /open", 200, "application/json; charset=utf-8"],
      ["HEAD /nowhere", 404, "application/json; charset=utf-8"],
      ["HEAD /events", 200, "text/event-stream; charset=utf-8"],
    ] as const
  ) {
    const { headers, status: got } = await ask(kit, line);
    assertEquals(got, status, line);
    assertEquals(headers.get("content-type"), type, line);
    assertEquals(headers.get("cache-control"), "no-store", line);
    assertEquals(headers.get("x-content-type-options"), "nosniff", line);
    assertMatch(headers.get("x-request-id") ?? "", /^req_\d+$/, line);
  }
});

Deno.test("Dispatcher echoes a request id of the right form, and makes one otherwise", async () => {
  await using kit = startKitApp();
  const idOf = async (headers: string[]) => {
    const answer = await ask(kit, "GET /open", headers);
    const id = answer.headers.get("x-request-id") ?? "";
    assertEquals(JSON.parse(answer.body).request_id, id);
    return id;
  };
  const longest = "a".repeat(128);
  for (const id of ["a", "A.b_c:d-9", longest]) {
    assertEquals(await idOf([`X-Request-Id: ${id}`]), id);
  }
  for (
    const headers of [
      [],
      ["X-Request-Id:"],
      [`X-Request-Id: ${longest}a`],
      ["X-Request-Id: a b"],
      ["X-Request-Id: <script>"],
      ["X-Request-Id: a", "X-Request-Id: b"],
    ]
  ) assertMatch(await idOf(headers), /^req_\d+$/, `${headers}`);
});

Deno.test("Dispatcher puts the request id on what a handler and the guard log", async () => {
  await using kit = startKitApp({
    deps: {
      handle: () => Promise.reject(new Error("/etc/secret of the host")),
    },
  });
  const answer = await ask(kit, "GET /work", ["X-Request-Id: mine"]);
  assertEquals(failureOf(answer), {
    status: 500,
    code: "INTERNAL",
    message: "Cannot answer: an internal error was logged",
    hint: "Look up the request_id in the daemon's log.",
    retryable: false,
  });
  await ask(kit, "GET /open", ["X-Request-Id: yours", "Origin: null"]);
  await ask(kit, "POST /push", ["X-Request-Id: ours"]);
  assertEquals(
    kit.log.lines.map(({ level, fields }) => [level, fields.request_id]),
    [["error", "mine"], ["warn", "yours"], ["info", "ours"]],
  );
});

Deno.test("Dispatcher indents for ?pretty, failures too", async () => {
  await using kit = startKitApp();
  for (const line of ["GET /open?pretty", "GET /nowhere?x=1&pretty=1"]) {
    const { body } = await ask(kit, line);
    assertEquals(body.startsWith('{\n  "ok"'), true, line);
    assertEquals(body.endsWith("}\n"), true, line);
  }
  assertEquals((await ask(kit, "GET /shared?pretty&limit=3")).status, 200);
});

Deno.test("Dispatcher answers HEAD wherever GET answers, without a body", async () => {
  await using kit = startKitApp();
  using connection = await RawConnection.open(kit.port);
  const headers = [`Host: localhost:${kit.port}`];
  for (
    const [path, status] of [
      ["/open", 200],
      ["/probe", 200],
      ["/page", 200],
      ["/items/x", 200],
      ["/events", 200],
      ["/ws", 426],
      ["/notes", 405],
      ["/nowhere", 404],
    ] as const
  ) {
    const line = `HEAD ${path} HTTP/1.1`;
    await connection.send(rawRequest({ line, headers }));
    const answer = await connection.answer({ hasBody: false });
    assertEquals(answer.status, status, path);
  }
  // What follows on the same connection proves that no body was sent.
  await connection.send(rawRequest({ headers }));
  assertEquals((await connection.answer()).status, 200);
});

Deno.test("Dispatcher gives HEAD the length that GET has, and a stream none", async () => {
  await using kit = startKitApp();
  using connection = await RawConnection.open(kit.port);
  const headers = [`Host: localhost:${kit.port}`, "X-Request-Id: same"];
  for (const path of ["/open", "/probe", "/page", "/nowhere"]) {
    const got = await ask(kit, `GET ${path}`, ["X-Request-Id: same"]);
    const line = `HEAD ${path} HTTP/1.1`;
    await connection.send(rawRequest({ line, headers }));
    const head = await connection.answer({ hasBody: false });
    assertEquals(
      head.headers.get("content-length"),
      String(new TextEncoder().encode(got.body).length),
      path,
    );
  }
  await connection.send(rawRequest({ line: "HEAD /events HTTP/1.1", headers }));
  const stream = await connection.answer({ hasBody: false });
  assertEquals(stream.headers.has("content-length"), false);
});

Deno.test("Dispatcher refuses what is sent to a write that takes no body", async () => {
  await using kit = startKitApp();
  for (
    const [body, status, code] of [
      [undefined, 200, undefined],
      ["{}", 200, undefined],
      ['{"a":1}', 400, "INVALID_INPUT"],
      ["[]", 400, "INVALID_INPUT"],
      ["{", 400, "INVALID_JSON"],
    ] as const
  ) {
    const answer = await ask(kit, "POST /bare", [], body);
    assertEquals(answer.status, status, body);
    assertEquals(JSON.parse(answer.body).error?.code, code, body);
  }
});

Deno.test("Dispatcher does not upgrade a HEAD or a POST", async () => {
  await using kit = startKitApp();
  const handshake = [
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];
  assertEquals((await ask(kit, "HEAD /ws", handshake)).status, 426);
  assertEquals((await ask(kit, "POST /ws", handshake)).status, 405);
  assertEquals((await ask(kit, "GET /open")).status, 200);
  assertEquals(kit.app.running, 0);
});

Deno.test("Dispatcher tells an unknown path from a wrong method", async () => {
  await using kit = startKitApp();
  for (
    const line of [
      "GET /",
      "GET /open/",
      "GET //open",
      "GET /OPEN",
      "GET /open/x",
      "GET /items",
      "GET /items/",
      "GET /items/a/b",
      "GET /a/../open",
      "GET /./open",
      "GET /%2fopen",
      "GET /open%2f",
      "OPTIONS *",
    ]
  ) {
    assertEquals(failureOf(await ask(kit, line)).code, "ROUTE_NOT_FOUND", line);
  }
  for (
    const [line, allow] of [
      ["POST /open", "GET, HEAD"],
      ["DELETE /open", "GET, HEAD"],
      ["OPTIONS /open", "GET, HEAD"],
      ["TRACE /open", "GET, HEAD"],
      ["get /open", "GET, HEAD"],
      ["PROPFIND /open", "GET, HEAD"],
      ["GET /notes", "POST"],
      ["PUT /items/x", "GET, HEAD"],
    ] as const
  ) {
    const answer = await ask(kit, line);
    assertEquals(answer.headers.get("allow"), allow, line);
    assertEquals(failureOf(answer).code, "METHOD_NOT_ALLOWED", line);
    assertEquals(failureOf(answer).details.allow, allow.split(", "), line);
  }
});

Deno.test("Dispatcher decodes path parameters exactly once", async () => {
  await using kit = startKitApp();
  for (
    const [path, expected] of [
      ["/items/plain", "plain"],
      ["/items/a%20b", "a b"],
      ["/items/a+b", "a+b"],
      ["/items/a%2Fb", "a/b"],
      ["/items/a%252Fb", "a%2Fb"],
      ["/items/%E6%BC%A2", "漢"],
      ["/items/..", ".."],
      ["/%69tems/x", "x"],
    ]
  ) {
    const answer = await ask(kit, `GET ${path}`);
    assertEquals(JSON.parse(answer.body).data, { item_id: expected }, path);
  }
  for (const path of ["/items/%", "/items/%zz", "/items/%E6%BC"]) {
    assertEquals(
      failureOf(await ask(kit, `GET ${path}`)).code,
      "INVALID_INPUT",
    );
  }
});

Deno.test("Dispatcher says of a bad body what is wrong where, and what is known", async () => {
  await using kit = startKitApp();
  const send = async (body: unknown) =>
    failureOf(await ask(kit, "POST /notes", [], JSON.stringify(body)));
  assertEquals((await send({ text: 1, count: 10 })).details, {
    issues: [
      {
        path: "text",
        message: "Invalid input: expected string, received number",
      },
      { path: "count", message: "Too big: expected number to be <=9" },
    ],
  });
  assertEquals((await send({ text: "x", cuont: 1, extra: 2 })).details, {
    issues: [
      {
        path: "cuont",
        message: 'Unknown field "cuont"; known: text, count, inner',
      },
      {
        path: "extra",
        message: 'Unknown field "extra"; known: text, count, inner',
      },
    ],
  });
  assertEquals(
    (await send({ text: "x", inner: { deep: true, depe: 1 } })).details,
    {
      issues: [{
        path: "inner.depe",
        message: 'Unknown field "depe"; known: deep',
      }],
    },
  );
  assertEquals((await send({})).code, "INVALID_INPUT");
});

Deno.test("Dispatcher refuses bodies that are no JSON object", async () => {
  await using kit = startKitApp();
  const send = async (body: string) => {
    const { status, code } = failureOf(
      await ask(kit, "POST /notes", [], body),
    );
    return `${status} ${code}`;
  };
  for (
    const body of ["", " ", "{", "{'a':1}", "{} {}", "\u0000", "undefined"]
  ) {
    assertEquals(await send(body), "400 INVALID_JSON", body);
  }
  for (const body of ["null", "1", '"x"', "[]", "true", '{"__proto__":{}}']) {
    assertEquals(await send(body), "400 INVALID_INPUT", body);
  }
  const refused = failureOf(
    await ask(
      kit,
      "POST /notes",
      [],
      '{"text":"x","inner":{"deep":true,"__\\u0070roto__":1}}',
    ),
  );
  assertEquals(refused.details, {
    issues: [{
      path: "inner.__proto__",
      message: 'must not be called "__proto__"',
    }],
  });
  const deep = "[".repeat(30_000);
  // Its depth is judged before it is parsed: whether it ends does not matter.
  for (const body of [deep, `${deep}${"]".repeat(30_000)}`]) {
    assertEquals(await send(body), "400 INVALID_INPUT");
  }
});

Deno.test("Dispatcher leaves an inner body to its operation, and takes none where it may", async () => {
  await using kit = startKitApp();
  const dataOf = async (line: string, body?: string) =>
    JSON.parse((await ask(kit, line, [], body)).body).data;
  assertEquals(await dataOf("POST /inner", '{"any":"thing"}'), {
    any: "thing",
  });
  assertEquals(
    failureOf(await ask(kit, "POST /inner", [], "[]")).code,
    "INVALID_INPUT",
  );
  assertEquals(await dataOf("POST /push"), { count: 1 });
  assertEquals(await dataOf("POST /push", '{"count":2}'), { count: 2 });
});

Deno.test("Dispatcher refuses unknown, repeated and bad query parameters", async () => {
  await using kit = startKitApp();
  assertEquals((await ask(kit, "GET /shared?limit=9")).status, 200);
  for (
    const [query, path] of [
      ["limit=10", "limit"],
      ["limit=x", "limit"],
      ["limit=1&limit=2", "limit"],
      ["limti=1", "limti"],
    ] as const
  ) {
    const { code, details } = failureOf(await ask(kit, `GET /shared?${query}`));
    assertEquals([code, details.issues[0].path], ["INVALID_INPUT", path]);
  }
});

Deno.test("Dispatcher answers INTERNAL for what JSON cannot hold", async () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const results = [
    () => 1n,
    () => circular,
    () => {
      throw new AppError("CONFLICT", "x", { details: circular });
    },
    () => {
      throw undefined;
    },
  ];
  for (const handle of results) {
    await using kit = startKitApp({ deps: { handle } });
    assertEquals(failureOf(await ask(kit, "GET /work")).code, "INTERNAL");
    assertEquals(kit.app.running, 0);
  }
});

Deno.test("Dispatcher aborts a handler's signal when its client leaves", async () => {
  const started = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  await using kit = startKitApp({
    deps: {
      handle: (signal) => {
        signal.addEventListener("abort", () => aborted.resolve());
        started.resolve();
        return aborted.promise;
      },
    },
  });
  {
    using connection = await RawConnection.open(kit.port);
    await connection.send(rawRequest({
      line: "GET /work HTTP/1.1",
      headers: [`Host: localhost:${kit.port}`],
    }));
    await started.promise;
    assertEquals(kit.app.running, 1);
  }
  await aborted.promise;
});

Deno.test("Dispatcher logs no error when a handler ends with its client", async () => {
  await using kit = startKitApp({
    deps: {
      handle: (signal) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason))
        ),
    },
  });
  const leave = new AbortController();
  const host = `localhost:${kit.port}`;
  const answered = kit.app.handle(
    new Request(`http://${host}/work`, {
      headers: { host },
      signal: leave.signal,
    }),
    { remoteAddress: "127.0.0.1" },
  );
  leave.abort();
  assertEquals((await (await answered).json()).error.code, "CANCELED");
  assertEquals(kit.log.lines.filter(({ level }) => level === "error"), []);
});

Deno.test("Dispatcher refuses beyond its capacity, but never a probe", async () => {
  const release = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  await using kit = startKitApp({
    limits: { maxConcurrent: 1 },
    deps: {
      handle: () => {
        started.resolve();
        return release.promise;
      },
    },
  });
  const first = ask(kit, "GET /work");
  await started.promise;
  const second = await ask(kit, "GET /open");
  assertEquals(second.status, 429);
  assertEquals(second.headers.get("retry-after"), "1");
  assertEquals((await ask(kit, "GET /probe")).status, 200);
  release.resolve();
  assertEquals((await first).status, 200);
  assertEquals((await ask(kit, "GET /open")).status, 200);
});

Deno.test("Dispatcher lets what runs finish when it is quiesced, and refuses the rest", async () => {
  const release = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  await using kit = startKitApp({
    deps: {
      handle: () => {
        started.resolve();
        return release.promise;
      },
    },
  });
  const running = ask(kit, "GET /work");
  await started.promise;
  kit.app.quiesce();
  for (const line of ["GET /items/x", "POST /push", "GET /events", "GET /ws"]) {
    const { status, code } = failureOf(await ask(kit, line));
    assertEquals([status, code], [503, "SHUTTING_DOWN"], line);
  }
  // It stays observable.
  for (const line of ["GET /probe", "GET /open", "GET /page"]) {
    assertEquals((await ask(kit, line)).status, 200, line);
  }
  release.resolve();
  assertEquals((await running).status, 200);
});

Deno.test("Dispatcher audits writes before and after, by route and request", async () => {
  await using kit = startKitApp();
  await ask(kit, "POST /notes", ["X-Request-Id: one"], '{"text":"x"}');
  await ask(kit, "POST /notes", ["X-Request-Id: two"], '{"text":1}');
  await ask(kit, "GET /open", ["X-Request-Id: three"]);
  assertEquals(kit.audit.rows, [{
    intent: {
      action: "notes.write",
      actor: {
        name: "local",
        source: "http",
        request_id: "one",
        remote_address: "127.0.0.1",
      },
      target: {},
    },
    outcome: { ok: true },
  }]);
});

Deno.test("Dispatcher answers pipelined requests in order", async () => {
  await using kit = startKitApp();
  using connection = await RawConnection.open(kit.port);
  const headers = [`Host: localhost:${kit.port}`];
  const lines = [1, 2, 3].map((it) => `GET /items/${it} HTTP/1.1`);
  await connection.send(
    lines.map((line) => rawRequest({ line, headers })).join(""),
  );
  for (const item of ["1", "2", "3"]) {
    const { body } = await connection.answer();
    assertEquals(JSON.parse(body).data, { item_id: item });
  }
});

Deno.test("Dispatcher does not take a smuggled body for a second request", async () => {
  await using kit = startKitApp();
  const { port } = kit;
  const host = `Host: localhost:${port}`;
  const inner = rawRequest({ line: "GET /items/in HTTP/1.1", headers: [host] });
  using connection = await RawConnection.open(port);
  await connection.send(rawRequest({
    line: "POST /notes HTTP/1.1",
    headers: [host, "Content-Type: text/plain"],
    body: inner,
  }));
  assertEquals((await connection.answer()).status, 415);
  const conflicting = await exchange(port, {
    line: "POST /notes HTTP/1.1",
    headers: [
      host,
      "Content-Type: application/json",
      "Transfer-Encoding: chunked",
    ],
    body: "0\r\n\r\n",
  });
  assertEquals(conflicting.status, 400);
});

Deno.test("Dispatcher is not held up by half-sent heads", async () => {
  await using kit = startKitApp();
  const half: RawConnection[] = [];
  try {
    for (let index = 0; index < 200; index++) {
      const connection = await RawConnection.open(kit.port);
      half.push(connection);
      await connection.send("GET /open HTTP/1.1\r\nHost: local");
    }
    assertEquals((await ask(kit, "GET /open")).status, 200);
    assertEquals(kit.app.running, 0);
  } finally {
    for (const connection of half) connection[Symbol.dispose]();
  }
});

Deno.test("Dispatcher answers DELETE like any write, and names it in Allow", async () => {
  await using kit = startKitApp();
  const removed = await ask(kit, "DELETE /boxes/b1");
  assertEquals(JSON.parse(removed.body).data, { box_id: "b1" });
  assertEquals(kit.audit.rows.at(-1)?.intent.action, "boxes.remove");
  assertEquals(
    failureOf(await ask(kit, "DELETE /boxes/b1", [], '{"x":1}')).code,
    "INVALID_INPUT",
  );
  const wrong = await ask(kit, "GET /boxes/b1");
  assertEquals([wrong.status, wrong.headers.get("allow")], [405, "DELETE"]);
});
