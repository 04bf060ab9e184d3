import { fromFileUrl } from "@std/path";
import { RawConnection } from "../../../shared/testing/raw_http.ts";
import { call, send } from "../../testing/http.ts";
import { guardedOf, ownOf, type Target, type Vector } from "./vector.ts";
import { outcomeOf, say } from "./wire.ts";

const CLIENTS = fromFileUrl(
  new URL("../../testing/hostile_clients.ts", import.meta.url),
);
const PATIENCE_MS = 2000;
const FORM = "Content-Type: application/x-www-form-urlencoded";
const READ = "GET /v1/tasks HTTP/1.1";

const originOf = ({ port }: Target) => `http://127.0.0.1:${port}`;
const bearer = (token = "") => ({ authorization: `Bearer ${token}` });

/** The vectors that take more than one request. */
export const sequenceVectors: readonly Vector[] = [
  {
    name: "a request hidden in another's body",
    room: "size and rate",
    tries: "Content-Length beside Transfer-Encoding, with a request behind",
    right: "an honest request behind it is answered once, or not at all",
    needs: [],
    async attempt({ open }) {
      const hidden = "GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
      const honest = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n" +
        "Connection: close\r\n\r\n";
      for (
        const [coding, body] of [
          ["Transfer-Encoding: chunked", `0\r\n\r\n${hidden}`],
          ["Transfer-Encoding: xchunked", hidden],
          ["Transfer-Encoding : chunked", `0\r\n\r\n${hidden}`],
          ["Transfer-Encoding: chunked\r\nTransfer-Encoding: x", hidden],
        ] as const
      ) {
        using connection = await RawConnection.open(open.port);
        await connection.send(
          (`POST /healthz HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n${coding}\r\n` +
            `Content-Length: ${body.length}\r\n\r\n${body}${honest}`)
            .replaceAll("PORT", String(open.port)),
        );
        const answers = (await connection.rest()).split(/(?=HTTP\/1\.1 \d)/);
        const good = answers.filter((it) => it.startsWith("HTTP/1.1 2"));
        if (good.length > 1 || good.some((it) => it.includes("openapi"))) {
          return `${coding}: ${good.length} good answers`;
        }
      }
    },
  },
  {
    name: "no CORS header, and nosniff, in any answer",
    room: "origin",
    tries: "GET, POST and OPTIONS, own and foreign origins",
    right: "no Access-Control-*, X-Content-Type-Options: nosniff",
    needs: [],
    async attempt({ open }) {
      for (const method of ["GET", "POST", "OPTIONS"]) {
        for (const origin of ["http://127.0.0.1:{port}", "http://evil.com"]) {
          const { headers } = await say(open, {
            line: `${method} /version HTTP/1.1`,
            headers: [`Origin: ${origin}`],
          });
          const cors = [...headers.keys()].find((it) =>
            it.startsWith("access-control")
          );
          if (cors !== undefined) return `${method}: ${cors}`;
          if (headers.get("x-content-type-options") !== "nosniff") {
            return `${method}: no nosniff`;
          }
        }
      }
    },
  },
  {
    name: "scripts and frames of the status page",
    room: "the owner's pages",
    tries: "the page's Content-Security-Policy",
    right: "default-src 'none', frame-ancestors 'none'",
    needs: [],
    async attempt({ open }) {
      const line = "GET /v1/status/ui HTTP/1.1";
      const { headers } = await say(open, { line });
      const policy = headers.get("content-security-policy") ?? "";
      for (const part of ["default-src 'none'", "frame-ancestors 'none'"]) {
        if (!policy.includes(part)) return `the policy is "${policy}"`;
      }
    },
  },
  {
    name: "strangers read nothing of the work",
    room: "token",
    tries: "every public page without the token, while a task has a title",
    right: "no title, path, id or reason in it",
    needs: ["own"],
    async attempt(stage) {
      const target = guardedOf(stage);
      const { folder, token } = ownOf(stage);
      const origin = originOf(target);
      await call(`${origin}/v1/tasks`, {
        title: "A-private-title",
        kind: "exec",
        payload: { command: "true" },
      }, bearer(token));
      const paths = ["/", "/llms.txt", "/describe", "/v1/capabilities"];
      paths.push("/openapi.json", "/health", "/version", "/v1/system/state");
      paths.push("/v1/status", "/v1/status/ui", "/rolez");
      for (const path of paths) {
        for (
          const headers of [
            [],
            ["Via: 1.1 proxy"],
            ["Authorization: Bearer no-such-token-is-there"],
          ]
        ) {
          // Two of them count as wrong tokens; ten are a lockout.
          if (headers[0]?.startsWith("Auth") && !path.endsWith("ui")) continue;
          const { body } = await say(target, {
            line: `GET ${path} HTTP/1.1`,
            as: "nobody",
            headers,
          });
          for (const shown of ["A-private-title", folder]) {
            if (body.includes(shown)) return `${path} shows "${shown}"`;
          }
        }
      }
    },
  },
  {
    name: "named tokens beyond their scopes",
    room: "who is calling",
    tries: "a token of each scope on a route of another",
    right: "403 SCOPE_REQUIRED, also through MCP; what it has works",
    needs: ["own"],
    async attempt(stage) {
      const origin = originOf(guardedOf(stage));
      const { token } = ownOf(stage);
      const command = { command: "true" };
      const task = { title: "x", kind: "exec", payload: command };
      const named = { name: "x", scopes: ["read"] };
      for (
        const [scope, path, body, right] of [
          ["read", "/v1/exec", command, "403 SCOPE_REQUIRED"],
          ["read", "/v1/tasks", task, "403 SCOPE_REQUIRED"],
          ["files", "/v1/exec", command, "403 SCOPE_REQUIRED"],
          ["automate", "/v1/exec", command, "403 SCOPE_REQUIRED"],
          ["automate", "/v1/tasks", task, "403 SCOPE_REQUIRED"],
          ["exec", "/v1/tasks", task, "403 SCOPE_REQUIRED"],
          ["exec", "/v1/tokens", named, "403 SCOPE_REQUIRED"],
          ["codex", "/v1/files/read", { path: "/x" }, "403 SCOPE_REQUIRED"],
          ["browser", "/v1/codex/sessions", {}, "403 SCOPE_REQUIRED"],
          ["read", "/v1/audit", undefined, "403 SCOPE_REQUIRED"],
          ["exec", "/v1/exec", command, "200 "],
          ["read", "/v1/tasks", undefined, "200 "],
        ] as const
      ) {
        const made = await call(`${origin}/v1/tokens`, {
          name: `attack-${crypto.randomUUID()}`,
          scopes: [scope],
        }, bearer(token));
        const own = bearer(made.data.token);
        const { status, error } = await call(`${origin}${path}`, body, own);
        const outcome = `${status} ${error?.code ?? ""}`;
        if (outcome !== right) return `${scope} on ${path}: ${outcome}`;
        const proxied = await outcomeOf(guardedOf(stage), {
          line: READ,
          as: "nobody",
          headers: [`Authorization: ${own.authorization}`, "Via: 1.1 proxy"],
        });
        if (!proxied.startsWith("403")) return `through a proxy: ${proxied}`;
        if (scope !== "read") continue;
        const mcp = await send(`${origin}/mcp`, {
          jsonrpc: "2.0",
          id: 1,
          method: "tools/call",
          params: { name: "run_command", arguments: command },
        }, { ...own, accept: "application/json, text/event-stream" });
        const said = await mcp.text();
        if (/exit_?code/i.test(said)) {
          return `read runs commands by MCP: ${said}`;
        }
      }
    },
  },
  {
    name: "a status session beyond its pages",
    room: "the owner's pages",
    tries: "its cookie on the API, MCP, the socket; without the own Origin",
    right: "401; after it ended also on the pages",
    needs: ["own"],
    async attempt(stage) {
      const target = guardedOf(stage);
      const own = "Origin: http://127.0.0.1:{port}";
      const form = (body: string, headers: readonly string[]) =>
        say(target, {
          line: "POST /v1/status/session HTTP/1.1",
          as: "nobody",
          headers: [FORM, own, ...headers],
          body,
        });
      const { headers } = await form("token={token}", []);
      const set = headers.get("set-cookie") ?? "";
      for (const part of ["HttpOnly", "SameSite=Strict", "Path=/v1/status"]) {
        if (!set.includes(part)) return `the cookie is not ${part}`;
      }
      const cookie = `Cookie: ${set.split(";")[0]}`;
      const ask = (line: string, more: readonly string[] = [], body = "{}") =>
        outcomeOf(target, {
          line: `${line} HTTP/1.1`,
          as: "nobody",
          headers: [cookie, ...more],
          ...(line.startsWith("POST") && { body }),
        });
      const json = ["Content-Type: application/json"];
      for (
        const [line, more, right] of [
          ["GET /v1/status/ui/node", [], "200"],
          ["GET /v1/tasks", [], "401"],
          ["GET /v1/audit", [], "401"],
          ["GET /v1/codex/approvals", [], "401"],
          ["POST /v1/exec", json, "401"],
          ["POST /v1/tokens", json, "401"],
          ["POST /mcp", json, "401"],
          ["GET /v1/status/ui/node", ["Via: 1.1 proxy"], "403"],
          ["GET /v1/status/ui/node", ["Origin: http://evil.com"], "403"],
          ["POST /v1/status/approvals/x", [FORM], "403"],
          ["POST /v1/status/approvals/x", [FORM, "Origin: null"], "403"],
        ] as const
      ) {
        const outcome = await ask(line, more);
        if (!outcome.startsWith(right)) {
          return `${[line, ...more].join(", ")}: ${outcome}`;
        }
      }
      await form("sign_out=1", [cookie]);
      const after = await ask("GET /v1/status/ui/node");
      return after.startsWith("401") ? undefined : `after its end: ${after}`;
    },
  },
  {
    name: "an approval's one-time key again",
    room: "the owner's pages",
    tries: "replay, another approval, a made-up key, another origin",
    right: "409 or 403, and codexd hears of one answer only",
    needs: ["own"],
    async attempt(stage) {
      const { fakeCodexd } = ownOf(stage);
      for (const id of ["apr_1", "apr_2"]) fakeCodexd.ask(id);
      const { body } = await say(stage.open, {
        line: "GET /v1/status/ui/codex HTTP/1.1",
      });
      const keys = body.matchAll(
        /approvals\/(apr_\d)"><input type="hidden" name="key" value="([^"]+)"/g,
      ).toArray();
      const keyOf = (id: string) => keys.find(([, it]) => it === id)?.[2] ?? "";
      const post = (
        id: string,
        key: string,
        origin = "http://127.0.0.1:{port}",
      ) =>
        outcomeOf(stage.open, {
          line: `POST /v1/status/approvals/${id} HTTP/1.1`,
          headers: [FORM, `Origin: ${origin}`],
          body: `key=${key}&decision=accept`,
        });
      const [first, second] = [keyOf("apr_1"), keyOf("apr_2")];
      if (first === "" || second === "") return "the page has no forms";
      for (
        const [what, outcome, right] of [
          [
            "cross-origin",
            await post("apr_1", first, "http://evil.com"),
            "403",
          ],
          ["honest", await post("apr_1", first), "303"],
          ["replay", await post("apr_1", first), "409"],
          ["another approval", await post("apr_1", second), "409"],
          ["cut", await post("apr_2", second.slice(0, -1)), "409"],
          ["made up", await post("apr_2", "a".repeat(43)), "409"],
        ] as const
      ) if (!outcome.startsWith(right)) return `${what}: ${outcome}`;
      const taken = fakeCodexd.seen.filter((it) => it.method === "POST").length;
      return taken === 1 ? undefined : `codexd was answered ${taken} times`;
    },
  },
  {
    name: "commands see no secrets",
    room: "secrets",
    tries: "the environment that a command of the owner's gets",
    right: "neither the token nor a setting of the daemon's",
    needs: ["own"],
    async attempt(stage) {
      const { token } = ownOf(stage);
      const { data } = await call(
        `${originOf(guardedOf(stage))}/v1/exec`,
        { command: "env" },
        bearer(token),
      );
      const stdout = String(data?.result?.stdout);
      if (stdout.includes(token)) return "the token";
      const [other] = /^BAA_(?!INSIDE=|RUN_ID=).*/m.exec(stdout) ?? [];
      return other;
    },
  },
  {
    name: "hostile WebSocket frames",
    room: "staying alive",
    tries: "unmasked, oversized, reserved, deep and half frames after the 101",
    right: "the socket ends, the daemon does not",
    needs: ["own"],
    async attempt({ open }) {
      const deep = `{"type":"hello","x":${"[".repeat(30_000)}}`;
      for (
        const frame of [
          new Uint8Array([0x81, 0x02, 0x7b, 0x7d]),
          new Uint8Array([0xff, 0xff, 0xff, 0xff]),
          new Uint8Array([
            0x81,
            0xff,
            0x7f,
            ...Array(7).fill(0xff),
            0,
            0,
            0,
            0,
          ]),
          new Uint8Array([0x89, 0xfe, 0xff, 0xff, 0, 0, 0, 0]),
          new Uint8Array([0x88, 0x81, 0, 0, 0, 0, 1]),
          new Uint8Array([0x01, 0x80, 0, 0, 0, 0, 0x01, 0x80, 0, 0, 0, 0]),
          masked(deep),
          masked("\u0000"),
        ]
      ) {
        using connection = await RawConnection.open(open.port);
        await connection.send(
          `GET /ws/firefox HTTP/1.1\r\nHost: 127.0.0.1:${open.port}\r\n` +
            "Connection: Upgrade\r\nUpgrade: websocket\r\n" +
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: baa.v1\r\n" +
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        );
        const { status } = await connection.answer();
        if (status !== 101) return `no socket to attack: ${status}`;
        await connection.send(frame);
        const alive = await outcomeOf(open, { line: "GET /readyz HTTP/1.1" });
        if (alive !== "200") return `then /readyz: ${alive}`;
      }
    },
  },
  {
    name: "600 half-sent and slow requests",
    room: "staying alive",
    tries: "connections that say nothing, half a head, half a body",
    right: `honest callers have their answer within ${PATIENCE_MS} ms`,
    needs: ["own"],
    async attempt({ open }) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", CLIENTS, String(open.port), "600"],
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      try {
        const reader = child.stdout.getReader();
        await reader.read();
        await reader.cancel();
        for (let n = 0; n < 20; n++) {
          const since = performance.now();
          const outcome = await outcomeOf(open, {
            line: "GET /v1/tasks HTTP/1.1",
          });
          if (outcome !== "200") return outcome;
          const ms = performance.now() - since;
          if (ms > PATIENCE_MS) return `an answer took ${Math.round(ms)} ms`;
        }
      } finally {
        child.kill("SIGKILL");
        await child.stdin.abort().catch(() => {});
        await child.status;
      }
    },
  },
  {
    name: "guessing tokens",
    room: "token",
    tries: "twelve wrong tokens, by header and by the sign-in form",
    right: "429 with Retry-After; the right token passes all the while",
    needs: ["own"],
    async attempt(stage) {
      const target = guardedOf(stage);
      for (let n = 0; n < 12; n++) {
        await outcomeOf(target, {
          line: READ,
          as: "nobody",
          headers: [`Authorization: Bearer wrong-token-number-${n}`],
        });
      }
      const locked = await say(target, { line: READ, as: "nobody" });
      if (locked.status !== 429) return `after twelve: ${locked.status}`;
      if (!locked.headers.has("retry-after")) return "no Retry-After";
      const form = await outcomeOf(target, {
        line: "POST /v1/status/session HTTP/1.1",
        as: "nobody",
        headers: [FORM, "Origin: http://127.0.0.1:{port}"],
        body: "token=wrong",
      });
      if (!form.startsWith("429")) return `the form: ${form}`;
      const honest = await outcomeOf(target, { line: READ });
      if (honest !== "200") return `the right token: ${honest}`;
      const probe = await outcomeOf(target, {
        line: "GET /healthz HTTP/1.1",
        as: "nobody",
      });
      return probe === "200" ? undefined : `a probe: ${probe}`;
    },
  },
];

/** A text frame with a mask of nothing, as a client sends it. */
function masked(text: string): Uint8Array<ArrayBuffer> {
  const { length } = text;
  const size = length < 126
    ? [0x80 | length]
    : [0xfe, length >> 8, length & 255];
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array([0x81, ...size, 0, 0, 0, 0, ...bytes]);
}
