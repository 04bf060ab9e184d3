// deno-lint-ignore-file no-console -- a script talks to a terminal
/**
 * Makes the product's promises into figures: each proof prints its own, and ends
 * with 1 when a promise is broken.
 *
 * Usage: deno run -A scripts/proof/main.ts attack [--base URL] [--token-file F] [--state FOLDER]
 *        deno run -A scripts/proof/main.ts faults [--points N|all] [--only PLACE] [--workers N]
 *        deno run -A scripts/proof/main.ts simulate [--seeds N] [--from S] [--workers N] [--seed X]
 *        deno run -A scripts/proof/main.ts fuzz [--inputs N] [--only PARSER] [--seed X]
 *        deno run -A scripts/proof/main.ts mutate [--only FILE] [--mutant N] [--sample N] [--seed X] [--workers N]
 *        deno run -A scripts/proof/main.ts soak [--minutes N] [--speed K] [--without-codex] [--only CLIENT]
 */
import { attack } from "./attack.ts";
import { faults } from "./faults.ts";
import { fuzz } from "./fuzz.ts";
import { mutate } from "./mutate.ts";
import { simulate } from "./simulate.ts";
import { soak } from "./soak.ts";

const PROOFS = { attack, faults, fuzz, mutate, simulate, soak };

const [name = "", ...args] = Deno.args;
if (!Object.hasOwn(PROOFS, name)) {
  const known = Object.keys(PROOFS).join(", ");
  console.error(`No proof "${name}". Known: ${known}`);
  Deno.exit(2);
}
Deno.exitCode = await PROOFS[name as keyof typeof PROOFS](args) ? 0 : 1;
