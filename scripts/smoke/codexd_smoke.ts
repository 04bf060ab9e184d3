import { join } from "@std/path";
import { completePath } from "../../host_ops/process/mod.ts";
import { REAL_PARTS } from "../real_parts.ts";
import type { ExitCode, Flags } from "../runtime/node/mod.ts";
import type { Ports } from "../runtime/launchd/mod.ts";
import { CodexdSmoke } from "./codexd_context.ts";
import { CRASH_STEPS, SESSION_STEPS } from "./codexd_steps.ts";
import { runSmoke } from "./smoke.ts";

/** Proves the Codex side with a temporary codexd and conductor. */
export async function codexdSmoke(
  _flags: Flags,
  { terminal }: Ports,
): Promise<ExitCode> {
  const { env } = Deno;
  const wanted = env.get("BAA_CODEX_BIN") || "codex";
  const path = completePath(
    `${env.get("PATH") ?? ""}:${join(REAL_PARTS, "node_modules", ".bin")}`,
    env.get("HOME"),
  );
  await using context = await CodexdSmoke.start(wanted, path);
  terminal.say(`with  ${context.which}`);
  return await runSmoke([...SESSION_STEPS, ...CRASH_STEPS], {
    context,
    terminal,
  });
}
