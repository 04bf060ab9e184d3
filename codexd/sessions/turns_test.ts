import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { Turn } from "../../shared/contracts/codexd.ts";
import { AppError } from "../../shared/errors.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { Turns } from "./turns.ts";

const ended = (turnId: string): Turn => ({
  reason: null,
  turn_id: turnId,
  status: "completed",
  error: null,
  started_at: null,
  completed_at: null,
  duration_ms: 5,
});

Deno.test("Turns.reserve() refuses a second turn and names the running one", () => {
  const turns = new Turns(new FakeClock());
  {
    using _ = turns.reserve("s");
    assertThrows(() => turns.reserve("s"), AppError, "just starting");
    using _other = turns.reserve("other");
    turns.begin("s", "t1");
  }
  const error = assertThrows(() => turns.reserve("s"), AppError, "turn t1");
  assertEquals([error.code, error.details], ["CONFLICT", { turn_id: "t1" }]);
  turns.finish("s", ended("t1"));
  using _ = turns.reserve("s");
});

Deno.test("Turns.begin() knows a turn again whoever tells of it first", () => {
  const turns = new Turns(new FakeClock());
  const first = turns.begin("s", "t");
  assertStrictEquals(turns.begin("s", "t"), first);
  assertEquals(turns.active.length, 1);
});

Deno.test("Turns.finish() hands the end to who waits and keeps it for who asks later", async () => {
  const turns = new Turns(new FakeClock());
  const active = turns.begin("s", "t");
  active.finalMessage = "Hello";
  active.usage = { total: {} };
  turns.finish("s", ended("t"));
  const finished = await active.finished;
  assertEquals([finished.finalMessage, finished.turn.status], [
    "Hello",
    "completed",
  ]);
  assertStrictEquals(turns.finished("t"), finished);
  assertEquals(turns.activeIn("s"), undefined);
});

Deno.test("Turns.finish() leaves a running turn alone when another one's end comes late", () => {
  const turns = new Turns(new FakeClock());
  turns.begin("s", "new");
  turns.finish("s", ended("old"));
  assertEquals(turns.activeIn("s")?.turnId, "new");
});

Deno.test("Turns.current() waits for a turn that is just starting", async () => {
  const turns = new Turns(new FakeClock());
  const reservation = turns.reserve("s");
  const current = turns.current("s");
  turns.begin("s", "t");
  reservation[Symbol.dispose]();
  assertEquals((await current)?.turnId, "t");
  assertEquals(await turns.current("none"), undefined);
});

Deno.test("Turns remembers a bounded number of ended turns", () => {
  const turns = new Turns(new FakeClock());
  for (let i = 0; i < 300; i++) turns.finish("s", ended(`t${i}`));
  assertEquals(turns.finished("t0"), undefined);
  assertEquals(turns.finished("t299")?.turn.turn_id, "t299");
});

Deno.test("Turns remembers long messages for a bounded number of turns only", () => {
  const turns = new Turns(new FakeClock());
  for (let i = 0; i < 20; i++) {
    turns.begin("s", `t${i}`).finalMessage = "x".repeat(1_000_000);
    turns.finish("s", ended(`t${i}`));
  }
  const kept = Array.from({ length: 20 }, (_, i) => turns.finished(`t${i}`))
    .filter((it) => it !== undefined);
  assertEquals(kept.length, 8);
  assertEquals(kept.at(-1)?.turnId, "t19");
});

Deno.test("Turns.endedByRestart() says how long a turn took that its app-server abandoned", async () => {
  const clock = new FakeClock();
  const turns = new Turns(clock);
  const active = turns.begin("s", "t");
  await clock.advance(1500);
  const turn = turns.endedByRestart(active, "it died");
  assertEquals([turn.status, turn.error?.message, turn.duration_ms], [
    "interrupted_by_restart",
    "it died",
    1500,
  ]);
});
