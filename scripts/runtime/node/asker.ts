import process from "node:process";
import { MARKS } from "../../../shared/shell_variables.ts";
import { HANDED_OVER, type Machine } from "./machine.ts";

/**
 * Returns who asked for what is handed over, as {@linkcode isAsking} reads it:
 * of which kind, and the process group that a command of a daemon's leads.
 */
export async function askerOf(
  { environment, run }: Pick<Machine, "environment" | "run">,
): Promise<string> {
  const kind = environment[MARKS.run] !== undefined
    ? "surviving run"
    : environment[MARKS.codexd] !== undefined
    ? "codex"
    : "command";
  const ps = await run(["ps", "-o", "pgid=", "-p", `${Deno.pid}`]);
  return `${kind} ${ps.stdout.trim()}`;
}

/**
 * Tells whether a Codex turn or a command of conductor's has asked for this and
 * goes on, e.g. to follow it: it is not to be waited for.
 */
export function isAsking(
  kind: "codex" | "command",
  { environment }: Pick<Machine, "environment">,
): boolean {
  const asker = environment[HANDED_OVER] ?? "";
  const group = Number(/ (\d+)$/.exec(asker)?.[1] ?? 0);
  if (group < 2 || !asker.startsWith(kind)) return false;
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
