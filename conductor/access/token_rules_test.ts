import { assertEquals, assertThrows } from "@std/assert";
import { AppError } from "../../shared/errors.ts";
import { type Principal, withImplied } from "../../shared/http/mod.ts";
import { countingIds } from "../../shared/testing/fakes.ts";
import { type Fixture, leading } from "../testing/automation_fixture.ts";
import { NamedTokens } from "./named_tokens.ts";

const OWNER: Principal = { actor: "owner", scopes: withImplied(["admin"]) };
const DAY = 86_400_000;

async function withTokens(options: { readonly hasSharedToken?: boolean } = {}) {
  const it = await leading();
  const tokens = new NamedTokens({
    store: it.store.stores.tokens,
    leadership: it.leadership,
    hasSharedToken: true,
    newId: countingIds(),
    clock: it.clock,
    log: it.log,
    ...options,
  });
  return Object.assign(tokens, {
    it,
    make: (name: string, rest = {}, maker = OWNER) =>
      tokens.create({ name, scopes: ["read"], ...rest }, maker),
    names: () => tokens.list({ limit: 99 }).items.map(({ name }) => name),
    [Symbol.dispose]() {
      tokens.close();
      it[Symbol.dispose]();
    },
  });
}

function refusal(action: () => unknown): AppError {
  return assertThrows(action, AppError);
}

function at({ clock }: Fixture, ms: number): string {
  return new Date(clock.now() + ms).toISOString();
}

Deno.test("NamedTokens makes none where no shared token is set, and says so", async () => {
  using tokens = await withTokens({ hasSharedToken: false });
  assertEquals(tokens.unavailable, "no shared token is set");
  const error = refusal(() => tokens.make("ci"));
  assertEquals(error.code, "CONFLICT");
  assertEquals(error.message.includes("no shared token is set"), true);
  assertEquals(error.hint?.includes("BAA_SHARED_TOKEN"), true);
  assertEquals(tokens.names(), []);
  using others = await withTokens();
  assertEquals(others.unavailable, undefined);
});

Deno.test("NamedTokens gives a secret of 256 bits by which it knows its holder, and no other text", async () => {
  using tokens = await withTokens();
  const made = tokens.make("ci", { scopes: ["exec"] });
  assertEquals(/^baat_[A-Za-z0-9_-]{43}$/.test(made.token), true);
  assertEquals(tokens.identify(made.token)?.actor, "ci");
  for (
    const text of [
      "",
      `${made.token}x`,
      ` ${made.token}`,
      made.token.slice(0, -1),
      made.token.slice(5),
      `${made.token.slice(0, -1)}${made.token.endsWith("A") ? "B" : "A"}`,
    ]
  ) assertEquals(tokens.identify(text), undefined, text);
});

Deno.test("NamedTokens looks only for what has the form of a secret", async () => {
  using tokens = await withTokens();
  tokens.it.store.close();
  assertEquals(tokens.identify("another-kind-of-secret"), undefined);
  assertEquals(tokens.it.log.lines.filter((it) => it.level === "error"), []);
});

Deno.test("NamedTokens knows nobody while the database cannot be read, and throws nothing", async () => {
  using tokens = await withTokens();
  const { token } = tokens.make("ci");
  tokens.it.store.close();
  assertEquals(tokens.identify(token), undefined);
  assertEquals(tokens.isEmpty, false);
});

Deno.test("NamedTokens shows what it made, and that there is none", async () => {
  using tokens = await withTokens();
  assertEquals(tokens.isEmpty, true);
  const { token: _, ...shown } = tokens.make("ci", { scopes: ["exec"] });
  assertEquals(shown, {
    token_id: "token_1",
    name: "ci",
    scopes: ["exec"],
    created_at: at(tokens.it, 0),
    created_by: "owner",
    expires_at: null,
  });
  assertEquals(tokens.list({ limit: 9 }).items, [shown]);
  assertEquals(tokens.isEmpty, false);
});

Deno.test("NamedTokens refuses a name that is a token, and takes it again when that has expired", async () => {
  using tokens = await withTokens();
  tokens.make("ci", { expires_at: at(tokens.it, 5) });
  const taken = refusal(() => tokens.make("ci"));
  assertEquals(taken.code, "CONFLICT");
  assertEquals(taken.message.includes('"ci" is a token already'), true);
  assertEquals(taken.hint?.includes("GET /v1/tokens"), true);
  await tokens.it.clock.advance(5);
  tokens.make("ci");
  assertEquals(tokens.names(), ["ci"]);
});

Deno.test("NamedTokens refuses an expiry that is not in the future", async () => {
  using tokens = await withTokens();
  for (const ms of [-1, 0]) {
    const error = refusal(() =>
      tokens.make("ci", { expires_at: at(tokens.it, ms) })
    );
    assertEquals([error.code, error.details], ["INVALID_INPUT", {
      issues: [{ path: "expires_at", message: "must lie in the future" }],
    }]);
  }
  const expires_at = at(tokens.it, 1);
  assertEquals(tokens.make("ci", { expires_at }).expires_at, expires_at);
});

Deno.test("A token that makes another gives it no longer than it has itself", async () => {
  using tokens = await withTokens();
  const until = at(tokens.it, DAY);
  const made = tokens.make("maker", { expires_at: until });
  const maker = tokens.identify(made.token) ?? OWNER;
  const expiryOf = (name: string, rest = {}) =>
    tokens.make(name, rest, maker).expires_at;
  assertEquals(expiryOf("same"), until);
  assertEquals(expiryOf("equal", { expires_at: until }), until);
  const sooner = at(tokens.it, DAY - 1);
  assertEquals(expiryOf("sooner", { expires_at: sooner }), sooner);
  for (const expires_at of [null, at(tokens.it, DAY + 1)]) {
    const error = refusal(() => expiryOf("later", { expires_at }));
    assertEquals(error.code, "INVALID_INPUT");
    assertEquals(error.message.includes(`must be at most ${until}`), true);
  }
});

Deno.test("A token without an expiry gives any", async () => {
  using tokens = await withTokens();
  const maker = tokens.identify(tokens.make("maker").token) ?? OWNER;
  const until = at(tokens.it, DAY);
  assertEquals(tokens.make("ever", {}, maker).expires_at, null);
  const made = tokens.make("day", { expires_at: until }, maker);
  assertEquals(made.expires_at, until);
});

Deno.test("A token that was revoked makes no other", async () => {
  using tokens = await withTokens();
  const made = tokens.make("maker");
  const maker = tokens.identify(made.token) ?? OWNER;
  tokens.revoke(made.token_id);
  const error = refusal(() => tokens.make("late", {}, maker));
  assertEquals(error.code, "UNAUTHORIZED");
  assertEquals(tokens.names(), []);
});

Deno.test("NamedTokens revokes what a token made in turn, says so, and why to each that is open", async () => {
  using tokens = await withTokens();
  const open = (token: string) => tokens.identify(token) ?? OWNER;
  const first = tokens.make("first");
  const second = tokens.make("second", {}, open(first.token));
  const third = tokens.make("third", {}, open(second.token));
  const other = tokens.make("other");
  const [a, b, c, d] = [first, second, third, other].map((it) =>
    open(it.token).ended
  );
  const { token: _, ...shown } = first;
  assertEquals(tokens.revoke(first.token_id), {
    ...shown,
    also_ended: ["second", "third"],
  });
  assertEquals(tokens.names(), ["other"]);
  assertEquals(a?.reason.code, "UNAUTHORIZED");
  assertEquals(a?.reason.message.endsWith("it was revoked"), true);
  for (const ended of [b, c]) {
    assertEquals(
      ended?.reason.message.endsWith('"first", which made it, was revoked'),
      true,
    );
  }
  assertEquals(d?.aborted, false);
  const { token: __, ...alone } = other;
  assertEquals(tokens.revoke(other.token_id), alone);
  const error = refusal(() => tokens.revoke(other.token_id));
  assertEquals(error.code, "NOT_FOUND");
});

Deno.test("NamedTokens gives one who comes again the same end", async () => {
  using tokens = await withTokens();
  const { token } = tokens.make("ci");
  assertEquals(tokens.identify(token), tokens.identify(token));
  assertEquals(tokens.identify(token)?.ended, tokens.identify(token)?.ended);
});

Deno.test("NamedTokens ends nothing while it cannot look, and ends it then", async () => {
  using tokens = await withTokens();
  const { db } = tokens.it.store;
  const { token, token_id } = tokens.make("ci");
  const ended = tokens.identify(token)?.ended;
  db.run("ALTER TABLE tokens RENAME TO away");
  await tokens.it.clock.advance(3000);
  assertEquals(ended?.aborted, false);
  db.run("ALTER TABLE away RENAME TO tokens");
  db.run("DELETE FROM tokens WHERE token_id = ?", token_id);
  await tokens.it.clock.advance(1000);
  assertEquals(ended?.reason.message.endsWith("it was revoked"), true);
});

Deno.test("NamedTokens lists the newest first, page by page", async () => {
  using tokens = await withTokens();
  for (const name of ["a", "b", "c"]) tokens.make(name);
  const { items, next_cursor } = tokens.list({ limit: 2 });
  assertEquals(items.map(({ name }) => name), ["c", "b"]);
  assertEquals(typeof next_cursor, "string");
});
