import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { tempDir } from "../testing/fakes.ts";
import { until } from "../testing/until.ts";
import { RawConnection, rawRequest } from "../testing/raw_http.ts";

const FIXTURE = new URL("../testing/fixture_daemon.ts", import.meta.url);

interface Fixture extends AsyncDisposable {
  readonly child: Deno.ChildProcess;
  readonly port: number;
  readonly stderr: Promise<string>;
  readonly log: () => Record<string, unknown>[];
}

function readLog(folder: string): Record<string, unknown>[] {
  const logs = join(folder, "conductor");
  try {
    return [...Deno.readDirSync(logs)].flatMap(({ name }) =>
      Deno.readTextFileSync(join(logs, name)).split("\n")
        .filter((line) => line !== "").map((line) => JSON.parse(line))
    );
  } catch {
    return [];
  }
}

async function startFixture(folder: string): Promise<Fixture> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", FIXTURE.href],
    env: { FIXTURE_FOLDER: folder, NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = () => readLog(folder);
  let ended = false;
  child.status.then(() => ended = true);
  let address: unknown;
  while (address === undefined && !ended) {
    await new Promise((done) => setTimeout(done, 10));
    address = log().find(({ message }) => message === "Listening")?.address;
  }
  return {
    child,
    port: Number(new URL(String(address)).port),
    stderr: new Response(child.stderr).text(),
    log,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch { /* it has ended */ }
      await child.status;
    },
  };
}

function ask(port: number, path: string, headers: readonly string[] = []) {
  return rawRequest({
    line: `GET ${path} HTTP/1.1`,
    headers: [`Host: localhost:${port}`, ...headers],
  });
}

Deno.test("runDaemon() logs what nobody caught with its stack, and exits 1", async () => {
  await using dir = await tempDir();
  await using fixture = await startFixture(dir.path);
  using connection = await RawConnection.open(fixture.port);
  await connection.send(ask(fixture.port, "/work"));
  assertEquals((await fixture.child.status).code, 1);
  assertEquals(await fixture.stderr, "conductor: nobody caught this\n");
  const last = fixture.log().at(-1);
  assertEquals(last?.level, "error");
  assertStringIncludes(JSON.stringify(last?.error), "fixture_daemon.ts");
});

Deno.test("runDaemon() stops with open streams and sockets: each is told why, exit 0", async () => {
  await using dir = await tempDir();
  await using fixture = await startFixture(dir.path);
  const { port } = fixture;
  const socket = new WebSocket(`ws://localhost:${port}/ws`);
  await new Promise((done) => socket.onopen = done);
  const closed = new Promise<CloseEvent>((done) => socket.onclose = done);
  using deafSocket = await RawConnection.open(port);
  await deafSocket.send(ask(port, "/ws", [
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ]));
  await deafSocket.answer();
  using reading = await RawConnection.open(port);
  await reading.send(ask(port, "/events"));
  await reading.answer();
  using deaf = await RawConnection.open(port);
  await deaf.send(ask(port, "/events"));
  await deaf.answer();
  const rest = reading.rest();
  fixture.child.kill("SIGTERM");
  const since = performance.now();
  assertEquals((await fixture.child.status).code, 0);
  assertEquals(performance.now() - since < 15_000, true);
  assertEquals((await closed).code, 1001);
  assertStringIncludes(await rest, '"code":"SHUTTING_DOWN"');
  assertEquals(await fixture.stderr, "");
  const last = fixture.log().at(-1);
  assertEquals([last?.message, last?.outcome], ["Stopped", "graceful"]);
  const instances = fixture.log().map(({ instance }) => `${instance}`);
  assertEquals([...new Set(instances)], [instances[0]]);
  assertMatch(instances[0] ?? "", /^[0-9a-f]{8}$/);
});

Deno.test("runDaemon() does not stop when its terminal is closed", async () => {
  await using dir = await tempDir();
  await using fixture = await startFixture(dir.path);
  fixture.child.kill("SIGHUP");
  using connection = await RawConnection.open(fixture.port);
  await connection.send(ask(fixture.port, "/open"));
  assertEquals((await connection.answer()).status, 200);
});

Deno.test({
  name:
    "runDaemon() shows its log on a terminal, readable, and writes its files as well (needs script)",
  ignore: Deno.build.os !== "linux" || !hasProgram("script"),
  async fn() {
    await using dir = await tempDir();
    const command = `'${Deno.execPath()}' run -A --quiet '${FIXTURE.href}'`;
    const child = new Deno.Command("script", {
      args: ["-qec", command, "/dev/null"],
      env: { FIXTURE_FOLDER: dir.path, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const shown = new Response(child.stdout).text();
    const { pid } = await until(
      () => readLog(dir.path).find(({ message }) => message === "Listening"),
    ) ?? {};
    Deno.kill(Number(pid), "SIGTERM");
    await child.status;
    assertMatch(
      await shown,
      /^[\d:.]{12} INFO {2}Listening instance=\S+ address=/m,
    );
    assertEquals(readLog(dir.path).at(-1)?.message, "Stopped");
  },
});

function hasProgram(name: string): boolean {
  const args = ["-c", `command -v ${name}`];
  return new Deno.Command("/bin/sh", { args }).outputSync().success;
}
