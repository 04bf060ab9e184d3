import { assertEquals, assertRejects } from "@std/assert";
import { dirname } from "@std/path";
import { codexdStatus } from "../../shared/contracts/codexd_routes.ts";
import { codexdKeyPath } from "../../shared/contracts/codexd_key.ts";
import { AppError } from "../../shared/errors.ts";
import type { CodexdApi } from "./codexd_api.ts";
import { EventSocket } from "./event_socket.ts";
import { FakeCodexd } from "./testing/fake_codexd.ts";

/** Why codexd cannot be called; each way in says the same. */
async function reasonOf(api: CodexdApi): Promise<string> {
  const { code, message } = await assertRejects(
    () => api.call(codexdStatus, {}),
    AppError,
  );
  assertEquals(code, "CODEXD_UNAVAILABLE");
  const events = new EventSocket(() => api.openEvents({}));
  for await (const _ of events) throw new Error("nothing was to come");
  assertEquals(events.endReason, message);
  return message;
}

Deno.test("CodexdDoor leads to the socket with the key, whoever has codexd's port", async () => {
  await using codexd = new FakeCodexd();
  const heard: string[] = [];
  await using stranger = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ url }) => {
      heard.push(url);
      return new Response("ok");
    },
  );
  const api = codexd.api(new URL(`http://127.0.0.1:${stranger.addr.port}`));
  const { version } = await api.call(codexdStatus, {});
  assertEquals(version, "0.1.0");
  assertEquals(codexd.seen[0]?.headers.get("host"), api.base.host);
  const events = new EventSocket(() => api.openEvents({}));
  await codexd.followed();
  events.close();
  assertEquals(heard, []);
});

Deno.test("CodexdDoor takes the key that is there now", async () => {
  await using codexd = new FakeCodexd();
  const api = codexd.api();
  await api.call(codexdStatus, {});
  codexd.changeKey();
  await api.call(codexdStatus, {});
  assertEquals(codexd.seen.length, 2);
});

Deno.test("CodexdDoor says what is missing, and sends nothing", async () => {
  await using codexd = new FakeCodexd();
  const { socket, stateDir } = codexd;
  const key = codexdKeyPath(stateDir);
  const api = codexd.api();
  const absent = (path: string) =>
    `Cannot reach codexd: there is no ${path}; does codexd run, with the ` +
    "same BAA_STATE_DIR and BAA_CODEXD_SOCKET?";
  const notPrivate =
    `Cannot reach codexd: ${key} is no file that its owner alone can read`;

  Deno.chmodSync(key, 0o640);
  assertEquals(await reasonOf(api), notPrivate);
  Deno.removeSync(key);
  assertEquals(await reasonOf(api), absent(key));
  Deno.symlinkSync("/etc/hosts", key);
  assertEquals(await reasonOf(api), notPrivate);
  Deno.removeSync(key);
  Deno.writeTextFileSync(key, "two words\n", { mode: 0o600 });
  assertEquals(await reasonOf(api), `Cannot reach codexd: ${key} holds no key`);
  codexd.changeKey();
  Deno.renameSync(socket, `${socket}.away`);
  assertEquals(await reasonOf(api), absent(socket));
  Deno.writeTextFileSync(socket, "");
  assertEquals(
    await reasonOf(api),
    `Cannot reach codexd: ${socket} is no socket`,
  );
  assertEquals(codexd.seen, []);
});

Deno.test({
  name: "CodexdDoor sends nothing to a socket, or by a key, of another user",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using codexd = new FakeCodexd();
    const api = codexd.api();
    const { socket, stateDir } = codexd;
    for (const path of [socket, dirname(socket), codexdKeyPath(stateDir)]) {
      Deno.chownSync(path, 65534, 65534);
      assertEquals(
        await reasonOf(api),
        `Cannot reach codexd: ${path} belongs to another user`,
      );
      Deno.chownSync(path, 0, 0);
    }
    assertEquals(codexd.seen, []);
    await api.call(codexdStatus, {});
  },
});

Deno.test("CodexdDoor sends nothing to a socket where others may put one", async () => {
  await using codexd = new FakeCodexd();
  const api = codexd.api();
  const folder = dirname(codexd.socket);
  for (const mode of [0o777, 0o1777, 0o770]) {
    Deno.chmodSync(folder, mode);
    assertEquals(
      await reasonOf(api),
      `Cannot reach codexd: others may write to ${folder}, where its socket is`,
    );
  }
  assertEquals(codexd.seen, []);
  Deno.chmodSync(folder, 0o755);
  await api.call(codexdStatus, {});
});
