import { assert, assertEquals } from "@std/assert";
import { runSoak } from "./run_soak.ts";

/** The proof takes half an hour; here it is seen that everything is asked and looked at. */
const DURATION_MS = 3000;

// At 48 times the speed limits are as near as that: no load beside it is borne.
Deno.test("A few seconds of every client keep every promise", async () => {
  const { ledger, kept, points } = await runSoak({
    durationMs: DURATION_MS,
    speed: 1,
    withRealCodex: false,
  });
  assertEquals([...ledger.errors], []);
  assertEquals(kept.filter((it) => !it.isKept), []);
  assert(ledger.times.size >= 30, String([...ledger.times.keys()]));
  assert(ledger.tasks.size >= 8, `${ledger.tasks.size} tasks`);
  for (const [name, figures] of points) assert(figures.length > 3, name);
});
