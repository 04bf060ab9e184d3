import { assert, assertEquals } from "@std/assert";
import { silentLogger } from "../../shared/testing/fakes.ts";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import type { ChildProcess } from "./child_process.ts";
import { WarmShells } from "./warm_shells.ts";

/** A pool of shells that are none. */
function pool(fewest = 2) {
  const clock = new FakeClock();
  let running = 0;
  let id = 0;
  const shells = new WarmShells({
    fewest,
    most: fewest * 4,
    clock,
    log: silentLogger,
    spawn() {
      running++;
      const pid = ++id;
      const status = new Promise<Deno.CommandStatus>(() => {});
      return Promise.resolve({ pid, status } as ChildProcess);
    },
    discard() {
      running--;
      return Promise.resolve();
    },
  });
  return { shells, clock, spawned: () => id, running: () => running };
}

/** Takes as many as asked for at once; returns how many there were. */
function burst({ take }: { take: () => unknown }, count: number): number {
  return Array.from({ length: count }, take).filter(Boolean).length;
}

Deno.test("WarmShells has as many wait as are asked for at once, up to its most", async () => {
  const { shells, clock } = pool();
  const take = () => shells.take();
  await shells.prepare();
  assertEquals(shells.waiting, 2);
  assertEquals(burst({ take }, 5), 2);
  await clock.advance(1_000);
  assertEquals(shells.waiting, 5);
  assertEquals(burst({ take }, 5), 5);
  await clock.advance(1_000);
  assertEquals(burst({ take }, 50), 5);
  await clock.advance(1_000);
  assertEquals(shells.waiting, 8);
  await shells.close();
});

Deno.test("WarmShells lets go of those that nobody needed, though commands go on", async () => {
  const { shells, clock, running } = pool();
  await shells.prepare();
  burst({ take: () => shells.take() }, 8);
  await clock.advance(1_000);
  assertEquals(shells.waiting, 8);
  for (let i = 0; i < 8; i++) {
    shells.take();
    await clock.advance(5_000);
  }
  assertEquals(shells.waiting, 2);
  await shells.close();
  assertEquals(running(), 2 + 8, "what was taken is the taker's");
});

Deno.test("WarmShells costs nothing after a minute without commands, and is back with the next", async () => {
  const { shells, clock, running, spawned } = pool();
  await shells.prepare();
  await clock.advance(30_000);
  assertEquals(shells.waiting, 2);
  await clock.advance(31_000);
  assertEquals([shells.waiting, running(), clock.pending], [0, 0, 0]);
  const before = spawned();
  await clock.advance(3_600_000);
  assertEquals(spawned(), before);
  assertEquals(shells.take(), undefined);
  await clock.advance(1_000);
  assertEquals(shells.waiting, 2);
  await shells.close();
  assertEquals([running(), clock.pending], [0, 0]);
});

Deno.test("WarmShells starts none between the end of a command and its answer, but lets none wait for ever", async () => {
  const { shells, clock, spawned } = pool();
  await shells.prepare();
  shells.take();
  const busy = async (ms: number) => {
    for (let i = 0; i < ms; i += 3) {
      await clock.advance(3);
      shells.calmLater();
    }
  };
  await busy(45);
  assertEquals(spawned(), 2);
  await busy(10);
  assertEquals(spawned(), 3);
  shells.take();
  await clock.advance(10);
  assertEquals(spawned(), 4);
  // one that waits still serves the next command
  shells.take();
  shells.refillBeside();
  assertEquals(spawned(), 4);
  // the last one is replaced at once, beside the command that it serves
  shells.take();
  shells.refillBeside();
  assertEquals(spawned(), 5);
  shells.refillBeside();
  assertEquals(spawned(), 5, "one at a time");
  await shells.close();
});

Deno.test("WarmShells of none starts none", async () => {
  const { shells, clock, spawned } = pool(0);
  await shells.prepare();
  assert(!shells.take());
  await clock.advance(120_000);
  assertEquals(spawned(), 0);
  await shells.close();
});
