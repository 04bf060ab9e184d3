import { assertEquals, assertThrows } from "@std/assert";
import { AppError } from "../../shared/errors.ts";
import { type Principal, withImplied } from "../../shared/http/mod.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { countingIds } from "../../shared/testing/fakes.ts";
import {
  automationAt,
  type Fixture,
  leading,
  sharedDatabase,
} from "../testing/automation_fixture.ts";
import { NamedTokens } from "./named_tokens.ts";

const OWNER: Principal = { actor: "owner", scopes: withImplied(["admin"]) };

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

Deno.test("NamedTokens waits with one timer for all tokens, and leaves none behind", async () => {
  using it = await leading();
  // A clock by which no lease is renewed every few seconds.
  const clock = new FakeClock();
  const tokens = tokensOf(it, clock);
  const [first, second] = [40_000, 50_000].map((ms) => {
    const { token } = tokens.create(
      { name: `ci-${ms}`, scopes: ["read"], expires_at: inMs(it, ms) },
      OWNER,
    );
    return tokens.identify(token)?.ended;
  });
  const seen = () => [first?.aborted, second?.aborted, clock.pending];
  assertEquals(seen(), [false, false, 1]);
  await clock.advance(39_999);
  assertEquals(seen(), [false, false, 1]);
  await clock.advance(1);
  assertEquals(seen(), [true, false, 1]);
  await clock.advance(10_000);
  assertEquals(seen(), [true, true, 0]);
  const { token } = tokens.create({ name: "other", scopes: ["read"] }, OWNER);
  tokens.identify(token);
  assertEquals(clock.pending, 1);
  tokens.close();
  assertEquals(clock.pending, 0);
});

Deno.test("A token expires with its maker at the latest", async () => {
  using it = await leading();
  const tokens = tokensOf(it);
  const latest = inMs(it, 4000);
  const maker = tokens.create(
    { name: "short", scopes: ["admin"], expires_at: latest },
    OWNER,
  );
  const by = tokens.identify(maker.token) ?? OWNER;
  for (const expires_at of [null, inMs(it, 4001), "2099-01-01T00:00:00Z"]) {
    const refused = assertThrows(
      () => tokens.create({ name: "long", scopes: ["exec"], expires_at }, by),
      AppError,
    );
    assertEquals(refused.code, "INVALID_INPUT");
    assertEquals(JSON.stringify(refused.details).includes(latest), true);
  }
  const child = tokens.create({ name: "child", scopes: ["admin"] }, by);
  assertEquals([child.expires_at, child.created_by], [latest, "short"]);
  const shorter = { name: "shorter", scopes: ["read" as const] };
  assertEquals(
    tokens.create({ ...shorter, expires_at: inMs(it, 1000) }, by).expires_at,
    inMs(it, 1000),
  );
  const ended = tokens.identify(child.token)?.ended;
  await it.clock.advance(4000);
  assertEquals(ended?.aborted, true);
  assertEquals(tokens.identify(child.token), undefined);
  const gone = assertThrows(
    () => tokens.create({ name: "late", scopes: ["read"] }, by),
    AppError,
  );
  assertEquals(gone.code, "UNAUTHORIZED");
});

Deno.test("NamedTokens revokes with a token what was made with it, and nothing else", async () => {
  using it = await leading();
  const tokens = tokensOf(it);
  const make = (name: string, by = OWNER) => {
    const made = tokens.create({ name, scopes: ["admin"] }, by);
    const principal = tokens.identify(made.token) ?? OWNER;
    return { ...made, principal, ended: principal.ended };
  };
  const maker = make("maker");
  const child = make("child", maker.principal);
  const grandchild = make("grandchild", child.principal);
  const other = make("other");
  const { also_ended } = tokens.revoke(maker.token_id);
  assertEquals(also_ended, ["child", "grandchild"]);
  assertEquals(
    [maker, child, grandchild, other].map((it) => it.ended?.aborted),
    [true, true, true, false],
  );
  assertEquals(tokens.identify(grandchild.token), undefined);
  // Who has its name later has made nothing.
  const again = make("maker");
  assertEquals(tokens.revoke(again.token_id).also_ended, undefined);
  assertEquals(tokens.identify(other.token)?.actor, "other");
});

Deno.test("NamedTokens gives no more than its maker has, and no more than a hundred", async () => {
  using it = await leading();
  const tokens = tokensOf(it);
  const x = tokens.create({ name: "x", scopes: ["exec"] }, OWNER);
  const maker = tokens.identify(x.token) ?? OWNER;
  const refused = assertThrows(
    () => tokens.create({ name: "a", scopes: ["files"] }, maker),
    AppError,
  );
  assertEquals(refused.code, "SCOPE_REQUIRED");
  assertEquals(
    tokens.create({ name: "t0", scopes: ["exec"] }, maker).created_by,
    "x",
  );
  for (let i = 1; i < 99; i++) {
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

Deno.test("A standby ends within a second what is open by a token that the leader revoked", async () => {
  await using file = await sharedDatabase();
  using leader = automationAt({ path: file.path, instance: "one" });
  leader.start();
  await leader.settle();
  using standby = automationAt({ path: file.path, instance: "two" });
  standby.start();
  await standby.settle();
  const [made, honoured] = [tokensOf(leader), tokensOf(standby)];
  const [ci, other] = ["ci", "other"].map((name) =>
    made.create({ name, scopes: ["read"] }, OWNER)
  );
  const ended = honoured.identify(ci?.token ?? "")?.ended;
  const still = honoured.identify(other?.token ?? "")?.ended;
  made.revoke(ci?.token_id ?? "");
  await standby.clock.advance(1000);
  assertEquals(ended?.reason.message.includes("revoked"), true);
  assertEquals(still?.aborted, false);
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
