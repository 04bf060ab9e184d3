import { assertEquals } from "@std/assert";
import type { Clock } from "../../shared/clock.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import type { Fence } from "../store/mod.ts";
import { automationAt, LEASE_MS } from "../testing/automation_fixture.ts";
import { Leadership } from "./leadership.ts";

/** Controllers on one database in memory, with one clock; the dead are named. */
function controllers() {
  const clock = new FakeClock();
  const { store, log, [Symbol.dispose]: dispose } = automationAt({ clock });
  const { db, stores } = store;
  const dead = new Set<string>();
  const terms: (readonly [Fence, number])[] = [];
  return {
    clock,
    db,
    dead,
    terms,
    leases: stores.leases,
    join(instance_id: string, own: Clock = clock): Leadership {
      return new Leadership({
        ...stores,
        db,
        clock: own,
        log,
        identity: {
          ...{ instance_id, controller_id: `of-${instance_id}` },
          ...{ host: "mini", version: "1.2.3" },
        },
        leaseMs: LEASE_MS,
        isDead: (it) => dead.has(it),
        onTerm: (fence, now) => terms.push([fence, now]),
      });
    },
    /** Those that are registered. */
    names(): unknown[] {
      return db.all("SELECT instance_id FROM controllers ORDER BY seq")
        .map((it) => it.instance_id);
    },
    events(): unknown[] {
      return db.all("SELECT type, data FROM events ORDER BY seq").map((it) => {
        const { term, instance_id } = JSON.parse(String(it.data));
        return [it.type, instance_id, term];
      });
    },
    /** Whoever it was, another one has the lease now, and it lasts. */
    steal(): void {
      const identity = { controller_id: "thief", host: "far", version: "1" };
      const until = clock.now() + 100 * LEASE_MS;
      stores.leases.take({ ...identity, instance_id: "thief" }, until);
    },
    /** The database takes no more writes, until it is healed. */
    breakWrites: () => db.run("PRAGMA query_only = ON"),
    heal: () => db.run("PRAGMA query_only = OFF"),
    [Symbol.dispose]: dispose,
  };
}

Deno.test("Leadership renews its lease for a whole period at each third of one", async () => {
  using it = controllers();
  const one = it.join("one");
  let renewals = 0;
  one.listen({ renewed: () => renewals++ });
  one.start();
  const from = it.clock.now();
  const until = () => it.leases.read().expires_at - from;
  assertEquals([until(), renewals], [LEASE_MS, 0]);
  await it.clock.advance(LEASE_MS / 3 - 1);
  assertEquals(until(), LEASE_MS);
  await it.clock.advance(1);
  assertEquals([until(), renewals], [LEASE_MS * 4 / 3, 1]);
});

Deno.test("Leadership begins a term with what cleans up after the one before, and tells of it", () => {
  using it = controllers();
  const one = it.join("one");
  const gained: number[] = [];
  one.listen({ gained: () => gained.push(it.terms.length) });
  one.listen({});
  one.start();
  const now = it.clock.now();
  assertEquals(it.terms, [[{ instance_id: "one", term: 1 }, now]]);
  assertEquals(gained, [1]);
  assertEquals(it.events(), [["lease.acquired", "one", 1]]);
  const [event] = it.db.all("SELECT at, data FROM events");
  assertEquals(event?.at, now);
  assertEquals(JSON.parse(String(event?.data)), {
    controller_id: "of-one",
    instance_id: "one",
    host: "mini",
    term: 1,
  });
  assertEquals(one.identity.instance_id, "one");
});

Deno.test("Leadership leads no more, at once, when another one has its lease", async () => {
  using it = controllers();
  const one = it.join("one");
  const lost: string[] = [];
  one.listen({ lost: (reason) => lost.push(reason) });
  one.start();
  it.steal();
  await it.clock.advance(LEASE_MS / 3);
  // Its own lease would still have lasted.
  assertEquals([one.isLeader, one.role], [false, "standby"]);
  assertEquals(lost, ["another controller has taken the lease"]);
  await it.clock.advance(LEASE_MS / 3);
  assertEquals(lost.length, 1);
});

Deno.test("Leadership looks before it gives up when its process was stopped for a while", () => {
  using it = controllers();
  let asleepMs = 0;
  const one = it.join("one", {
    now: () => it.clock.now(),
    monotonic: () => it.clock.monotonic() + asleepMs,
    after: (ms, action) => it.clock.after(ms, action),
  });
  assertEquals(one.stillLeads(), false);
  one.start();
  asleepMs = LEASE_MS * 0.8 - 1;
  assertEquals(one.isLeader, true);
  asleepMs = LEASE_MS * 0.8;
  assertEquals(one.isLeader, false);
  assertEquals([one.stillLeads(), one.isLeader], [true, true]);
  assertEquals(it.clock.pending, 1);
  it.breakWrites();
  asleepMs += LEASE_MS * 0.8;
  assertEquals([one.stillLeads(), one.isLeader], [false, false]);
  it.heal();
});

Deno.test("Leadership names its trouble at the second failure, and forgets it when it is over", async () => {
  using it = controllers();
  const one = it.join("one");
  one.start();
  it.breakWrites();
  await it.clock.advance(LEASE_MS / 3);
  assertEquals(one.trouble, undefined);
  await it.clock.advance(LEASE_MS / 10 - 1);
  assertEquals(one.trouble, undefined);
  await it.clock.advance(1);
  assertEquals(one.trouble?.includes("the disk does not"), true, one.trouble);
  it.heal();
  await it.clock.advance(LEASE_MS / 10);
  assertEquals(one.trouble, undefined);
  it.breakWrites();
  await it.clock.advance(LEASE_MS / 3);
  assertEquals(one.trouble, undefined, "they are counted anew");
});

Deno.test("Leadership that could not renew says what kept it from that", async () => {
  using it = controllers();
  const one = it.join("one");
  const lost: string[] = [];
  one.listen({ lost: (reason) => lost.push(reason) });
  one.start();
  it.breakWrites();
  await it.clock.advance(LEASE_MS * 0.8);
  assertEquals(lost.length, 1);
  assertEquals(lost[0]?.includes("the disk does not"), true, lost[0]);
  it.heal();
  await it.clock.advance(LEASE_MS / 10);
  assertEquals(one.role, "leader");
  assertEquals(it.terms.length, 1, "nobody led meanwhile: the term goes on");
  assertEquals(it.events(), [
    ["lease.acquired", "one", 1],
    ["lease.acquired", "one", 1],
  ]);
});

Deno.test("Leadership gives the lease back once, and waits for nothing more", async () => {
  using it = controllers();
  const one = it.join("one");
  one.start();
  one.stop();
  one.stop();
  assertEquals([one.role, one.leader(), it.clock.pending], [
    "standby",
    null,
    0,
  ]);
  one.start();
  await it.clock.advance(LEASE_MS);
  assertEquals([one.role, it.clock.pending, it.names()], ["standby", 0, []]);
  assertEquals(it.events(), [
    ["lease.acquired", "one", 1],
    ["lease.released", "one", 1],
  ]);
});

Deno.test("Leadership that stops gives back no lease but its own", () => {
  using it = controllers();
  const [one, two] = [it.join("one"), it.join("two")];
  one.start();
  two.start();
  two.stop();
  assertEquals(it.names(), ["one"]);
  it.steal();
  one.stop();
  assertEquals(it.leases.read().instance_id, "thief");
  assertEquals(it.events(), [["lease.acquired", "one", 1]]);
});

Deno.test("Leadership stops where the database takes no writes as well", () => {
  using it = controllers();
  const one = it.join("one");
  one.start();
  it.breakWrites();
  one.stop();
  assertEquals(one.role, "standby");
  it.heal();
});

Deno.test("Leadership takes over what nobody has renewed for a whole period, whatever its clock said", async () => {
  using it = controllers();
  it.steal();
  const one = it.join("one");
  one.start();
  await it.clock.advance(LEASE_MS - 1);
  assertEquals(one.role, "standby");
  await it.clock.advance(1);
  assertEquals(one.role, "leader");
  assertEquals(it.leases.read().term, 2);
});

Deno.test("Leadership waits on while another one renews, and while terms follow each other", async () => {
  using it = controllers();
  it.steal();
  const one = it.join("one");
  one.start();
  for (let period = 0; period < 3; period++) {
    await it.clock.advance(LEASE_MS - 1);
    const { instance_id = "", term, expires_at } = it.leases.read();
    it.leases.renew({ instance_id: `${instance_id}`, term }, expires_at + 1);
    await it.clock.advance(LEASE_MS - 1);
    it.db.run("UPDATE lease SET term = term + 1");
  }
  assertEquals(one.role, "standby");
});

Deno.test("Leadership looks again when the lease of another one ends", async () => {
  using it = controllers();
  it.steal();
  const until = it.clock.now() + LEASE_MS / 2;
  it.db.run("UPDATE lease SET expires_at = ?", until);
  const one = it.join("one");
  one.start();
  await it.clock.advance(LEASE_MS / 2 - 1);
  assertEquals(one.role, "standby");
  await it.clock.advance(1);
  assertEquals(one.role, "leader");
});

Deno.test("Leadership takes the lease of the dead at once, and tells who crashed", () => {
  using it = controllers();
  const one = it.join("one");
  one.start();
  it.dead.add("one");
  const two = it.join("two");
  two.start();
  assertEquals(two.role, "leader");
  assertEquals(it.names(), ["two"]);
  assertEquals(it.events(), [
    ["lease.acquired", "one", 1],
    ["daemon.crashed", "one", undefined],
    ["lease.acquired", "two", 2],
  ]);
  const [crashed] = it.db.all(
    "SELECT at, data FROM events WHERE type = 'daemon.crashed'",
  );
  assertEquals(crashed?.at, it.clock.now());
  assertEquals(JSON.parse(String(crashed?.data)), {
    daemon: "conductor",
    instance_id: "one",
  });
});

Deno.test("Leadership knows what was begun in a term that is over, and doubts nothing that it cannot read", () => {
  const it = controllers();
  const one = it.join("one");
  one.start();
  assertEquals(one.isOver({ instance_id: "one", term: 1 }), false);
  assertEquals(one.isOver({ instance_id: "one", term: 0 }), true);
  assertEquals(one.isOver({ instance_id: "two", term: 1 }), true);
  it[Symbol.dispose]();
  assertEquals(one.isOver({ instance_id: "two", term: 0 }), false);
});

Deno.test("Leadership takes controllers off the list that were silent for a day, and its own earlier ones after a period", () => {
  using it = controllers();
  const insert = (name: string, [id, silentMs]: readonly [string, number]) => {
    const at = it.clock.now() - silentMs;
    const identity = { controller_id: id, instance_id: name, host: "mini" };
    const times = { started_at: at, last_heartbeat_at: at };
    it.db.insert("controllers", { ...identity, version: "1", ...times });
  };
  const day = 86_400_000;
  insert("kept", ["another", day]);
  insert("gone", ["another", day + 1]);
  insert("kept too", ["of-one", LEASE_MS]);
  insert("gone too", ["of-one", LEASE_MS + 1]);
  it.join("one").start();
  assertEquals(it.names(), ["kept", "kept too", "one"]);
});

Deno.test("Leadership tells every listener, whichever of them fails", async () => {
  using it = controllers();
  const one = it.join("one");
  const heard: string[] = [];
  const fail = () => {
    throw new Error("the disk does not read");
  };
  one.listen({ gained: fail, renewed: fail, lost: fail });
  one.listen({
    gained: () => heard.push("gained"),
    renewed: () => heard.push("renewed"),
    lost: () => heard.push("lost"),
  });
  one.start();
  await it.clock.advance(LEASE_MS / 2);
  it.steal();
  await it.clock.advance(LEASE_MS / 2);
  assertEquals(heard, ["gained", "renewed", "lost"]);
});
