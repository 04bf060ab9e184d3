import type { Need, Stage, Target, Vector } from "./vector.ts";
import { outcomeOf, type Said } from "./wire.ts";

/** A vector that is one request: it is right when the answer begins with one of `right`. */
interface Row extends Said {
  readonly name: string;
  readonly room: Vector["room"];
  readonly right: readonly string[];
  /** Default: the conductor without a token. */
  readonly at?: "guarded" | "codexd";
  readonly needs?: readonly Need[];
}

const EXEC = "POST /v1/exec HTTP/1.1";
const READ = "GET /v1/tasks HTTP/1.1";
const JSON_TYPE = "Content-Type: application/json";
const COMMAND = '{"command":"true"}';
const UPGRADE = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];
const exec = { line: EXEC, body: COMMAND } as const;
const NO_HOST = ["403 HOST_NOT_ALLOWED", "400"];
const NO_ORIGIN = ["403 ORIGIN_NOT_ALLOWED"];
const NOT_EXPOSED = ["403 NOT_EXPOSED"];
const NO_TYPE = ["415"];
const NO_TOKEN = ["401", "429"];
const OK = ["200"];

const rows: readonly Row[] = [
  ...[
    "evil.com",
    "evil.com:{port}",
    "127.0.0.1",
    "127.0.0.1:1",
    "127.evil.com:{port}",
    "localhost.evil.com:{port}",
    "127.0.0.1.nip.io:{port}",
    "evil.com#127.0.0.1:{port}",
    "evil.com@127.0.0.1:{port}",
    "127.0.0.1:{port}@evil.com",
    "127.0.0.1:{port}, evil.com",
    "127.0.0.1:{port}/x",
    "0.0.0.0:{port}",
    "[::]:{port}",
    "127.1:{port}",
    "2130706433:{port}",
    "0x7f000001:{port}",
    "127.0.0.1..:{port}",
    "[::ffff:127.0.0.1]:{port}",
    "127.0.0.1:0{port}",
    "\u0000",
    "",
  ].map((host) => ({
    name: `Host "${host.replaceAll("\u0000", "NUL")}"`,
    room: "host" as const,
    ...exec,
    host,
    headers: [JSON_TYPE],
    right: NO_HOST,
  })),
  {
    name: "no Host",
    room: "host",
    ...exec,
    host: null,
    headers: [JSON_TYPE],
    right: ["400"],
  },
  {
    name: "two Hosts",
    room: "host",
    ...exec,
    headers: ["Host: evil.com", JSON_TYPE],
    right: ["400"],
  },
  {
    name: "no Host in HTTP/1.0",
    room: "host",
    line: "POST /v1/exec HTTP/1.0",
    body: COMMAND,
    host: null,
    headers: [JSON_TYPE],
    right: ["400"],
  },
  {
    name: "absolute form of another host",
    room: "host",
    line: "POST http://evil.com/v1/exec HTTP/1.1",
    body: COMMAND,
    headers: [JSON_TYPE],
    right: NO_HOST,
  },
  {
    name: "absolute form of this host under another Host",
    room: "host",
    line: "POST http://127.0.0.1:{port}/v1/exec HTTP/1.1",
    body: COMMAND,
    host: "evil.com",
    headers: [JSON_TYPE],
    right: NO_HOST,
  },
  {
    name: "codexd under a rebound Host",
    room: "host",
    at: "codexd",
    line: "GET /v1/codexd/status HTTP/1.1",
    host: "evil.com:{port}",
    needs: ["own"],
    right: NO_HOST,
  },
  ...["127.0.0.1:{port}", "localhost:{port}", "LocalHost.:{port}"].map((
    host,
  ) => ({
    name: `honest: the owner at ${host}`,
    room: "host" as const,
    line: "GET /version HTTP/1.1",
    host,
    right: OK,
  })),

  ...[
    "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-Host: 127.0.0.1:{port}",
    "x_forwarded_for: 127.0.0.1",
    "Forwarded: for=127.0.0.1",
    "Via: 1.1 proxy",
    "X-Real-IP: 127.0.0.1",
    "X_Real_IP: 127.0.0.1",
    "CF-Connecting-IP: 127.0.0.1",
    "CDN-Loop: cloudflare",
    "True-Client-IP: 127.0.0.1",
    "X-Client-IP: 127.0.0.1",
    "Fly-Client-IP: 127.0.0.1",
    "X-Envoy-External-Address: 127.0.0.1",
    "Tailscale-User-Login: ann@example.com",
    "X-Forwarded-For:",
  ].map((header) => ({
    name: `a command with ${header}`,
    room: "zone" as const,
    ...exec,
    headers: [header, JSON_TYPE],
    right: NOT_EXPOSED,
  })),
  {
    name: "tasks through a proxy, by who has no token",
    room: "zone",
    line: READ,
    as: "nobody",
    headers: ["Via: 1.1 proxy"],
    right: NOT_EXPOSED,
  },
  {
    name: "MCP through a proxy",
    room: "zone",
    line: "POST /mcp HTTP/1.1",
    headers: ["Via: 1.1 proxy", JSON_TYPE],
    body: "{}",
    right: NOT_EXPOSED,
  },
  {
    name: "the owner's pages through a proxy",
    room: "zone",
    line: "GET /v1/status/ui/node HTTP/1.1",
    headers: ["Via: 1.1 proxy"],
    right: NOT_EXPOSED,
  },

  ...[
    "Origin: http://evil.com",
    "Origin: null",
    "Origin: http://127.0.0.1:1",
    "Origin: https://127.0.0.1:{port}",
    "Origin: http://127.0.0.1:{port}.evil.com",
    "Origin: http://evil.com:{port}",
    "Origin: file://",
    "Origin: moz-extension://7a1f0d2e-0000-4000-8000-000000000000",
    "Origin:",
    "Sec-Fetch-Site: cross-site",
    "Sec-Fetch-Site: same-site",
    "Sec-Fetch-Site: anything",
  ].map((header) => ({
    name: `a command with ${header}`,
    room: "origin" as const,
    ...exec,
    headers: [header, JSON_TYPE],
    right: NO_ORIGIN,
  })),
  {
    name: "a page's read by no-cors",
    room: "origin",
    line: READ,
    headers: ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"],
    right: NO_ORIGIN,
  },
  {
    name: "a preflight",
    room: "origin",
    line: "OPTIONS /v1/exec HTTP/1.1",
    headers: [
      "Origin: http://evil.com",
      "Access-Control-Request-Method: POST",
      "Access-Control-Request-Private-Network: true",
    ],
    right: NO_ORIGIN,
  },
  {
    name: "a top-level navigation to tasks",
    room: "origin",
    line: READ,
    headers: [
      "Sec-Fetch-Site: cross-site",
      "Sec-Fetch-Mode: navigate",
      "Sec-Fetch-Dest: document",
    ],
    right: NO_ORIGIN,
  },
  {
    name: "the status page in a frame",
    room: "origin",
    line: "GET /v1/status/ui HTTP/1.1",
    headers: [
      "Sec-Fetch-Site: cross-site",
      "Sec-Fetch-Mode: navigate",
      "Sec-Fetch-Dest: iframe",
    ],
    right: NO_ORIGIN,
  },
  {
    name: "honest: a top-level navigation to the status page",
    room: "origin",
    line: "GET /v1/status/ui HTTP/1.1",
    headers: [
      "Sec-Fetch-Site: cross-site",
      "Sec-Fetch-Mode: navigate",
      "Sec-Fetch-Dest: document",
    ],
    right: OK,
  },
  ...["http://evil.com", "null", "http://127.0.0.1:1"].map((origin) => ({
    name: `a WebSocket of ${origin}`,
    room: "origin" as const,
    line: "GET /ws/firefox HTTP/1.1",
    headers: [...UPGRADE, `Origin: ${origin}`],
    right: NO_ORIGIN,
  })),
  {
    name: "codexd's events from a page",
    room: "origin",
    at: "codexd",
    line: "GET /v1/codexd/events HTTP/1.1",
    headers: [...UPGRADE, "Origin: http://evil.com"],
    needs: ["own"],
    right: NO_ORIGIN,
  },
  {
    name: "MCP from a page",
    room: "origin",
    line: "POST /mcp HTTP/1.1",
    headers: ["Origin: http://evil.com", JSON_TYPE],
    body: "{}",
    right: NO_ORIGIN,
  },

  ...[
    "text/plain",
    "text/plain; application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonp",
    "application/json, text/plain",
    "text/json",
    "",
  ].map((type) => ({
    name: `a command as "${type}"`,
    room: "content type" as const,
    ...exec,
    headers: [`Content-Type: ${type}`],
    right: NO_TYPE,
  })),
  {
    name: "a command with no type",
    room: "content type",
    ...exec,
    right: NO_TYPE,
  },
  {
    name: "two types",
    room: "content type",
    ...exec,
    headers: [JSON_TYPE, "Content-Type: text/plain"],
    right: [...NO_TYPE, "400"],
  },
  {
    name: "sign-in by JSON",
    room: "content type",
    line: "POST /v1/status/session HTTP/1.1",
    headers: ["Origin: http://127.0.0.1:{port}", JSON_TYPE],
    body: "{}",
    right: NO_TYPE,
  },
  {
    name: "sign-in by a form of another origin",
    room: "the owner's pages",
    line: "POST /v1/status/session HTTP/1.1",
    headers: [
      "Origin: http://evil.com",
      "Content-Type: application/x-www-form-urlencoded",
    ],
    body: "sign_out=1",
    right: NO_ORIGIN,
  },
  {
    name: "sign-in by a form of no origin",
    room: "the owner's pages",
    line: "POST /v1/status/session HTTP/1.1",
    headers: ["Content-Type: application/x-www-form-urlencoded"],
    body: "sign_out=1",
    right: NO_ORIGIN,
  },

  ...[EXEC, READ, "GET /v1/audit HTTP/1.1", "POST /mcp HTTP/1.1"].map((
    line,
  ) => ({
    name: `no token: ${line.replace(" HTTP/1.1", "")}`,
    room: "token" as const,
    at: "guarded" as const,
    as: "nobody" as const,
    line,
    ...(line.startsWith("POST") && { body: COMMAND, headers: [JSON_TYPE] }),
    needs: ["guarded"] as const,
    right: NO_TOKEN,
  })),
  {
    name: "the token in the URL",
    room: "token",
    at: "guarded",
    as: "nobody",
    line: "GET /v1/tasks?token={token}&access_token={token} HTTP/1.1",
    needs: ["own"],
    right: [...NO_TOKEN, "400"],
  },
  ...[
    "Authorization: Bearer {token}x",
    "Authorization: Bearer",
    "Authorization: Basic {token}",
    "Authorization: Bearer {token},{token}",
    "Authorization: {token}",
    "X-Authorization: Bearer {token}",
    "Cookie: baa_session={token}",
  ].map((header) => ({
    name: `the token as ${header.replaceAll("{token}", "T")}`,
    room: "token" as const,
    at: "guarded" as const,
    as: "nobody" as const,
    line: READ,
    headers: [header],
    needs: ["own"] as const,
    right: NO_TOKEN,
  })),
  {
    name: "codexd without the token",
    room: "token",
    at: "codexd",
    as: "nobody",
    line: "GET /v1/codexd/status HTTP/1.1",
    needs: ["own"],
    right: NO_TOKEN,
  },
  {
    name: "honest: the owner by the token",
    room: "token",
    at: "guarded",
    line: READ,
    needs: ["own"],
    right: OK,
  },
  {
    name: "a cookie that somebody made up",
    room: "the owner's pages",
    at: "guarded",
    as: "nobody",
    line: "GET /v1/status/ui/node HTTP/1.1",
    headers: ["Cookie: baa_session=AAAAAAAAAAAAAAAAAAAAAA"],
    needs: ["guarded"],
    right: NO_TOKEN,
  },

  {
    name: "a head of 1 MB",
    room: "size and rate",
    line: READ,
    headers: [`X-Long: ${"a".repeat(1_048_576)}`],
    right: ["431", "400", "ended"],
  },
  {
    name: "5 000 headers",
    room: "size and rate",
    line: READ,
    headers: Array.from({ length: 5000 }, (_, n) => `X-${n}: a`),
    right: ["431", "400", "ended"],
  },
  {
    name: "a body that says it has 2 GB",
    room: "size and rate",
    line: EXEC,
    headers: [JSON_TYPE, "Content-Length: 2000000000"],
    right: ["413"],
  },
  {
    name: "JSON 100 000 levels deep",
    room: "size and rate",
    line: EXEC,
    headers: [JSON_TYPE],
    body: `{"command":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    right: ["400"],
  },
  {
    name: "JSON 65 levels deep in a payload",
    room: "size and rate",
    line: "POST /v1/tasks HTTP/1.1",
    headers: [JSON_TYPE],
    body: `{"title":"x","kind":"exec","payload":{"command":"true","x":${
      "[".repeat(65)
    }${"]".repeat(65)}}}`,
    right: ["400"],
  },
  {
    name: "a __proto__ in the environment",
    room: "size and rate",
    line: EXEC,
    headers: [JSON_TYPE],
    body: '{"command":"true","env":{"__proto__":{"x":"y"}}}',
    // Its refusal is a row of the audit.
    needs: ["own"],
    right: ["200 INVALID_INPUT"],
  },
  {
    name: "two lengths",
    room: "size and rate",
    line: EXEC,
    headers: [JSON_TYPE, "Content-Length: 0"],
    body: COMMAND,
    right: ["400", "ended"],
  },
  {
    name: "a length with a sign",
    room: "size and rate",
    line: EXEC,
    headers: [JSON_TYPE, "Content-Length: +18"],
    right: ["400", "ended"],
  },
  {
    name: "an unknown transfer coding",
    room: "size and rate",
    line: EXEC,
    headers: [JSON_TYPE, "Transfer-Encoding: xchunked"],
    body: COMMAND,
    right: ["400", "501", "ended"],
  },
  {
    name: "a space before a header's colon",
    room: "size and rate",
    line: EXEC,
    headers: [JSON_TYPE, "Content-Length : 18"],
    right: ["400", "ended"],
  },
  ...[
    "/v1/../v1/exec",
    "/%76%31/exec/",
    "//v1/exec",
    "/v1//exec",
    "/v1/exec;x",
    "/v1/exec%00",
    "/v1\\exec",
    "/V1/EXEC",
  ].map((path) => ({
    name: `another way to write the path: ${path}`,
    room: "zone" as const,
    line: `POST ${path} HTTP/1.1`,
    headers: ["Via: 1.1 proxy", JSON_TYPE],
    body: COMMAND,
    right: ["403", "404", "400", "ended"],
  })),
];

/** The vectors that are one request each. */
export const requestVectors: readonly Vector[] = rows.map((row) => ({
  name: row.name,
  room: row.room,
  tries: row.line.replace(/ HTTP\/1\.\d$/, ""),
  right: row.right.join(" or "),
  needs: row.needs ?? [],
  async attempt(stage) {
    const outcome = await outcomeOf(targetOf(stage, row), row);
    return row.right.some((it) => outcome.startsWith(it)) ? undefined : outcome;
  },
}));

function targetOf({ open, guarded, own }: Stage, { at }: Row): Target {
  if (at === "codexd" && own !== undefined) {
    return { port: Number(new URL(own.codexd.origin).port), token: own.token };
  }
  return at === "guarded" ? guarded ?? open : open;
}
