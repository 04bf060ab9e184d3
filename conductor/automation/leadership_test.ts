import { assert, assertEquals, assertThrows } from "@std/assert";
import { AppError } from "../../shared/errors.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import {
  automationAt,
  type Fixture,
  LEASE_MS,
  sharedDatabase,
} from "../testing/automation_fixture.ts";

/** Two conductors with one node id on one database. */
async function pair() {
  const file = await sharedDatabase();
  const clock = new FakeClock();
  const one = automationAt({ path: file.path, clock, instance: "one" });
  const two = automationAt({ path: file.path, clock, instance: "two" });
  return {
    clock,
    one,
    two,
    async [Symbol.asyncDispose]() {
      one[Symbol.dispose]();
      two[Symbol.dispose]();
      await file[Symbol.asyncDispose]();
    },
  };
}

function write({ leadership, store }: Fixture): void {
  leadership.write(() => store.stores.automation.set("paused", { at: 1 }));
}

function refusal(fixture: Fixture): AppError {
  return assertThrows(() => write(fixture), AppError);
}

function roles(...fixtures: Fixture[]): string[] {
  return fixtures.map(({ leadership }) => leadership.role);
}

Deno.test("Leadership makes the first of two controllers the leader", async () => {
  await using it = await pair();
  it.one.leadership.start();
  it.two.leadership.start();
  assertEquals(roles(it.one, it.two), ["leader", "standby"]);
  const leader = it.two.leadership.leader();
  assertEquals([leader?.instance_id, leader?.term], ["one", 1]);
  write(it.one);
  const error = refusal(it.two);
  assertEquals(error.code, "NOT_LEADER");
  assertEquals(error.details, { leader });
  assert(error.message.includes('"mini-main" (one) on mini'));
});

Deno.test("Leadership renews for as long as it lives", async () => {
  await using it = await pair();
  it.one.leadership.start();
  it.two.leadership.start();
  await it.clock.advance(10 * LEASE_MS);
  assertEquals(roles(it.one, it.two), ["leader", "standby"]);
  assertEquals(it.one.leadership.leader()?.term, 1);
});

Deno.test("Leadership passes on within a lease period after the last renewal", async () => {
  await using it = await pair();
  it.one.leadership.start();
  it.two.leadership.start();
  await it.clock.advance(LEASE_MS);
  const last = it.clock.now();
  it.one.store.close();
  while (it.two.leadership.role === "standby") await it.clock.advance(50);
  const took = it.clock.now() - last;
  assert(took <= LEASE_MS + 1000, `it took ${took} ms`);
  assertEquals(it.two.leadership.leader()?.term, 2);
});

Deno.test("Leadership passes on when the clock was set back and its lease seems to last", async () => {
  await using it = await pair();
  it.one.leadership.start();
  it.two.leadership.start();
  await it.clock.advance(LEASE_MS);
  it.one.store.close();
  it.clock.set(-3_600_000);
  await it.clock.advance(LEASE_MS * 5 / 3);
  assertEquals(it.two.leadership.role, "leader");
});

Deno.test("Leadership passes on at once when it is given back", async () => {
  await using it = await pair();
  it.one.leadership.start();
  it.two.leadership.start();
  it.one.leadership.stop();
  assertEquals(it.two.leadership.leader(), null);
  await it.clock.advance(LEASE_MS / 3);
  assertEquals(it.two.leadership.role, "leader");
});

Deno.test("Leadership takes the lease of a process that is surely dead at once", async () => {
  await using file = await sharedDatabase();
  const clock = new FakeClock();
  const one = automationAt({ path: file.path, clock, instance: "one" });
  one.leadership.start();
  one.store.close();
  // What a killed process leaves behind: its file, and no lock on it.
  await Deno.writeTextFile(`${file.folder}/instances/one.lock`, "");
  using two = automationAt({ path: file.path, clock, instance: "two" });
  two.leadership.start();
  assertEquals(two.leadership.role, "leader");
  assertEquals(two.leadership.leader()?.term, 2);
  const rows = two.controllers({ limit: 9 }).items;
  assertEquals(rows.map((row) => row.instance_id), ["two"]);
});

Deno.test("Leadership refuses all that a stopped process does after its lease", async () => {
  const file = await sharedDatabase();
  const frozen = new FakeClock();
  const running = new FakeClock();
  using one = automationAt({ path: file.path, clock: frozen, instance: "one" });
  using two = automationAt({
    path: file.path,
    clock: running,
    instance: "two",
  });
  const lost: string[] = [];
  one.leadership.listen({ lost: (reason) => lost.push(reason) });
  one.leadership.start();
  two.leadership.start();
  await running.advance(LEASE_MS + 1000);
  assertEquals(two.leadership.role, "leader");

  // It has not looked at any clock yet, and the database refuses it.
  assertEquals(one.leadership.isLeader, true);
  assertEquals(refusal(one).code, "NOT_LEADER");
  await frozen.advance(LEASE_MS + 1000);
  assertEquals(roles(one, two), ["standby", "leader"]);
  assertEquals(lost, ["another controller has taken the lease"]);
  assertEquals(refusal(one).code, "NOT_LEADER");
  await file[Symbol.asyncDispose]();
});

Deno.test("Leadership goes on with its term when nobody led meanwhile", async () => {
  await using it = await pair();
  it.one.leadership.start();
  it.one.store.db.write(() =>
    it.one.store.db.run("UPDATE lease SET expires_at = 1")
  );
  assertEquals(it.one.leadership.leader(), null);
  await it.clock.advance(LEASE_MS / 3);
  assertEquals(it.one.leadership.role, "leader");
  assertEquals(it.one.leadership.leader()?.term, 1);
});

Deno.test("Leadership steps down before its lease can be taken when it cannot renew", async () => {
  await using it = await pair();
  const lost: string[] = [];
  it.one.leadership.listen({ lost: (reason) => lost.push(reason) });
  it.one.leadership.start();
  it.one.store.db.run("PRAGMA query_only = ON");
  await it.clock.advance(LEASE_MS * 0.8 - 1);
  assertEquals(it.one.leadership.role, "leader");
  await it.clock.advance(1);
  assertEquals(it.one.leadership.role, "standby");
  assertEquals(lost.length, 1);
  assert(it.one.leadership.leader() !== null, "the lease has not ended yet");
  assert(it.one.leadership.trouble !== undefined);

  it.one.store.db.run("PRAGMA query_only = OFF");
  await it.clock.advance(LEASE_MS / 10);
  assertEquals(it.one.leadership.role, "leader");
  assertEquals(it.one.leadership.trouble, undefined);
  assertEquals(it.one.leadership.leader()?.term, 1, "nobody led meanwhile");
});

Deno.test("Controllers are listed, and a dead one goes when its name is taken again", async () => {
  await using it = await pair();
  it.one.leadership.start();
  await it.clock.advance(1000);
  it.two.leadership.start();
  const list = () =>
    it.two.controllers({ limit: 20 }).items.map((c) => [
      c.instance_id,
      c.role,
      c.is_leader,
    ]);
  assertEquals(list(), [["two", "standby", false], ["one", "leader", true]]);
  const [second, first] = it.two.controllers({ limit: 20 }).items;
  assertEquals(second?.controller_id, "mini-main");
  assertEquals(first?.host, "mini");
  assertEquals(first?.version, "1.2.3");
  assertEquals(first?.last_heartbeat_at, "2026-01-01T00:00:00.000Z");

  it.one.store.close();
  await it.clock.advance(LEASE_MS * 2);
  assertEquals(list(), [["two", "leader", true]]);
  it.two.leadership.stop();
  assertEquals(list(), []);
});
