// deno-lint-ignore-file no-console -- a script talks to a terminal
import { parseArgs } from "node:util";
import { PARSERS } from "./fuzzing/parsers.ts";
import { MOST_MS, type Outcome, runParser } from "./fuzzing/run_parser.ts";

/**
 * Gives each parser of the product inputs of every kind, and prints a table; one
 * that fails is printed with the command that replays it. Returns whether all is
 * well.
 */
export async function fuzz(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      inputs: { type: "string", default: "1000000" },
      only: { type: "string" },
      seed: { type: "string", default: `${Date.now() % 2 ** 31}` },
      path: { type: "string" },
    },
  });
  const { only, path } = values;
  const chosen = PARSERS.filter(({ name }) => (only ?? name) === name);
  if (chosen.length === 0) {
    const names = PARSERS.map(({ name }) => name).join(", ");
    console.error(`No parser "${only}". Known: ${names}`);
    return false;
  }
  const inputs = Number(values.inputs);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(inputs) || !Number.isSafeInteger(seed)) {
    console.error("--inputs and --seed must be whole numbers");
    return false;
  }
  console.log(`seed ${seed}; nothing may take longer than ${MOST_MS} ms\n`);
  console.log("| parser | inputs | failures | slowest ms |");
  console.log("| --- | ---: | ---: | ---: |");
  const failed: Outcome[] = [];
  for (const parser of chosen) {
    const outcome = await runParser(parser, { inputs, seed, path });
    const { name, slowestMs, failure } = outcome;
    const failures = failure === undefined ? 0 : 1;
    if (failures > 0) failed.push(outcome);
    console.log(
      `| ${name} | ${outcome.inputs} | ${failures} | ${slowestMs.toFixed(2)} |`,
    );
  }
  for (const { name, failure } of failed) {
    console.log(
      `\n${name}: ${failure?.input}\n${failure?.reason}\n  ${failure?.replay}`,
    );
  }
  return failed.length === 0;
}
