import { assertEquals, assertRejects } from "@std/assert";
import { AppError } from "../../shared/errors.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { HeldCalls } from "./held_calls.ts";

/** Something that grows, and tells who waits. */
function setUp() {
  const clock = new FakeClock();
  const waiting = new Set<() => void>();
  const it = { news: 0, reads: 0 };
  const held = new HeldCalls({
    wait: (signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        waiting.add(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      }),
  }, clock);
  const grow = (by: number) => {
    it.news += by;
    for (const wake of [...waiting]) wake();
    waiting.clear();
  };
  const ask = (signal = new AbortController().signal, waitMs = 1000) =>
    held.until(() => {
      it.reads++;
      return it.news;
    }, { ready: (news) => news > 0, waitMs, signal });
  return { it, clock, held, grow, ask };
}

Deno.test("HeldCalls answers at once what is there, and when it comes what is not", async () => {
  const { it, clock, grow, ask } = setUp();
  const answer = ask();
  await clock.advance(500);
  // Somebody else's news wake it, and it looks once.
  grow(0);
  await clock.advance(0);
  assertEquals(it.reads, 2);
  // Soon after one look there is none, whoever writes how much.
  grow(3);
  await clock.advance(19);
  assertEquals(it.reads, 2);
  await clock.advance(1);
  assertEquals(await answer, 3);
  assertEquals(await ask(), 3);
  assertEquals([it.reads, clock.pending], [4, 0]);
});

Deno.test("HeldCalls gives up in time, when the caller leaves and when the daemon stops", async () => {
  const { clock, held, ask } = setUp();
  const late = ask();
  await clock.advance(1000);
  assertEquals(await late, 0);
  const left = new AbortController();
  const gone = ask(left.signal);
  left.abort();
  assertEquals(await gone, 0);
  const stopped = ask();
  held.quiesce();
  assertEquals(await stopped, 0);
  assertEquals(await ask(), 0);
  assertEquals(clock.pending, 0);
});

Deno.test("HeldCalls holds 64 at once, and never refuses what need not wait", async () => {
  const { clock, grow, held, ask } = setUp();
  const place = held.enter();
  const answers = Array.from({ length: 63 }, () => ask());
  const refused = await assertRejects(() => ask(), AppError);
  assertEquals([refused.code, refused.headers], ["TOO_MANY_REQUESTS", {
    "retry-after": "5",
  }]);
  assertEquals(await ask(undefined, 0), 0);
  place[Symbol.dispose]();
  answers.push(ask());
  grow(1);
  await clock.advance(20);
  assertEquals(await Promise.all(answers), Array(64).fill(1));
  assertEquals(await ask(), 1);
});
