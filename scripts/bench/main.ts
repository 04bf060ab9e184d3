// deno-lint-ignore-file no-console -- a script talks to a terminal
// deno-lint-ignore-file no-console -- a script talks to a terminal
/**
 * Measures the product against its floors and peers, in turn, and prints the
 * README's table; what varies by more than a third is measured again, and says
 * by how much where it still does. `quick` is all that takes seconds.
 *
 * Usage: deno run -A scripts/bench/main.ts [quick | group …]
 */
import { browserBench } from "./browser_bench.ts";
import { codexBench } from "./codex_bench.ts";
import { documentsBench } from "./documents_bench.ts";
import { execBench } from "./exec_bench.ts";
import { filesBench } from "./files_bench.ts";
import type { Bench } from "./harness.ts";
import { httpBench } from "./http_bench.ts";
import { listBench } from "./list_bench.ts";
import { loopBench } from "./loop_bench.ts";
import { memoryBench } from "./memory_bench.ts";
import { outputBench } from "./output_bench.ts";
import { rowsBench } from "./rows_bench.ts";
import { startBench } from "./start_bench.ts";
import { machineLoad, measureSteadily, showRow } from "./steady.ts";
import { streamBench } from "./stream_bench.ts";

const QUICK: Readonly<Record<string, Bench>> = {
  http: httpBench,
  exec: execBench,
  loop: loopBench,
  rows: rowsBench,
  files: filesBench,
  stream: streamBench,
  start: startBench,
  documents: documentsBench,
};

const GROUPS: Readonly<Record<string, Bench>> = {
  ...QUICK,
  output: outputBench,
  memory: memoryBench,
  lists: listBench,
  codex: codexBench,
  browser: browserBench,
};

const all = Object.keys(GROUPS);
const given = Deno.args.length > 0 ? Deno.args : all;
const wanted = given.flatMap((it) => it === "quick" ? Object.keys(QUICK) : it);
const unknown = wanted.filter((it) => !all.includes(it));
if (unknown.length > 0) {
  console.error(`No group: ${unknown}. Known: quick, ${all.join(", ")}`);
  Deno.exit(2);
}
const lines: string[] = [];
const loads: string[] = [];
let hasFailed = false;
for (const name of wanted) {
  const group = GROUPS[name];
  if (group === undefined) continue;
  console.error(`Measuring ${name} …`);
  const load = await machineLoad();
  try {
    const rows = await measureSteadily(group);
    loads.push(`${name} ${load.text}`);
    lines.push(...rows.map((it) => showRow(it, load)));
    if (rows.length === 0) console.error(`${name}: its peer is not installed`);
  } catch (error) {
    // what others have measured is worth its minutes
    console.error(`Cannot measure ${name}:`, error);
    hasFailed = true;
  }
}
console.log("| what | ours | floor or peer | ratio | target | met |");
console.log("| --- | --- | --- | --- | --- | --- |");
console.log(lines.join("\n"));
console.log(`\nLoad of the machine before: ${loads.join("; ")}.`);
if (hasFailed) Deno.exit(1);
