import { assert, assertEquals } from "@std/assert";
import { runSoak } from "./run_soak.ts";

/** The proof takes half an hour; here it is seen that everything is asked and looked at. */
const DURATION_MS = 3000;

for (const speed of [1, 48]) {
  Deno.test(`A few seconds of every client at speed ${speed} keep every promise`, async () => {
    const { ledger, kept, points } = await runSoak({
      durationMs: DURATION_MS,
      speed,
      withRealCodex: false,
    });
    assertEquals([...ledger.errors], []);
    assertEquals(kept.filter((it) => !it.isKept), []);
    assert(ledger.times.size >= 30, String([...ledger.times.keys()]));
    assert(ledger.tasks.size >= 8, `${ledger.tasks.size} tasks`);
    for (const [name, figures] of points) assert(figures.length > 3, name);
  });
}
