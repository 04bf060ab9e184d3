import { assertEquals } from "@std/assert";
import { FakeClock } from "../testing/fake_clock.ts";
import { type KitApp, startKitApp } from "../testing/kit_app.ts";
import { exchange, type RawAnswer } from "../testing/raw_http.ts";
import { OVER_SOCKET } from "./guard.ts";
import type { Principal } from "./route.ts";
import { SCOPES, withImplied } from "./scopes.ts";

const TOKEN = "correct-horse-battery";

function codeOf({ status, body }: RawAnswer): string {
  if (!body.startsWith("{")) return `${status} ${body}`;
  const answer = JSON.parse(body);
  return answer.ok ? String(status) : `${status} ${answer.error.code}`;
}

async function get(
  { port }: KitApp,
  headers: readonly string[],
  line = "GET /open HTTP/1.1",
): Promise<string> {
  return codeOf(await exchange(port, { line, headers }));
}

Deno.test("Guard answers to every honest name of the daemon", async () => {
  await using kit = startKitApp({
    guard: { allowed: ["mini.tail1234.ts.net", "Other.Example:99"] },
  });
  const { port } = kit;
  for (
    const host of [
      `localhost:${port}`,
      `127.0.0.1:${port}`,
      `[::1]:${port}`,
      `LOCALHOST:${port}`,
      `localhost.:${port}`,
      `mini.tail1234.ts.net:${port}`,
      "mini.tail1234.ts.net",
      "MINI.tail1234.TS.net.",
      "other.example:99",
    ]
  ) assertEquals(await get(kit, [`Host: ${host}`]), "200", host);
});

Deno.test("Guard refuses every other Host, and its log names the variable", async () => {
  await using kit = startKitApp({ guard: { allowed: ["other.example:99"] } });
  const { port } = kit;
  const hostile = [
    "evil.com",
    `evil.com:${port}`,
    `127.evil.com:${port}`,
    `127.0.0.1.evil.com:${port}`,
    `127.0.0.1:${port}.evil.com`,
    `localhost.evil.com:${port}`,
    `xlocalhost:${port}`,
    `localhost..:${port}`,
    "localhost",
    "127.0.0.1",
    "127.0.0.1:1",
    `127.1:${port}`,
    `2130706433:${port}`,
    `0x7f.0.0.1:${port}`,
    `127.0.0.2:${port}`,
    `0.0.0.0:${port}`,
    `[::]:${port}`,
    `[0:0:0:0:0:0:0:1]:${port}`,
    `[::ffff:127.0.0.1]:${port}`,
    `::1:${port}`,
    `user@localhost:${port}`,
    `localhost:${port}@evil.com`,
    `localhost:${port}/`,
    `localhost:${port}#x`,
    `localhost:${port}?x`,
    `localhost:${port},evil.com`,
    `local host:${port}`,
    `localhost:${port}0000`,
    "localhost:",
    "other.example",
    `other.example:${port}`,
    "*",
    ".",
  ];
  for (const host of hostile) {
    assertEquals(
      await get(kit, [`Host: ${host}`]),
      "403 HOST_NOT_ALLOWED",
      host,
    );
  }
  const lines = kit.log.lines.filter((it) => it.level === "warn");
  assertEquals(lines.length, hostile.length);
  for (const { fields } of lines) {
    assertEquals(fields.allow_with, "BAA_ALLOWED_HOSTS");
    assertEquals(typeof fields.request_id, "string");
  }
});

Deno.test("Guard refuses no Host and two of them with 400", async () => {
  await using kit = startKitApp();
  const own = `Host: localhost:${kit.port}`;
  assertEquals(await get(kit, []), "400 INVALID_INPUT");
  assertEquals(await get(kit, ["Host:"]), "400 INVALID_INPUT");
  assertEquals(
    await get(kit, [], "GET /open HTTP/1.0"),
    "400 INVALID_INPUT",
  );
  const two = await exchange(kit.port, { headers: [own, own] });
  assertEquals(two.status, 400);
  const differing = await exchange(kit.port, {
    headers: [own, "Host: evil.com"],
  });
  assertEquals(differing.status, 400);
});

Deno.test("Guard compares an absolute target with the Host", async () => {
  await using kit = startKitApp();
  const { port } = kit;
  const host = `Host: localhost:${port}`;
  const absolute = (authority: string) =>
    `GET http://${authority}/open HTTP/1.1`;
  const own = `localhost:${port}`;
  assertEquals(await get(kit, [host], absolute(own)), "200");
  assertEquals(await get(kit, [host], absolute(own.toUpperCase())), "200");
  for (
    const other of [
      "evil.com",
      `127.0.0.1:${port}`,
      `user@${own}`,
      `user:pass@${own}`,
      `${own}@evil.com`,
    ]
  ) {
    assertEquals(
      await get(kit, [host], absolute(other)),
      "403 HOST_NOT_ALLOWED",
      other,
    );
  }
  assertEquals(
    await get(kit, ["Host: evil.com"], absolute(own)),
    "403 HOST_NOT_ALLOWED",
  );
});

Deno.test("Guard judges the Host before it reads the path", async () => {
  await using kit = startKitApp();
  assertEquals(
    await get(kit, ["Host: evil.com"], "GET /%zz HTTP/1.1"),
    "403 HOST_NOT_ALLOWED",
  );
  assertEquals(
    await get(kit, [`Host: localhost:${kit.port}`], "GET /%zz HTTP/1.1"),
    "400 INVALID_INPUT",
  );
});

const FORWARDING = [
  "X-Forwarded-For: 10.0.0.1",
  "X-Forwarded-Anything: 1",
  "X-Forwarded: for=10.0.0.1",
  "X-Original-Forwarded-For: 10.0.0.1",
  "X-Cluster-Client-IP: 10.0.0.1",
  "Fastly-Client-IP: 10.0.0.1",
  "CloudFront-Viewer-Address: 10.0.0.1:4711",
  "Ngrok-Trace-Id: 1",
  "Forwarded: for=10.0.0.1",
  "Via: 1.1 x",
  "X-Real-IP: 10.0.0.1",
  "CF-Connecting-IP: 10.0.0.1",
  "CF-Ray: 1",
  "Tailscale-User-Login: a@b.c",
  "x-FORWARDED-proto: https",
  "CDN-Loop: cloudflare",
  "True-Client-IP: 10.0.0.1",
  "X-Client-IP: 10.0.0.1",
  "Fly-Client-IP: 10.0.0.1",
  "Fly-Region: ams",
  "X-Envoy-External-Address: 10.0.0.1",
  "X_Forwarded_For: 10.0.0.1",
  "x_real_ip: 10.0.0.1",
  "CF_Connecting-IP: 10.0.0.1",
  "true_client_ip: 10.0.0.1",
];

Deno.test("Guard puts whatever was forwarded into the public zone", async () => {
  await using kit = startKitApp();
  const host = `Host: localhost:${kit.port}`;
  for (const header of FORWARDING) {
    const headers = [host, header];
    assertEquals(
      await get(kit, headers, "GET /items/1 HTTP/1.1"),
      "403 NOT_EXPOSED",
      header,
    );
    const open = await exchange(kit.port, { headers });
    assertEquals(JSON.parse(open.body).data.zone, "public", header);
  }
});

Deno.test("Guard leaves a request local that no proxy has touched", async () => {
  await using kit = startKitApp();
  const host = `Host: localhost:${kit.port}`;
  for (
    const header of [
      "X-Forward: 1",
      "Viable: 1",
      "X-Client-IPs: 1",
      "CFX: 1",
      "Butterfly-Net: 1",
    ]
  ) {
    const open = await exchange(kit.port, { headers: [host, header] });
    assertEquals(JSON.parse(open.body).data.zone, "local", header);
  }
});

Deno.test("Guard knows the public base by its host, with its own port or none", async () => {
  await using kit = startKitApp({
    guard: {
      publicBase: new URL("https://conductor.makefile.so"),
      allowed: ["conductor.makefile.so:4317"],
    },
  });
  for (
    const host of [
      "conductor.makefile.so",
      "conductor.makefile.so:443",
      "Conductor.Makefile.SO.",
      // Allowing it by hand with another port does not make it local.
      "conductor.makefile.so:4317",
    ]
  ) {
    const open = await exchange(kit.port, { headers: [`Host: ${host}`] });
    assertEquals(JSON.parse(open.body).data?.zone, "public", host);
  }
  assertEquals(
    await get(kit, ["Host: conductor.makefile.so:80"]),
    "403 HOST_NOT_ALLOWED",
  );
  assertEquals(
    await get(kit, ["Host: x.conductor.makefile.so"]),
    "403 HOST_NOT_ALLOWED",
  );
});

Deno.test("Guard takes a listed proxy's requests as public, however its address is written", async () => {
  await using kit = startKitApp({
    guard: { proxyAddresses: ["::ffff:127.0.0.1"] },
  });
  assertEquals(
    await get(
      kit,
      [`Host: localhost:${kit.port}`],
      "GET /items/1 HTTP/1.1",
    ),
    "403 NOT_EXPOSED",
  );
});

Deno.test("Guard exposes by zone and token", async () => {
  await using kit = startKitApp({ guard: { token: TOKEN } });
  const host = `Host: localhost:${kit.port}`;
  const forwarded = "X-Forwarded-For: 10.0.0.1";
  const right = `Authorization: Bearer ${TOKEN}`;
  const wrong = "Authorization: Bearer wrong";
  const cases: [string, string[], string][] = [
    ["GET /open", [host], "200"],
    ["GET /open", [host, forwarded], "200"],
    ["GET /open", [host, wrong], "200"],
    ["GET /shared", [host], "401 UNAUTHORIZED"],
    ["GET /shared", [host, right], "200"],
    ["GET /shared", [host, forwarded], "403 NOT_EXPOSED"],
    ["GET /shared", [host, forwarded, wrong], "403 NOT_EXPOSED"],
    ["GET /shared", [host, forwarded, right], "200"],
    ["GET /items/1", [host], "401 UNAUTHORIZED"],
    ["GET /items/1", [host, right], "200"],
    ["GET /items/1", [host, forwarded], "403 NOT_EXPOSED"],
    ["GET /items/1", [host, forwarded, right], "403 NOT_EXPOSED"],
    ["DELETE /items/1", [host], "401 UNAUTHORIZED"],
    ["GET /nowhere", [host, forwarded], "404 ROUTE_NOT_FOUND"],
  ];
  for (const [line, headers, expected] of cases) {
    assertEquals(
      await get(kit, headers, `${line} HTTP/1.1`),
      expected,
      `${line} ${headers.slice(1)}`,
    );
  }
});

Deno.test("Guard keeps token routes out of the public zone when there is no token", async () => {
  await using kit = startKitApp();
  const headers = [`Host: localhost:${kit.port}`, "Via: 1.1 x"];
  const line = "GET /shared HTTP/1.1";
  assertEquals(await get(kit, headers, line), "403 NOT_EXPOSED");
  assertEquals(
    await get(kit, [...headers, "Authorization: Bearer "], line),
    "403 NOT_EXPOSED",
  );
  assertEquals(await get(kit, headers.slice(0, 1), line), "200");
});

Deno.test("Guard refuses foreign pages", async () => {
  await using kit = startKitApp({
    guard: { allowedOrigins: ["https://ui.example"] },
  });
  const { port } = kit;
  const host = `Host: localhost:${port}`;
  const cases: [string[], string][] = [
    [["Origin: https://evil.com"], "403 ORIGIN_NOT_ALLOWED"],
    [["Origin: null"], "403 ORIGIN_NOT_ALLOWED"],
    [["Origin:"], "403 ORIGIN_NOT_ALLOWED"],
    [[`Origin: http://localhost:${port}.evil.com`], "403 ORIGIN_NOT_ALLOWED"],
    [[`Origin: http://127.evil.com:${port}`], "403 ORIGIN_NOT_ALLOWED"],
    [[`Origin: https://localhost:${port}`], "403 ORIGIN_NOT_ALLOWED"],
    [["Origin: http://localhost"], "403 ORIGIN_NOT_ALLOWED"],
    [["Origin: https://ui.example:444"], "403 ORIGIN_NOT_ALLOWED"],
    [["Origin: https://xui.example"], "403 ORIGIN_NOT_ALLOWED"],
    [["Origin: moz-extension://abc"], "403 ORIGIN_NOT_ALLOWED"],
    [
      [`Origin: http://localhost:${port}`, "Origin: https://evil.com"],
      "403 ORIGIN_NOT_ALLOWED",
    ],
    [["Sec-Fetch-Site: cross-site"], "403 ORIGIN_NOT_ALLOWED"],
    [["Sec-Fetch-Site: same-site"], "403 ORIGIN_NOT_ALLOWED"],
    [
      [
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Mode: navigate",
        "Sec-Fetch-Dest: document",
      ],
      "403 ORIGIN_NOT_ALLOWED",
    ],
    [[`Origin: http://localhost:${port}`], "200"],
    [[`Origin: http://127.0.0.1:${port}`], "200"],
    [[`Origin: http://[::1]:${port}`], "200"],
    [["Origin: https://ui.example", "Sec-Fetch-Site: cross-site"], "200"],
    [["Sec-Fetch-Site: none"], "200"],
    [["Sec-Fetch-Site: same-origin"], "200"],
    [[], "200"],
  ];
  for (const [headers, expected] of cases) {
    assertEquals(await get(kit, [host, ...headers]), expected, `${headers}`);
  }
});

Deno.test("Guard takes pages of an allowed host as the daemon's own", async () => {
  await using kit = startKitApp({ guard: { allowed: ["mini.ts.net"] } });
  const { port } = kit;
  const headers = [`Host: mini.ts.net:${port}`];
  assertEquals(
    await get(kit, [...headers, `Origin: http://mini.ts.net:${port}`]),
    "200",
  );
  assertEquals(
    await get(kit, [...headers, "Origin: https://mini.ts.net"]),
    "403 ORIGIN_NOT_ALLOWED",
  );
});

Deno.test("Guard lets a cross-site navigation GET a navigable page, and nothing else", async () => {
  await using kit = startKitApp();
  const host = `Host: localhost:${kit.port}`;
  const site = "Sec-Fetch-Site: cross-site";
  const mode = "Sec-Fetch-Mode: navigate";
  const dest = "Sec-Fetch-Dest: document";
  const page = "GET /page HTTP/1.1";
  const refused = "403 ORIGIN_NOT_ALLOWED";
  assertEquals(
    await get(kit, [host, site, mode, dest], page),
    "200 <p>page</p>",
  );
  assertEquals(await get(kit, [host, site, mode], page), refused);
  assertEquals(await get(kit, [host, site, dest], page), refused);
  assertEquals(
    await get(kit, [host, site, mode, "Sec-Fetch-Dest: iframe"], page),
    refused,
  );
  assertEquals(
    await get(kit, [host, site, mode, dest], "POST /page HTTP/1.1"),
    refused,
  );
  assertEquals(
    await get(kit, [host, site, mode, dest, "Origin: https://evil.com"], page),
    refused,
  );
});

Deno.test("Guard lets no body but JSON reach a handler", async () => {
  await using kit = startKitApp();
  const host = `Host: localhost:${kit.port}`;
  const line = "POST /notes HTTP/1.1";
  const send = async (headers: string[], body = '{"text":"x"}') =>
    codeOf(
      await exchange(kit.port, { line, headers: [host, ...headers], body }),
    );
  for (
    const type of [
      "application/json",
      "Application/JSON",
      "application/json;charset=utf-8",
      'application/json ; charset="UTF-8"',
    ]
  ) assertEquals(await send([`Content-Type: ${type}`]), "200", type);
  for (
    const type of [
      "text/plain",
      "text/plain; application/json",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/jsonp",
      "application/json; charset=utf-16",
      "application/json; charset=latin1",
      "application/json, text/plain",
      "text/json",
      "application/merge-patch+json",
      "",
    ]
  ) {
    assertEquals(
      await send([`Content-Type: ${type}`]),
      "415 UNSUPPORTED_MEDIA_TYPE",
      type,
    );
  }
  assertEquals(await send([]), "415 UNSUPPORTED_MEDIA_TYPE");
  assertEquals(
    await send(["Content-Type: application/json", "Content-Type: text/plain"]),
    "415 UNSUPPORTED_MEDIA_TYPE",
  );
  const chunked = await exchange(kit.port, {
    line,
    headers: [
      host,
      "Content-Type: text/plain",
      "Transfer-Encoding: chunked",
      "",
      "0",
    ],
  });
  assertEquals(codeOf(chunked), "415 UNSUPPORTED_MEDIA_TYPE");
  // A route that takes no body does not take a form either.
  const form = await exchange(kit.port, {
    line: "POST /run HTTP/1.1",
    headers: [host, "Content-Type: text/plain"],
    body: "x",
  });
  assertEquals(codeOf(form), "415 UNSUPPORTED_MEDIA_TYPE");
});

Deno.test("Guard sends no CORS header, not even to a preflight", async () => {
  await using kit = startKitApp({
    guard: { allowedOrigins: ["https://ui.example"] },
  });
  const host = `Host: localhost:${kit.port}`;
  const preflight = (origin: string) =>
    exchange(kit.port, {
      line: "OPTIONS /notes HTTP/1.1",
      headers: [
        host,
        `Origin: ${origin}`,
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: content-type",
        "Access-Control-Request-Private-Network: true",
      ],
    });
  const answers = [
    await preflight("https://evil.com"),
    await preflight("https://ui.example"),
    await exchange(kit.port, {
      headers: [host, "Origin: https://ui.example"],
    }),
  ];
  assertEquals(answers.map(codeOf), [
    "403 ORIGIN_NOT_ALLOWED",
    "405 METHOD_NOT_ALLOWED",
    "200",
  ]);
  for (const { headers } of answers) {
    for (const name of headers.keys()) {
      assertEquals(name.startsWith("access-control-"), false, name);
    }
  }
});

Deno.test("Guard demands exactly the token, and never takes it from the URL", async () => {
  await using kit = startKitApp({ guard: { token: TOKEN } });
  const host = `Host: localhost:${kit.port}`;
  const send = async (authorization: string | undefined, query = "") =>
    codeOf(
      await exchange(kit.port, {
        line: `GET /items/1${query} HTTP/1.1`,
        headers: authorization === undefined
          ? [host]
          : [host, `Authorization: ${authorization}`],
      }),
    );
  assertEquals(await send(`Bearer ${TOKEN}`), "200");
  assertEquals(await send(`bearer  ${TOKEN} `), "200");
  for (
    const value of [
      undefined,
      "Bearer",
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(0, -1)}`,
      `Bearer ${TOKEN.toUpperCase()}`,
      `Basic ${btoa(`x:${TOKEN}`)}`,
      TOKEN,
      `Bearer ${TOKEN}, Bearer ${TOKEN}`,
    ]
  ) assertEquals(await send(value), "401 UNAUTHORIZED", value);
  assertEquals(await send(undefined, `?token=${TOKEN}`), "401 UNAUTHORIZED");
  assertEquals(
    await send(undefined, `?access_token=${TOKEN}`),
    "401 UNAUTHORIZED",
  );
  const { headers } = await exchange(kit.port, {
    line: "GET /items/1 HTTP/1.1",
    headers: [host],
  });
  assertEquals(headers.get("www-authenticate"), "Bearer");
  assertEquals(JSON.stringify(kit.log.lines).includes(TOKEN), false);
});

Deno.test("Guard locks wrong and missing tokens out after ten, never the right one", async () => {
  const clock = new FakeClock();
  await using kit = startKitApp({ clock, guard: { token: TOKEN } });
  const host = `Host: localhost:${kit.port}`;
  const send = (token?: string, line = "GET /items/1 HTTP/1.1") =>
    exchange(kit.port, {
      line,
      headers: token === undefined
        ? [host]
        : [host, `Authorization: Bearer ${token}`],
    });
  for (let attempt = 1; attempt <= 10; attempt++) {
    assertEquals(codeOf(await send("wrong")), "401 UNAUTHORIZED");
    await clock.advance(1000);
  }
  const locked = await send("wrong");
  assertEquals(codeOf(locked), "429 TOO_MANY_REQUESTS");
  assertEquals(locked.headers.get("retry-after"), "59");
  assertEquals(codeOf(await send()), "429 TOO_MANY_REQUESTS");
  assertEquals(codeOf(await send(TOKEN)), "200");
  assertEquals(codeOf(await send(undefined, "GET /open HTTP/1.1")), "200");
  await clock.advance(58_000);
  assertEquals(codeOf(await send("wrong")), "429 TOO_MANY_REQUESTS");
  await clock.advance(1000);
  assertEquals(codeOf(await send("wrong")), "401 UNAUTHORIZED");
  assertEquals(codeOf(await send()), "401 UNAUTHORIZED");
});

Deno.test("Guard admits a WebSocket by the same ladder, before the 101", async () => {
  await using kit = startKitApp({ guard: { token: TOKEN } });
  const host = `Host: localhost:${kit.port}`;
  const origin = "Origin: moz-extension://abc";
  const right = `Sec-WebSocket-Protocol: baa.token.${TOKEN}`;
  const handshake = [
    "Upgrade: websocket",
    "Connection: keep-alive, Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];
  const open = async (headers: string[], line = "GET /ws HTTP/1.1") =>
    codeOf(await exchange(kit.port, { line, headers }));
  assertEquals(await open([host, origin, right, ...handshake]), "101 ");
  const cases: [string[], string][] = [
    [["Host: evil.com", origin, right], "403 HOST_NOT_ALLOWED"],
    [[host, "Via: 1.1 x", origin, right], "403 NOT_EXPOSED"],
    [[host, "Origin: https://evil.com", right], "403 ORIGIN_NOT_ALLOWED"],
    [[host, "Origin: null", right], "403 ORIGIN_NOT_ALLOWED"],
    [
      [host, `Origin: http://localhost:${kit.port}`, right],
      "403 ORIGIN_NOT_ALLOWED",
    ],
    [[host, "Sec-Fetch-Site: cross-site", right], "403 ORIGIN_NOT_ALLOWED"],
    [[host, origin], "401 UNAUTHORIZED"],
    [
      [host, origin, "Sec-WebSocket-Protocol: baa.token.wrong"],
      "401 UNAUTHORIZED",
    ],
  ];
  for (const [headers, expected] of cases) {
    assertEquals(
      await open([...headers, ...handshake]),
      expected,
      `${headers}`,
    );
  }
});

Deno.test("Guard asks a known secret for the route's scope, and knows it in the local zone alone", async () => {
  const holders: Record<string, Principal> = {
    "the-secret-of-a-reader": {
      actor: "reader",
      scopes: withImplied(["automate"]),
    },
    "the-secret-of-a-chief": { actor: "chief", scopes: withImplied(["admin"]) },
  };
  await using kit = startKitApp({
    guard: {
      token: TOKEN,
      credentials: [{ identify: (secret) => holders[secret] }],
    },
  });
  const host = `Host: localhost:${kit.port}`;
  const bearer = (secret: string) => `Authorization: Bearer ${secret}`;
  const ask = (line: string, ...headers: string[]) =>
    get(kit, [host, ...headers], `${line} HTTP/1.1`);
  const reader = bearer("the-secret-of-a-reader");
  assertEquals(await ask("GET /open", reader), "200");
  assertEquals(await ask("GET /shared", reader), "200");
  assertEquals(await ask("POST /push", reader), "200");
  assertEquals(await ask("GET /work", reader), "403 SCOPE_REQUIRED");
  assertEquals(
    kit.log.lines.at(-1)?.fields,
    {
      code: "SCOPE_REQUIRED",
      request_id: "req_4",
      remote_address: "127.0.0.1",
      actor: "reader",
      route: "work",
      scope: "exec",
    },
  );
  const chief = bearer("the-secret-of-a-chief");
  assertEquals(await ask("GET /work", chief), "200");
  assertEquals(await ask("GET /work", bearer(TOKEN)), "200");
  assertEquals(await ask("GET /work", bearer("nobody")), "401 UNAUTHORIZED");
  const forwarded = "Via: 1.1 x";
  assertEquals(await ask("GET /shared", chief, forwarded), "403 NOT_EXPOSED");
  assertEquals(await ask("GET /shared", bearer(TOKEN), forwarded), "200");
  const refusal = await exchange(kit.port, {
    line: "GET /work HTTP/1.1",
    headers: [host, reader],
  });
  assertEquals(JSON.parse(refusal.body).error.details, {
    required: "exec",
    scopes: ["read", "automate"],
  });
});

Deno.test("Guard asks no token where a route asks none, and lets no stranger past another rung", async () => {
  await using kit = startKitApp({ guard: { token: TOKEN } });
  const host = `Host: localhost:${kit.port}`;
  const ask = (line: string, ...headers: string[]) =>
    get(kit, [host, ...headers], `${line} HTTP/1.1`);
  assertEquals(await ask("GET /ask"), "200");
  assertEquals(await ask("GET /ask", `Authorization: Bearer ${TOKEN}`), "200");
  assertEquals(await ask("GET /ask", "Authorization: Bearer wrong"), "200");
  assertEquals(await ask("GET /ask", "Via: 1.1 x"), "403 NOT_EXPOSED");
  assertEquals(
    await ask("GET /ask", "Origin: http://evil.test"),
    "403 ORIGIN_NOT_ALLOWED",
  );
  // The route judges these itself; a plain request is only no upgrade.
  const offers = (it: string) => `Sec-WebSocket-Protocol: ${it}`;
  assertEquals(await ask("GET /ws", offers("baa.v1")), "401 UNAUTHORIZED");
  assertEquals(
    await ask("GET /ws", offers("baa.proof.x")),
    "426 UPGRADE_REQUIRED",
  );
});

Deno.test("Guard takes the socket's key over the socket, nothing else there, and it nowhere else", async () => {
  const key = "k3y-of-the-socket-f00d";
  for (const token of [TOKEN, undefined]) {
    await using kit = startKitApp({
      guard: { token, socketKey: { key, actor: "conductor" } },
    });
    const host = `localhost:${kit.port}`;
    const over = async (
      remoteAddress: string,
      path: string,
      secret?: string,
    ) => {
      const authorization = secret && `Bearer ${secret}`;
      const response = await kit.app.handle(
        new Request(`http://${host}${path}`, {
          headers: { host, ...(authorization && { authorization }) },
        }),
        { remoteAddress },
      );
      const { data } = await response.json();
      return data === undefined ? response.status : data?.actor ?? 200;
    };
    const socket = (path: string, secret?: string) =>
      over(OVER_SOCKET, path, secret);
    assertEquals(await socket("/work", key), 200);
    assertEquals(await socket("/ask", key), "conductor");
    assertEquals(await socket("/open"), 200);
    for (const secret of [undefined, "", TOKEN, `${key}x`, key.slice(1)]) {
      assertEquals(await socket("/work", secret), 401, secret);
    }
    const outside = token === undefined ? 200 : 401;
    assertEquals(await over("127.0.0.1", "/work", key), outside);
    assertEquals(await over("127.0.0.1", "/work"), outside);
  }
  // Who serves no socket has no key for one.
  await using kit = startKitApp();
  const host = `localhost:${kit.port}`;
  const { status, body } = await kit.app.handle(
    new Request(`http://${host}/work`, { headers: { host } }),
    { remoteAddress: OVER_SOCKET },
  );
  assertEquals(status, 401);
  await body?.cancel();
});

Deno.test("Guard locks wrong keys out over the socket, never the right one", async () => {
  const key = "k3y-of-the-socket-f00d";
  await using kit = startKitApp({
    guard: { socketKey: { key, actor: "conductor" } },
  });
  const host = `localhost:${kit.port}`;
  const statusFor = async (secret: string) => {
    const { status, body } = await kit.app.handle(
      new Request(`http://${host}/work`, {
        headers: { host, authorization: `Bearer ${secret}` },
      }),
      { remoteAddress: OVER_SOCKET },
    );
    await body?.cancel();
    return status;
  };
  for (let n = 0; n < 10; n++) assertEquals(await statusFor("wrong"), 401);
  assertEquals(await statusFor("wrong"), 429);
  assertEquals(await statusFor(key), 200);
});

Deno.test("withImplied() adds what a scope implies", () => {
  assertEquals([...withImplied([])], []);
  assertEquals([...withImplied(["read"])], ["read"]);
  assertEquals([...withImplied(["exec"])], ["read", "exec"]);
  assertEquals([...withImplied(["admin"])], [...SCOPES]);
});
