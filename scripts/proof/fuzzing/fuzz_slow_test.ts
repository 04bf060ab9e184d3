import { PARSERS } from "./parsers.ts";
import { runParser } from "./run_parser.ts";

/** The proof takes a million each. */
const INPUTS = 10_000;

/** The same each time: a test that fails now and then tells nobody what came in. */
const SEED = 16;

for (const parser of PARSERS) {
  Deno.test(`Nothing that is given to "${parser.name}" breaks it`, async () => {
    const { failure } = await runParser(parser, { inputs: INPUTS, seed: SEED });
    if (failure === undefined) return;
    const { input, reason, replay } = failure;
    throw new Error(`${input}\n${reason}\n${replay}`);
  });
}
