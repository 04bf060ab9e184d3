import { assertEquals, assertThrows } from "@std/assert";
import { automationAt } from "../testing/automation_fixture.ts";

const NOW = 1_000_000;

function leaseStore() {
  const { store, [Symbol.dispose]: dispose } = automationAt();
  const of = (instance_id: string) => ({
    ...{ instance_id, controller_id: `of-${instance_id}` },
    ...{ host: "mini", version: "1.2.3" },
  });
  const { leases } = store.stores;
  return { leases, of, db: store.db, [Symbol.dispose]: dispose };
}

Deno.test("LeaseStore gives each holder the next term, and says who it is", () => {
  using it = leaseStore();
  const { term, instance_id } = it.leases.read();
  assertEquals([term, instance_id], [0, null]);
  assertEquals(it.leases.take(it.of("one"), NOW), 1);
  assertEquals(it.leases.take(it.of("two"), NOW + 1), 2);
  assertEquals({ ...it.leases.read() }, {
    term: 2,
    instance_id: "two",
    controller_id: "of-two",
    host: "mini",
    expires_at: NOW + 1,
  });
});

Deno.test("LeaseStore holds a lease for its holder alone, in its term alone, until it ends", () => {
  using it = leaseStore();
  const term = it.leases.take(it.of("one"), NOW);
  const holds = (instance_id: string, term: number, now: number) =>
    it.leases.holds({ instance_id, term }, now);
  assertEquals(holds("one", term, NOW - 1), true);
  assertEquals(holds("one", term, NOW), false);
  assertEquals(holds("one", term - 1, NOW - 1), false);
  assertEquals(holds("two", term, NOW - 1), false);
});

Deno.test("LeaseStore renews for its holder alone, and takes back once", () => {
  using it = leaseStore();
  const term = it.leases.take(it.of("one"), NOW);
  const [own, other, old] = [
    { instance_id: "one", term },
    { instance_id: "two", term },
    { instance_id: "one", term: term - 1 },
  ] as const;
  for (const fence of [other, old]) {
    assertEquals(it.leases.renew(fence, NOW + 5), false);
    assertEquals(it.leases.release(fence), false);
  }
  assertEquals(it.leases.renew(own, NOW + 5), true);
  assertEquals(it.leases.read().expires_at, NOW + 5);
  assertEquals([it.leases.release(own), it.leases.release(own)], [true, false]);
  assertEquals({ ...it.leases.read() }, {
    term,
    instance_id: null,
    controller_id: null,
    host: null,
    expires_at: 0,
  });
});

Deno.test("LeaseStore says so when the row is gone", () => {
  using it = leaseStore();
  it.db.run("DELETE FROM lease");
  assertThrows(() => it.leases.read(), Error, "Cannot read the lease");
});
