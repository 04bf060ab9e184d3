import { assertEquals } from "@std/assert";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import {
  AS_OWNER,
  automationAt,
  type Fixture,
  leading,
  newTask,
  OK,
  sharedDatabase,
} from "../testing/automation_fixture.ts";

Deno.test("SystemService.state() shows mode, leader, queue and node", async () => {
  using it = await leading();
  const { automation, ...state } = it.system.state();
  assertEquals(automation.mode, "running");
  assertEquals(automation.requested_by, null);
  assertEquals(state, {
    mode: "running",
    health: "ok",
    version: "1.2.3",
    uptime_ms: 7,
    leader: {
      controller_id: "mini-main",
      instance_id: "instance_1",
      host: "mini",
      lease_expires_at: "2026-01-01T00:00:15.000Z",
      term: 1,
    },
    queue: { active_runs: 0, queued_tasks: 0 },
    drained: false,
    active_runs: [],
    node: {
      controller_id: "mini-main",
      instance_id: "instance_1",
      host: "mini",
      version: "1.2.3",
      role: "leader",
    },
  });
});

Deno.test("SystemService.setMode() answers the latest state, and twice is once", async () => {
  using it = await leading();
  const seen: string[] = [];
  it.system.onMode((state) => seen.push(state.mode));
  const change = { requested_by: "test", reason: "a reason", source: "cli" };
  const first = it.system.setMode("paused", change);
  assertEquals(first.automation, {
    mode: "paused",
    updated_at: "2026-01-01T00:00:00.000Z",
    ...change,
  });
  await it.clock.advance(1000);
  const { automation } = it.system.setMode("paused", { reason: "again" });
  assertEquals(automation, first.automation);
  assertEquals(seen, ["paused"]);
  const changes = it.store.stores.events.after(0, 99).items
    .filter((event) => event.type === "system.mode_changed");
  assertEquals(changes.length, 1);
  assertEquals(changes[0]?.data, {
    mode: "paused",
    previous: "running",
    ...change,
  });
});

Deno.test("SystemService keeps the mode over a restart", async () => {
  await using file = await sharedDatabase();
  const first = await leading({ path: file.path });
  first.system.setMode("draining", {});
  first[Symbol.dispose]();
  using second = automationAt({ path: file.path, instance: "two" });
  assertEquals(second.system.state().mode, "draining");
});

Deno.test("SystemService.setMode() lets what runs go on", async () => {
  using it = await leading({ width: 1 });
  await it.tasks.create(newTask(), AS_OWNER);
  await it.tasks.create(newTask(), AS_OWNER);
  await it.settle();
  it.system.setMode("paused", {});
  it.kind.at(0).end(OK);
  await it.clock.advance(1000);
  assertEquals(it.system.state().queue, { active_runs: 0, queued_tasks: 1 });
  assertEquals(it.kind.runs.length, 1);
  assertEquals(it.system.state().drained, false);
});

Deno.test("SystemService.state() shows what a drain waits for, until nothing runs", async () => {
  using it = await leading();
  const { task } = await it.tasks.create(newTask({ title: "slow" }), AS_OWNER);
  await it.settle();
  const state = it.system.setMode("draining", {});
  assertEquals(state.drained, false);
  assertEquals(state.active_runs, [{
    run_id: "run_1",
    task_id: task.task_id,
    kind: "fake",
    title: "slow",
    attempt: 1,
    started_at: "2026-01-01T00:00:00.000Z",
  }]);
  it.kind.at(0).end(OK);
  await it.settle();
  assertEquals(it.system.state().drained, true);
});

Deno.test("SystemService gives back a drain that an upgrade left behind, and no other", async () => {
  const source = "upgrade";
  const modeAfter = async (it: Fixture) => {
    await it.clock.advance(115_000);
    const before = it.system.state().mode;
    await it.clock.advance(10_000);
    return [before, it.system.state().mode];
  };
  using it = await leading();
  it.system.setMode("draining", { source });
  assertEquals(await modeAfter(it), ["draining", "running"]);
  const { automation } = it.system.state();
  assertEquals([automation.requested_by, automation.source], [
    "conductor",
    source,
  ]);
  // Asked for again it is the last caller's: another upgrade's, or for good.
  it.system.setMode("draining", { source });
  await it.clock.advance(100_000);
  it.system.setMode("draining", { source });
  assertEquals(await modeAfter(it), ["draining", "running"]);
  it.system.setMode("draining", { source });
  it.system.setMode("draining", { source: "http" });
  assertEquals(await modeAfter(it), ["draining", "draining"]);
});

Deno.test("SystemService gives back what an upgrade drained also after a restart", async () => {
  await using file = await sharedDatabase();
  const clock = new FakeClock();
  const first = await leading({ path: file.path, clock });
  first.system.setMode("draining", { source: "upgrade" });
  first[Symbol.dispose]();
  await clock.advance(120_000);
  using second = await leading({ path: file.path, clock, instance: "two" });
  assertEquals(second.system.state().mode, "running");
});
