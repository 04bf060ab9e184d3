import { assertEquals } from "@std/assert";
import type { Lease } from "../store/mod.ts";
import { leaderOf, notLeader } from "./leader.ts";

const LEASE: Lease = {
  term: 3,
  instance_id: "one",
  controller_id: "mini-main",
  host: "mini",
  expires_at: Date.UTC(2026, 0, 1),
};

Deno.test("leaderOf() names who holds the lease, until the moment that it ends", () => {
  const leader = {
    controller_id: "mini-main",
    instance_id: "one",
    host: "mini",
    lease_expires_at: "2026-01-01T00:00:00.000Z",
    term: 3,
  };
  assertEquals(leaderOf(LEASE, LEASE.expires_at - 1), leader);
  assertEquals(leaderOf(LEASE, LEASE.expires_at), null);
  assertEquals(leaderOf({ ...LEASE, instance_id: null }, 0), null);
});

Deno.test("leaderOf() shows a holder of which the row says no more", () => {
  const leader = leaderOf({ ...LEASE, controller_id: null, host: null }, 0);
  assertEquals([leader?.controller_id, leader?.host], ["", ""]);
});

Deno.test("notLeader() says who leads, or that nobody does", () => {
  const leader = leaderOf(LEASE, 0);
  const [known, none] = [notLeader(leader), notLeader(null)];
  assertEquals([known.code, known.details], ["NOT_LEADER", { leader }]);
  assertEquals(known.message.endsWith('"mini-main" (one) on mini is'), true);
  assertEquals([none.code, none.details], ["NOT_LEADER", { leader: null }]);
  assertEquals(none.message.endsWith("no controller leads just now"), true);
});
