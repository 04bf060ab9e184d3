import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { systemClock } from "../../shared/clock.ts";
import type { Account } from "../../shared/contracts/mod.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { Login } from "./login.ts";

/** A login in a folder of its own, which an app-server has begun with. */
async function setUp(folder: string, file: unknown) {
  const told: Account[] = [];
  const login = new Login({
    key: "secret",
    clock: systemClock,
    tell: (it) => told.push(it),
  });
  const write = (file: unknown) =>
    Deno.writeTextFile(`${folder}/auth.json`, JSON.stringify(file));
  const begin = (type: string | null) =>
    login.refresh({
      account: () =>
        Promise.resolve({
          account: type === null ? null : { type, planType: null },
          requiresOpenaiAuth: true,
        }),
    }, folder);
  await write(file);
  await begin("apiKey");
  return { login, told, write, begin };
}

Deno.test("Login.look() follows a logout and another key, and tells of them", async () => {
  await using folder = await tempDir();
  const key = { OPENAI_API_KEY: "sk-one" };
  const { login, told, write, begin } = await setUp(folder.path, key);
  const { fingerprint } = login.account;
  assertEquals(login.account.logged_in, true);
  assert(!fingerprint?.includes("sk-one"));
  assertEquals(await login.look(), false);
  await Deno.remove(folder.join("auth.json"));
  assertEquals(await login.look(), true);
  assertEquals(login.fault?.reason, "Codex is not logged in");
  await write({ OPENAI_API_KEY: "sk-two" });
  assertEquals(await login.look(), true);
  assertNotEquals(login.account.fingerprint, fingerprint);
  assertEquals(login.fault, undefined);
  await begin("apiKey");
  assertEquals(await login.look(), false);
  assertEquals(told.map((it) => it.logged_in), [false, true]);
});

Deno.test("Login.look() passes a refreshed token over, unless the login was refused", async () => {
  await using folder = await tempDir();
  const tokens = (access_token: string) => ({
    tokens: { account_id: "account-1", access_token },
  });
  const { login, write } = await setUp(folder.path, tokens("first"));
  await write(tokens("refreshed"));
  assertEquals(await login.look(), false);
  login.turnEnded("token expired");
  assertEquals(login.refused, "token expired");
  assertEquals(await login.look(), true);
});

Deno.test("Login.refresh() does not ask an app-server whose login is an old one", async () => {
  await using folder = await tempDir();
  const key = { OPENAI_API_KEY: "sk-one" };
  const { login } = await setUp(folder.path, key);
  await Deno.remove(folder.join("auth.json"));
  await login.look();
  await login.refresh({ account: () => Promise.reject(new Error("asked")) });
  assertEquals(login.account.logged_in, false);
});

Deno.test("Login.look() takes a file that is being written for what it was, but not for long", async () => {
  await using folder = await tempDir();
  const key = { OPENAI_API_KEY: "sk-one" };
  const { login, told, write } = await setUp(folder.path, key);
  const path = folder.join("auth.json");
  for (const half of ["", '{"OPENAI_API_KEY":"sk']) {
    await Deno.writeTextFile(path, half);
    assertEquals([await login.look(), login.fault], [false, undefined]);
  }
  await write({ ...key, tokens: null });
  assertEquals([await login.look(), told], [false, []]);
  await Deno.writeTextFile(path, "");
  await Deno.utime(path, 0, 0);
  assertEquals([await login.look(), login.account.logged_in], [true, false]);
});

Deno.test("Login.look() restores the account when its login is there again", async () => {
  await using folder = await tempDir();
  const key = { OPENAI_API_KEY: "sk-one" };
  const { login, told, write } = await setUp(folder.path, key);
  const before = login.account;
  await Deno.remove(folder.join("auth.json"));
  assertEquals([await login.look(), login.account.logged_in], [true, false]);
  await write({ ...key, tokens: null });
  // The app-server is to begin anew, but who is logged in can go on meanwhile.
  assertEquals([await login.look(), login.account], [true, before]);
  login.assertLoggedIn();
  assertEquals([await login.look(), told.length], [false, 2]);
});
