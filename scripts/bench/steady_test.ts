import { assertEquals } from "@std/assert";
import type { BenchRow } from "./harness.ts";
import { measureSteadily, showRow } from "./steady.ts";

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
  );
  return { runs, ratio: rows[0]?.ratio };
}

Deno.test("measureSteadily() measures again what varies by more than a third", async () => {
  assertEquals(await measured("0.70 ×", "0.80 ×"), {
    runs: 2,
    ratio: "0.80 ×",
  });
  assertEquals(await measured("0.30 ×", "0.80 ×", "0.70 ×"), {
    runs: 3,
    ratio: "0.70 ×",
  });
  const wild = await measured("1 ×", "9 ×", "30 ×", "90 ×", "300 ×");
  assertEquals([wild.runs, wild.ratio], [5, "30 ×"]);
});

Deno.test("measureSteadily() measures nothing whose peer is absent", async () => {
  const none = () => Promise.resolve([]);
  assertEquals(await measureSteadily(none), []);
});

Deno.test("showRow() says what makes a row doubtful", () => {
  const show = (spread: number, isShared: boolean) =>
    showRow({ ...row("0.70 ×"), spread }, { text: "", isShared });
  assertEquals(show(0.1, false), "| x | 1 | 2 | 0.70 × |  | yes |");
  assertEquals(
    show(0.5, true),
    "| x | 1 | 2 | 0.70 × ± 50 % |  | yes, while others ran |",
  );
});
