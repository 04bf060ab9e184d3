// deno-lint-ignore-file no-console -- a script talks to a terminal
/**
 * Runs one daemon from source with exactly the permissions of its binary.
 *
 * Usage: deno run -A scripts/run.ts conductor|codexd [--watch] [--print-config]
 *        deno run -A scripts/run.ts conductor status-api
 */
import { ConfigError } from "../shared/config/mod.ts";
import { launch, untilEnded } from "./launch.ts";

const [program, ...rest] = Deno.args;
if (program !== "conductor" && program !== "codexd") {
  console.error("Usage: run.ts conductor|codexd [--watch] [--print-config]");
  Deno.exit(2);
}
try {
  const isWatched = rest.includes("--watch");
  const args = rest.filter((it) => it !== "--watch");
  const child = launch(program, { args, isWatched });
  Deno.exit(await untilEnded([child], { isWatched }));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(`${program}: ${error.message}`);
  Deno.exit(2);
}
