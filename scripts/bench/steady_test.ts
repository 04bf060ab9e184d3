import { assertEquals } from "@std/assert";
import type { BenchRow } from "./harness.ts";
import { measureSteadily } from "./steady.ts";

const row = (ratio: string): BenchRow => ({
  name: "x",
  ours: "1",
  floor: "2",
  ratio,
  target: "",
  met: true,
});

async function measured(...ratios: readonly string[]) {
  let runs = 0;
  const rows = await measureSteadily(
    () => Promise.resolve([row(ratios[runs++] ?? "none")]),
    () => Promise.resolve("0.1"),
  );
  return { runs, ratio: rows[0]?.ratio, load: rows[0]?.load };
}

Deno.test("measureSteadily() measures again what varies by more than a third", async () => {
  assertEquals(await measured("0.70 ×", "0.80 ×"), {
    runs: 2,
    ratio: "0.80 ×",
    load: "0.1",
  });
  assertEquals(await measured("0.30 ×", "0.80 ×", "0.70 ×"), {
    runs: 3,
    ratio: "0.70 ×",
    load: "0.1",
  });
  const wild = await measured("1 ×", "9 ×", "30 ×", "90 ×", "300 ×");
  assertEquals([wild.runs, wild.ratio], [5, "30 ×"]);
});

Deno.test("measureSteadily() measures nothing whose peer is absent", async () => {
  const none = () => Promise.resolve([]);
  assertEquals(await measureSteadily(none, () => Promise.resolve("")), []);
});
