import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { join } from "@std/path";
import { tempDir } from "../../shared/testing/fakes.ts";
import { until } from "../../shared/testing/until.ts";
import { CodexRig } from "../testing/codex_rig.ts";
import { startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";
import { findRealCodex } from "../testing/real_codex.ts";
import { realCodexTest } from "../testing/real_codex_test_case.ts";

/** A login follows within this. */
const FOLLOWS = { withinMs: 60_000 };

/** Has the model ask for a login, and somebody be logged in. */
async function logIn(rig: CodexRig): Promise<void> {
  const config = join(rig.home, "config.toml");
  const text = await Deno.readTextFile(config);
  await Deno.writeTextFile(config, `${text}requires_openai_auth = true\n`);
  await setKey(rig, "sk-first-000");
  await rig.restart();
}

async function setKey(rig: CodexRig, key: string): Promise<void> {
  const text = JSON.stringify({ OPENAI_API_KEY: key });
  await Deno.writeTextFile(join(rig.home, "auth.json"), text);
}

const logOut = (rig: CodexRig) => Deno.remove(join(rig.home, "auth.json"));

/** Starts a turn that goes on until it is interrupted. */
async function startLong(rig: CodexRig): Promise<string> {
  const id = await rig.session();
  await rig.turn(id, "@model:text n=1000 delay=50", { wait: false });
  return id;
}

realCodexTest(
  "a logout is noticed while idle and in mid-turn, and so is a login",
  async (rig) => {
    await logIn(rig);
    await using conductor = await startDaemon("conductor", rig.conductorEnv);
    const isAvailable = async (wanted: boolean) => {
      await until(() => rig.status(), (it) => it.available === wanted, FOLLOWS);
      await until(
        () => call(`${conductor.origin}/v1/capabilities`),
        ({ data }) =>
          data.write_endpoints.find((it: { id: string }) =>
            it.id === "codex.turn"
          ).available === wanted,
        FOLLOWS,
      );
    };
    for (const running of [false, true]) {
      await isAvailable(true);
      const before = (await rig.status()).account;
      assertEquals([before.logged_in, before.auth_mode], [true, "apiKey"]);
      assertMatch(before.fingerprint ?? "", /^[0-9a-f]{16}$/);
      const id = running ? await startLong(rig) : undefined;
      const { pid } = (await rig.status()).app_server;
      await logOut(rig);
      await isAvailable(false);
      // Nothing is known of it while the app-server is started anew.
      const after = await until(
        () => rig.status(),
        ({ account }) => account.logged_in === false,
        FOLLOWS,
      );
      assertEquals(after.account.fingerprint, null);
      assertMatch(after.degraded_reasons.join(), /not logged in.*codex login/);
      if (id !== undefined) {
        assertEquals(after.app_server.pid, pid, "the turn goes on");
        await rig.data("/v1/codexd/turn", {
          session_id: id,
          action: "interrupt",
          wait: true,
        });
      }
      await setKey(rig, "sk-first-000");
      await isAvailable(true);
      const again = await rig.status();
      assertEquals(again.account.fingerprint, before.fingerprint);
      assertEquals(again.app_server.restarts, 0);
    }
  },
);

realCodexTest(
  "another login is noticed while idle and in mid-turn",
  async (rig) => {
    await logIn(rig);
    await using follower = rig.follow();
    await follower.opened;
    for (const running of [false, true]) {
      const { fingerprint } = (await rig.status()).account;
      const id = running ? await startLong(rig) : undefined;
      const { pid } = (await rig.status()).app_server;
      await setKey(rig, `sk-other-${running}`);
      const other = await until(
        () => rig.status(),
        (it) =>
          it.account.fingerprint !== fingerprint &&
          it.account.fingerprint !== null &&
          (!running || it.degraded_reasons.length > 0),
        FOLLOWS,
      );
      assertEquals(other.account.auth_mode, "apiKey");
      if (id !== undefined) {
        assertEquals([other.app_server.pid, other.available], [pid, true]);
        assertMatch(other.degraded_reasons.join(), /login.*has changed/);
        await rig.data("/v1/codexd/turn", {
          session_id: id,
          action: "interrupt",
          wait: true,
        });
      }
      const renewed = await until(
        () => rig.status(),
        ({ app_server: { pid: now, state } }) =>
          state === "ready" && now !== null && now !== pid,
        FOLLOWS,
      );
      assertEquals(renewed.degraded_reasons, []);
      assertEquals(
        (await rig.turn(await rig.session(), "hi")).status,
        "completed",
      );
    }
    const told = follower.events.filter(({ type }) =>
      type === "account.updated"
    );
    assert(told.length >= 2);
    for (const { data } of told) assertEquals("fingerprint" in data, true);
  },
);

const codex = await findRealCodex();

Deno.test({
  name:
    "real Codex: a replaced binary is noticed, told, and taken while idle or after the turn",
  ignore: codex === undefined,
  async fn() {
    await using folder = await tempDir();
    const path = folder.join("codex");
    /** Puts a new file into the place of the binary, as an upgrade does. */
    const install = async () => {
      const text = `#!/bin/sh\nexec '${codex}' "$@"\n`;
      await Deno.writeTextFile(`${path}.new`, text, { mode: 0o755 });
      await Deno.rename(`${path}.new`, path);
    };
    await install();
    await using rig = await CodexRig.start(path);
    await using follower = rig.follow();
    await follower.opened;
    for (const running of [false, true]) {
      const id = running ? await startLong(rig) : undefined;
      const { pid } = (await rig.status()).app_server;
      await install();
      if (id !== undefined) {
        const status = await until(
          () => rig.status(),
          ({ app_server }) => app_server.outdated !== null,
          FOLLOWS,
        );
        assertEquals(status.app_server.pid, pid, "the turn goes on");
        assertMatch(status.degraded_reasons.join(), /binary was replaced/);
        const ended = await rig.data<{ status: string }>("/v1/codexd/turn", {
          session_id: id,
          action: "interrupt",
          wait: true,
        });
        assertEquals(ended.status, "interrupted");
      }
      const renewed = await until(
        () => rig.status(),
        ({ app_server: { pid: now, state } }) =>
          state === "ready" && now !== null && now !== pid,
        FOLLOWS,
      );
      assertNotEquals(renewed.app_server.pid, pid);
      assertEquals(
        [renewed.app_server.outdated, renewed.app_server.restarts],
        [null, 0],
      );
    }
    const told = follower.events.filter(({ type }) =>
      type === "app_server.outdated"
    );
    assertEquals(told.length, 2);
    const { models, rate_limits } = await rig.status();
    assert(models.length > 0 && models.some(({ is_default }) => is_default));
    assertEquals(rate_limits, null);
  },
});
