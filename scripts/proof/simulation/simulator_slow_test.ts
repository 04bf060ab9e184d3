import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { PLANTED_BUGS } from "./planted_bugs.ts";
import { Simulator } from "./simulator.ts";

/** The proof takes 10 000; here it is seen that they would tell. */
const SEEDS = { from: 1, to: 41 };
const MOST_SEEDS = 10_000;

Deno.test("A few worlds of two conductors keep every promise", async () => {
  using simulator = new Simulator();
  const { faults, deaths, terms } = await simulator.runAll(SEEDS);
  assertEquals(faults, []);
  assert(deaths > 20 && terms > 60, `${deaths} deaths, ${terms} terms`);
});

Deno.test("A seed is the same world each time, whatever was simulated before, and no other's", async () => {
  using one = new Simulator();
  using other = new Simulator();
  const digests = new Set<string>();
  for (let seed = 1; seed <= 12; seed++) {
    const { digest, turns } = await one.run(seed);
    digests.add(digest);
    if (seed % 3 !== 0) continue;
    const again = await other.run(seed, { keepsTrace: true });
    assertEquals([again.digest, again.turns], [digest, turns]);
    assertNotEquals(again.lines, []);
  }
  assertEquals(digests.size, 12);
});

for (const [name, plant] of Object.entries(PLANTED_BUGS)) {
  Deno.test(`The simulation finds ${name}`, async () => {
    using simulator = new Simulator({ plant });
    for (let seed = 1; seed <= MOST_SEEDS; seed++) {
      const { fault, digest } = await simulator.run(seed);
      if (fault === undefined) continue;
      assertEquals((await simulator.run(seed)).digest, digest);
      return;
    }
    throw new Error(`Cannot find it within ${MOST_SEEDS} seeds`);
  });
}
