// deno-lint-ignore-file no-console -- a script talks to a terminal
/**
 * Measures the product against its floors and peers and prints a table, with
 * the load of the machine; what varies by more than a third is measured again.
 *
 * Usage: deno run -A scripts/bench/main.ts [group …]
 */
import { browserBench } from "./browser_bench.ts";
import { codexBench } from "./codex_bench.ts";
import { execBench } from "./exec_bench.ts";
import type { Bench } from "./harness.ts";
import { httpBench } from "./http_bench.ts";
import { listBench } from "./list_bench.ts";
import { rowsBench } from "./rows_bench.ts";
import { startBench } from "./start_bench.ts";
import { machineLoad, measureSteadily, type SteadyRow } from "./steady.ts";

const GROUPS: Readonly<Record<string, Bench>> = {
  http: httpBench,
  exec: execBench,
  rows: rowsBench,
  start: startBench,
  browser: browserBench,
  lists: listBench,
  codex: codexBench,
};

const wanted = Deno.args.length > 0 ? Deno.args : Object.keys(GROUPS);
const rows: SteadyRow[] = [];
for (const name of wanted) {
  const group = GROUPS[name];
  if (group === undefined) {
    console.error(`Known groups: ${Object.keys(GROUPS).join(", ")}`);
    Deno.exit(2);
  }
  console.error(`Measuring ${name} …`);
  const measured = await measureSteadily(group, machineLoad);
  if (measured.length === 0) {
    console.error(`${name}: its peer is not installed`);
  }
  rows.push(...measured);
}
console.log(
  "| what | ours | floor or peer | ratio | target | met | ± | load before |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
for (const row of rows) {
  const { name, ours, floor, ratio, target, met, spread, load } = row;
  console.log(
    `| ${name} | ${ours} | ${floor} | ${ratio} | ${target} | ${
      met ? "yes" : "**no**"
    } | ${(100 * spread).toFixed(0)} % | ${load} |`,
  );
}
