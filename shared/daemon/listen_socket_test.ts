import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { systemClock } from "../clock.ts";
import { silentLogger, tempDir } from "../testing/fakes.ts";
import { listen } from "./listen.ts";
import { ListenError } from "./listen_error.ts";

const PORTS = { clock: systemClock, log: silentLogger };
const LISTEN = new URL("http://127.0.0.1:0");

async function listenAt(socket: string) {
  const listening = listen(
    LISTEN,
    (_request, { remoteAddress }) => new Response(remoteAddress),
    PORTS,
  );
  try {
    await listening.openSocket(socket);
    return listening;
  } catch (error) {
    await listening.abort();
    throw error;
  }
}

async function textOver(path: string): Promise<string> {
  const proxy = { transport: "unix", path } as const;
  using client = Deno.createHttpClient({ proxy });
  return await (await fetch("http://127.0.0.1:4319/", { client })).text();
}

/** Leaves the file of a socket that nobody listens on. */
function leaveStaleSocket(path: string): void {
  using _ = Deno.listen({ transport: "unix", path: `${path}.live` });
  Deno.renameSync(`${path}.live`, path);
}

Deno.test("listen() serves a socket of its owner alone, beside its address", async () => {
  await using dir = await tempDir();
  const socket = join(dir.path, "socket");
  const listening = await listenAt(socket);
  assertEquals(((await Deno.stat(socket)).mode ?? 0) & 0o777, 0o600);
  assertEquals(await textOver(socket), "unix");
  assertEquals(await (await fetch(listening.base)).text(), "127.0.0.1");
  await listening.close();
  assertEquals([...Deno.readDirSync(dir.path)], []);
});

Deno.test("listen() takes the place of a socket that nobody listens on", async () => {
  await using dir = await tempDir();
  const socket = join(dir.path, "socket");
  leaveStaleSocket(socket);
  const listening = await listenAt(socket);
  assertEquals(await textOver(socket), "unix");
  await listening.close();
});

Deno.test("listen() leaves a socket alone that somebody listens on", async () => {
  await using dir = await tempDir();
  const socket = join(dir.path, "socket");
  const first = await listenAt(socket);
  const error = await assertRejects(() => listenAt(socket), ListenError);
  assertEquals(
    error.message,
    `Cannot listen on ${socket}: the socket is already in use`,
  );
  assertEquals(await textOver(socket), "unix");
  await first.close();
});

Deno.test("listen() removes no file that is not a socket", async () => {
  await using dir = await tempDir();
  const socket = join(dir.path, "socket");
  await Deno.writeTextFile(socket, "mine");
  await assertRejects(
    () => listenAt(socket),
    ListenError,
    "a file is there that is no socket",
  );
  assertEquals(await Deno.readTextFile(socket), "mine");
});
