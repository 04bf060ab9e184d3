import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { addAddress } from "../../shared/testing/add_address.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { RawConnection, rawRequest } from "../../shared/testing/raw_http.ts";
import { until } from "../../shared/testing/until.ts";
import { daemonCommand } from "../launch.ts";
import type { Program } from "../permissions.ts";
import { freePort } from "../../shared/testing/free_ports.ts";

type Env = Readonly<Record<string, string>>;

const ADDRESS = {
  conductor: "BAA_CONDUCTOR_LOCAL_API",
  codexd: "BAA_CODEXD_LOCAL_API",
} as const;

interface Started extends AsyncDisposable {
  readonly child: Deno.ChildProcess;
  readonly port: number;
  readonly stderr: Promise<string>;
  readonly stdout: Promise<string>;
  /** Every line of the daemon's log files. */
  readonly log: () => Record<string, unknown>[];
}

/** Starts a real daemon with the permissions of its binary, in a folder of its own. */
function start(
  folder: string,
  env: Env = {},
  options: { readonly program?: Program; readonly args?: string[] } = {},
): Started {
  const { program = "conductor", args = [] } = options;
  const port = freePort();
  const variables = {
    BAA_CODEXD_LOCAL_API: "http://127.0.0.1:9",
    // Never the owner's own Codex.
    BAA_CODEX_BIN: join(folder, "no-codex"),
    [ADDRESS[program]]: `http://127.0.0.1:${port}`,
    BAA_STATE_DIR: join(folder, "state"),
    BAA_LOGS_DIR: join(folder, "logs"),
    BAA_TMP_DIR: join(folder, "tmp"),
    ...env,
  };
  // What is refused at start is not what permissions are rendered from.
  const command = daemonCommand(program, {
    args,
    env: { ...variables, ...validOnly(variables) },
  });
  const child = new Deno.Command(command.program, {
    args: command.args,
    cwd: folder,
    env: { ...variables, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return {
    child,
    port,
    stderr: new Response(child.stderr).text(),
    stdout: new Response(child.stdout).text(),
    log: () => readLog(join(folder, "logs", program)),
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch { /* it has ended */ }
      await child.status;
    },
  };
}

/** The variables that the permissions are rendered from, each one valid. */
function validOnly(env: Env): Env {
  const replacements: Env = {
    BAA_MAX_BODY_BYTES: "16777216",
    BAA_AUDIT: "on",
    BAA_ALLOWED_HOSTS: "",
    BAA_ALLOW_UNAUTHENTICATED_LAN: "1",
  };
  return Object.fromEntries(
    Object.entries(replacements).filter(([name]) => name in env),
  );
}

function readLog(folder: string): Record<string, unknown>[] {
  try {
    return [...Deno.readDirSync(folder)]
      .filter(({ name }) => name.endsWith(".jsonl"))
      .map(({ name }) => Deno.readTextFileSync(join(folder, name)))
      .flatMap((text) => text.split("\n").filter((line) => line !== ""))
      .map((line) => JSON.parse(line));
  } catch {
    return [];
  }
}

async function untilReady({ port, child }: Started): Promise<void> {
  let ended = false;
  child.status.then(() => ended = true);
  while (!ended) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/readyz`);
      await response.body?.cancel();
      if (response.ok) return;
    } catch { /* not yet */ }
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error("The daemon ended before it was ready");
}

/** The exit code, and how long it took to come. */
async function ending({ child }: Started) {
  const since = performance.now();
  const { code } = await child.status;
  return { code, ms: performance.now() - since };
}

for (const program of ["conductor", "codexd"] as const) {
  Deno.test(`${program} exits 0 on SIGTERM and on SIGINT, and says so in its log`, async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      await using dir = await tempDir();
      await using daemon = start(dir.path, {}, { program });
      await untilReady(daemon);
      daemon.child.kill(signal);
      const { code, ms } = await ending(daemon);
      assertEquals(code, 0);
      assertEquals(ms < 5000, true, `${ms} ms`);
      assertEquals(await daemon.stderr, "");
      const messages = daemon.log().map(({ message }) => message);
      assertEquals(messages.includes("Listening"), true);
      assertMatch(
        String(
          daemon.log().find((it) => it.message === "Listening")?.who_may,
        ),
        /^any program on this machine is the owner: no token is set/,
      );
      assertEquals(messages.at(-1), "Stopped");
    }
  });

  Deno.test(`${program} refuses a port in use: one line, exit 2, no stack`, async () => {
    await using dir = await tempDir();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const env = { [ADDRESS[program]]: `http://127.0.0.1:${port}` };
    await using daemon = start(dir.path, env, { program });
    assertEquals((await ending(daemon)).code, 2);
    assertEquals(
      await daemon.stderr,
      `${program}: Cannot listen on 127.0.0.1:${port}: the port is already in use\n`,
    );
  });
}

Deno.test("codexd takes the place of a killed one's socket, and refuses a live one: one line, exit 2", async () => {
  await using dir = await tempDir();
  const socket = join(dir.path, "state", "codexd", "codexd.sock");
  {
    await using killed = start(dir.path, {}, { program: "codexd" });
    await untilReady(killed);
    killed.child.kill("SIGKILL");
    await killed.child.status;
  }
  assertEquals((await Deno.lstat(socket)).isSocket, true);
  await using first = start(dir.path, {}, { program: "codexd" });
  await untilReady(first);
  const second = join(dir.path, "second");
  await Deno.mkdir(second);
  const env = { BAA_CODEXD_SOCKET: socket };
  await using daemon = start(second, env, { program: "codexd" });
  assertEquals((await ending(daemon)).code, 2);
  assertEquals(
    await daemon.stderr,
    `codexd: Cannot listen on ${socket}: the socket is already in use\n`,
  );
  first.child.kill("SIGTERM");
  assertEquals((await ending(first)).code, 0);
  await assertRejects(() => Deno.lstat(socket), Deno.errors.NotFound);
});

Deno.test("conductor stops in time although clients hold on to it", async () => {
  await using dir = await tempDir();
  await using daemon = start(dir.path);
  await untilReady(daemon);
  const { port } = daemon;
  const host = `Host: localhost:${port}`;
  using idle = await RawConnection.open(port);
  using half = await RawConnection.open(port);
  await half.send("GET /healthz HTTP/1.1\r\nHost: lo");
  using slow = await RawConnection.open(port);
  await slow.send(
    rawRequest({
      line: "POST /v1/exec HTTP/1.1",
      headers: [host, "Content-Type: application/json", "Content-Length: 99"],
    }) + "{",
  );
  using keepAlive = await RawConnection.open(port);
  await keepAlive.send(
    rawRequest({ line: "GET /healthz HTTP/1.1", headers: [host] }),
  );
  assertEquals((await keepAlive.answer()).body, "ok");
  using stream = await RawConnection.open(port);
  const body = JSON.stringify({ command: "echo begun; sleep 100" });
  await stream.send(rawRequest({
    line: "POST /v1/exec HTTP/1.1",
    headers: [
      host,
      "Content-Type: application/json",
      "Accept: text/event-stream",
    ],
    body,
  }));
  await stream.readUntil("begun");
  daemon.child.kill("SIGTERM");
  const { code, ms } = await ending(daemon);
  assertEquals(code, 0);
  assertEquals(ms < 15_000, true, `${ms} ms`);
  assertEquals(await idle.rest(), "");
  const last = daemon.log().at(-1);
  assertEquals([last?.message, last?.outcome], ["Stopped", "graceful"]);
});

Deno.test("conductor is not ready while it stops, refuses what comes, and a second signal ends it", async () => {
  await using dir = await tempDir();
  await using daemon = start(dir.path);
  await untilReady(daemon);
  const { port } = daemon;
  const host = `Host: localhost:${port}`;
  using running = await RawConnection.open(port);
  await running.send(rawRequest({
    line: "POST /v1/exec HTTP/1.1",
    headers: [host, "Content-Type: application/json"],
    body: JSON.stringify({ command: "sleep 100" }),
  }));
  using open = await RawConnection.open(port);
  const ask = async (path: string) => {
    await open.send(
      rawRequest({ line: `GET ${path} HTTP/1.1`, headers: [host] }),
    );
    return await open.answer();
  };
  assertEquals((await ask("/readyz")).status, 200);
  daemon.child.kill("SIGTERM");
  while (!daemon.log().some(({ message }) => message === "Stopping")) {
    await new Promise((done) => setTimeout(done, 10));
  }
  const ready = await ask("/readyz");
  assertEquals([ready.status, ready.body], [503, "not_ready"]);
  const refused = await ask("/v1/audit");
  assertEquals(JSON.parse(refused.body).error.code, "SHUTTING_DOWN");
  const { data } = JSON.parse((await ask("/health")).body);
  assertEquals([data.ready, data.reasons], [false, ["shutting down"]]);
  daemon.child.kill("SIGTERM");
  const { code, ms } = await ending(daemon);
  assertEquals(code, 143);
  assertEquals(ms < 2000, true, `${ms} ms`);
});

Deno.test("A daemon names all problems of its configuration at once and exits 2", async () => {
  await using dir = await tempDir();
  for (const args of [[], ["--print-config"]]) {
    await using daemon = start(dir.path, {
      BAA_MAX_BODY_BYTES: "lots",
      BAA_AUDIT: "canary",
      BAA_ALLOWED_HOSTS: "a b",
    }, { args });
    assertEquals((await ending(daemon)).code, 2);
    const lines = (await daemon.stderr).trimEnd().split("\n");
    assertEquals(lines.length, 4, lines.join("\n"));
    assertMatch(lines[0] ?? "", /^conductor: Cannot start: the configuration/);
    for (
      const name of ["BAA_MAX_BODY_BYTES", "BAA_AUDIT", "BAA_ALLOWED_HOSTS"]
    ) {
      assertEquals(lines.filter((it) => it.includes(name)).length, 1, name);
    }
    assertEquals(await daemon.stdout, "");
  }
});

Deno.test("A daemon refuses an open address without a token", async () => {
  await using dir = await tempDir();
  const address = `http://0.0.0.0:${freePort()}`;
  await using daemon = start(dir.path, {
    BAA_CONDUCTOR_LOCAL_API: address,
    BAA_ALLOW_UNAUTHENTICATED_LAN: "0",
  });
  assertEquals((await ending(daemon)).code, 2);
  assertStringIncludes(
    await daemon.stderr,
    `BAA_CONDUCTOR_LOCAL_API is "${address}"`,
  );
  assertStringIncludes(await daemon.stderr, "BAA_SHARED_TOKEN_FILE");
});

Deno.test("conductor names a configured address that it does not serve yet, and serves it once it is there", async () => {
  await using dir = await tempDir();
  // Of a block for documentation: no machine has it.
  const host = "192.0.2.79";
  const port = freePort("0.0.0.0");
  const token = "absent-address-token-1";
  await using daemon = start(dir.path, {
    BAA_CONDUCTOR_LOCAL_API: `http://${host}:${port}`,
    BAA_SHARED_TOKEN: token,
  });
  await untilReady({ ...daemon, port });
  const health = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/health`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return (await response.json()).data;
  };
  const isNamed = async () => {
    const { degraded } = await health();
    return degraded.some((it: string) =>
      it.startsWith(`${host}:${port} is not served: `)
    );
  };
  const { status, ready, reasons } = await health();
  assertEquals([status, ready, reasons], ["degraded", true, []]);
  assertEquals(await isNamed(), true);
  const claims = () =>
    daemon.log().filter(({ message }) => message === "Listening")
      .map((it) => JSON.stringify(it)).filter((it) => it.includes(host));
  assertEquals(claims(), []);
  await using address = Deno.uid() === 0 ? addAddress(host) : undefined;
  if (address === undefined) return;
  await until(isNamed, (it) => !it);
  await until(claims, (it) => it.length === 1);
  const response = await fetch(`http://${host}:${port}/readyz`);
  assertEquals((await response.text()).trim(), "ready");
});

Deno.test("--print-config shows values, where they came from, and no secret", async () => {
  await using dir = await tempDir();
  await using daemon = start(dir.path, {
    BAA_SHARED_TOKEN: "canary-token-1234",
    BAA_NODE_ID: "other",
  }, { args: ["--print-config"] });
  assertEquals((await ending(daemon)).code, 0);
  const text = await daemon.stdout;
  assertEquals(text.includes("canary"), false);
  const config = JSON.parse(text);
  const of = (name: string) => [config[name].value, config[name].from];
  assertEquals(of("BAA_SHARED_TOKEN"), ["***", "environment"]);
  assertEquals(of("BAA_NODE_ID"), ["other", "environment"]);
  assertEquals(of("BAA_LEASE_MS"), [15_000, "default"]);
  assertEquals(of("BAA_ALLOWED_HOSTS"), [null, "unset"]);
  assertMatch(config.who_may, /^who has the shared token is the owner; /);
});

Deno.test("A daemon refuses arguments that it does not know, and tells its version", async () => {
  await using dir = await tempDir();
  for (const args of [["--print"], ["--print-config", "x"], ["serve"]]) {
    await using daemon = start(dir.path, {}, { args });
    assertEquals((await ending(daemon)).code, 2);
    assertEquals((await daemon.stderr).split("\n").length, 2);
  }
  await using daemon = start(dir.path, {}, { args: ["--version"] });
  assertEquals((await ending(daemon)).code, 0);
  assertMatch(await daemon.stdout, /^conductor \d+\.\d+\.\d+\n$/);
});

Deno.test("A daemon makes its folders 0700 and its files 0600", async () => {
  await using dir = await tempDir();
  await using daemon = start(dir.path);
  await untilReady(daemon);
  const modeOf = (path: string) => (Deno.statSync(path).mode ?? 0) & 0o777;
  for (
    const name of ["state", "state/conductor", "logs", "logs/conductor", "tmp"]
  ) {
    assertEquals(modeOf(dir.join(name)), 0o700, name);
  }
  for (const folder of ["state/conductor", "logs/conductor"]) {
    for (const { name, isFile } of Deno.readDirSync(dir.join(folder))) {
      if (isFile) assertEquals(modeOf(dir.join(folder, name)), 0o600, name);
    }
  }
});

Deno.test("A daemon keeps its token out of its logs and answers", async () => {
  await using dir = await tempDir();
  const token = "canary-token-1234";
  await using daemon = start(dir.path, {
    BAA_SHARED_TOKEN: token,
    BAA_LOG_LEVEL: "debug",
  });
  await untilReady(daemon);
  const { port } = daemon;
  const headers = { authorization: `Bearer ${token}`, cookie: `a=${token}` };
  for (
    const path of [
      "/describe",
      "/v1/audit",
      `/v1/nothing?token=${token}`,
      "/health",
      "/openapi.json",
    ]
  ) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers,
    });
    assertEquals((await response.text()).includes(token), false, path);
  }
  const wrong = await fetch(`http://127.0.0.1:${port}/v1/exec`, {
    method: "POST",
    headers: { "x-request-id": "wrong-one", authorization: `Bearer ${token}x` },
  });
  await wrong.body?.cancel();
  assertEquals(wrong.status, 401);
  daemon.child.kill("SIGTERM");
  await ending(daemon);
  const lines = daemon.log();
  assertEquals(JSON.stringify(lines).includes(token), false);
  assertEquals(
    lines.some(({ request_id, code }) =>
      request_id === "wrong-one" && code === "UNAUTHORIZED"
    ),
    true,
  );
});
