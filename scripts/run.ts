// deno-lint-ignore-file no-console -- a script talks to a terminal
/**
 * Runs one daemon from source with exactly the permissions of its binary.
 *
 * Usage: deno run -A scripts/run.ts conductor|codexd [--watch] [--print-config]
 *        deno run -A scripts/run.ts conductor status-api
 */
import { ConfigError } from "../shared/config/mod.ts";
import { launch, passSignalsOn } from "./launch.ts";

const [program, ...rest] = Deno.args;
if (program !== "conductor" && program !== "codexd") {
  console.error("Usage: run.ts conductor|codexd [--watch] [--print-config]");
  Deno.exit(2);
}
try {
  const child = launch(program, {
    args: rest.filter((it) => it !== "--watch"),
    isWatched: rest.includes("--watch"),
  });
  passSignalsOn([child]);
  Deno.exit((await child.status).code);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(`${program}: ${error.message}`);
  Deno.exit(2);
}
