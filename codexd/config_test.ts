import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../shared/config/mod.ts";
import { tempDir } from "../shared/testing/fakes.ts";
import { readCodexdConfig } from "./config.ts";

function problemsWith(socket: string): readonly string[] {
  const read = () =>
    readCodexdConfig((name) =>
      name === "BAA_CODEXD_SOCKET" ? socket : undefined
    );
  return assertThrows(read, ConfigError).problems;
}

Deno.test("readCodexdConfig() takes a socket only where nobody else can put one in its place", async () => {
  await using dir = await tempDir();
  const socket = dir.join("codexd.sock");
  const read = () =>
    readCodexdConfig((it) => it === "BAA_CODEXD_SOCKET" ? socket : undefined);
  assertEquals(read().socket, socket);
  for (const mode of [0o770, 0o777, 0o1777]) {
    Deno.chmodSync(dir.path, mode);
    assertEquals(problemsWith(socket), [
      `BAA_CODEXD_SOCKET is "${socket}": give a path in a folder of your own that only you can write to`,
    ]);
  }
});

Deno.test({
  name: "readCodexdConfig() takes no socket in another user's folder",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using dir = await tempDir();
    const [state, theirs] = [dir.join("state"), dir.join("theirs")];
    for (const path of [state, theirs]) Deno.mkdirSync(path, { mode: 0o755 });
    const env: Readonly<Record<string, string>> = {
      BAA_STATE_DIR: state,
      BAA_CODEXD_SOCKET: `${theirs}/codexd.sock`,
    };
    const read = () => readCodexdConfig((name) => env[name]);
    assertEquals(read().socket, env.BAA_CODEXD_SOCKET);
    Deno.chownSync(theirs, 65534, 65534);
    assertEquals(assertThrows(read, ConfigError).problems, [
      `BAA_CODEXD_SOCKET is "${theirs}/codexd.sock": give a path in a folder of your own that only you can write to`,
    ]);
  },
});

Deno.test("readCodexdConfig() refuses a socket that Deno cannot be permitted", () => {
  assertEquals(problemsWith("/a, b/codexd.sock"), [
    'BAA_CODEXD_SOCKET is "/a, b/codexd.sock": give a path without commas: Deno cannot be permitted such a one',
  ]);
});

Deno.test("readCodexdConfig() warns when the widest sandbox leaves nothing to be accepted", () => {
  const warningsWith = (max: string) => {
    const env: Readonly<Record<string, string>> = {
      BAA_CODEX_APPROVALS: "accept",
      BAA_CODEX_MAX_SANDBOX: max,
    };
    return readCodexdConfig((name) => env[name]).warnings;
  };
  assertEquals(warningsWith("danger-full-access"), []);
  assertEquals(warningsWith("read-only"), [
    "BAA_CODEX_APPROVALS is accept, and BAA_CODEX_MAX_SANDBOX is read-only: " +
    "what Codex asks could go beyond it, and is declined",
  ]);
});
