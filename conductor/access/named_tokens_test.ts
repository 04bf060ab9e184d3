import { assertEquals, assertThrows } from "@std/assert";
import { AppError } from "../../shared/errors.ts";
import { withImplied } from "../../shared/http/mod.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { countingIds } from "../../shared/testing/fakes.ts";
import {
  automationAt,
  type Fixture,
  leading,
  sharedDatabase,
} from "../testing/automation_fixture.ts";
import { NamedTokens } from "./named_tokens.ts";

const OWNER = { actor: "owner", scopes: withImplied(["admin"]) };

function tokensOf(
  { store, leadership, clock: own, log }: Fixture,
  clock = own,
): NamedTokens {
  return new NamedTokens({
    store: store.stores.tokens,
    leadership,
    hasSharedToken: true,
    newId: countingIds(),
    clock,
    log,
  });
}

function inMs({ clock }: Fixture, ms: number): string {
  return new Date(clock.now() + ms).toISOString();
}

Deno.test("NamedTokens ends a token when it expires, with what is open", async () => {
  using it = await leading();
  const tokens = tokensOf(it);
  const { token } = tokens.create(
    { name: "ci", scopes: ["exec"], expires_at: inMs(it, 1000) },
    OWNER,
  );
  const known = tokens.identify(token);
  assertEquals([known?.actor, [...known?.scopes ?? []]], [
    "ci",
    ["read", "exec"],
  ]);
  await it.clock.advance(999);
  assertEquals(known?.ended?.aborted, false);
  await it.clock.advance(1);
  assertEquals(known?.ended?.reason.message.includes("expired"), true);
  assertEquals(tokens.identify(token), undefined);
  // It is listed until its name is wanted again.
  assertEquals(tokens.list({ limit: 9 }).items.length, 1);
  tokens.create({ name: "ci", scopes: ["read"] }, OWNER);
  assertEquals(
    tokens.list({ limit: 9 }).items.map((it) => it.scopes),
    [["read"]],
  );
});

Deno.test("NamedTokens waits for an expiry that no timer can wait for, and leaves none behind", async () => {
  using it = await leading();
  // A clock by which no lease is renewed every few seconds.
  const clock = new FakeClock();
  const tokens = tokensOf(it, clock);
  const day = 86_400_000;
  const { token } = tokens.create(
    { name: "ci", scopes: ["read"], expires_at: inMs(it, 40 * day) },
    OWNER,
  );
  const ended = tokens.identify(token)?.ended;
  await clock.advance(39 * day);
  assertEquals([ended?.aborted, clock.pending], [false, 1]);
  await clock.advance(day);
  assertEquals([ended?.aborted, clock.pending], [true, 0]);
  const other = tokens.create(
    {
      name: "other",
      scopes: ["read"],
      expires_at: new Date(clock.now() + day).toISOString(),
    },
    OWNER,
  );
  tokens.identify(other.token);
  assertEquals(clock.pending, 1);
  tokens.close();
  assertEquals(clock.pending, 0);
});

Deno.test("NamedTokens gives no more than its maker has, and no more than a hundred", async () => {
  using it = await leading();
  const tokens = tokensOf(it);
  const maker = { actor: "x", scopes: withImplied(["exec"]) };
  const refused = assertThrows(
    () => tokens.create({ name: "a", scopes: ["files"] }, maker),
    AppError,
  );
  assertEquals(refused.code, "SCOPE_REQUIRED");
  assertEquals(
    tokens.create({ name: "t0", scopes: ["exec"] }, maker).created_by,
    "x",
  );
  for (let i = 1; i < 100; i++) {
    tokens.create({ name: `t${i}`, scopes: ["read"] }, OWNER);
  }
  const full = assertThrows(
    () => tokens.create({ name: "one-more", scopes: ["read"] }, OWNER),
    AppError,
    "100",
  );
  assertEquals(full.code, "CONFLICT");
});

Deno.test("A standby honours the leader's tokens, makes none, and ends none", async () => {
  await using file = await sharedDatabase();
  using leader = automationAt({ path: file.path, instance: "one" });
  leader.start();
  await leader.settle();
  using standby = automationAt({ path: file.path, instance: "two" });
  standby.start();
  await standby.settle();
  const [made, honoured] = [tokensOf(leader), tokensOf(standby)];
  const { token, token_id } = made.create(
    { name: "ci", scopes: ["read"] },
    OWNER,
  );
  assertEquals(honoured.identify(token)?.actor, "ci");
  for (
    const write of [
      () => honoured.create({ name: "b", scopes: ["read"] }, OWNER),
      () => honoured.revoke(token_id),
    ]
  ) assertEquals(assertThrows(write, AppError).code, "NOT_LEADER");
  made.revoke(token_id);
  assertEquals(honoured.identify(token), undefined);
});

Deno.test("NamedTokens keeps no secret", async () => {
  await using file = await sharedDatabase();
  {
    using it = automationAt({ path: file.path });
    it.start();
    await it.settle();
    const { token } = tokensOf(it).create(
      { name: "ci", scopes: ["read"] },
      OWNER,
    );
    for await (const { name, isFile } of Deno.readDir(file.folder)) {
      if (!isFile) continue;
      const bytes = await Deno.readFile(`${file.folder}/${name}`);
      const text = new TextDecoder("latin1").decode(bytes);
      assertEquals(text.includes(token.slice(5)), false, name);
    }
  }
});
