import { within } from "../../shared/wait.ts";
import type { GatedShellOptions } from "./gated_shell.ts";

/**
 * Lists all processes, one a line, with state, parent and group; those of Linux
 * also with what stands behind: session, terminal, its group, flags.
 */
const LIST = `if [ -r /proc/self/stat ]; then cat /proc/[0-9]*/stat
else ps -A -o stat= -o ppid= -o pgid=; fi 2>/dev/null`;

/** What of a line is read, whatever the name of the program in it. */
const LINE =
  /^(?:.*\) )?\s*([A-Za-z])\S*\s+\d+\s+(\d+)(?: -?\d+ -?\d+ -?\d+ (\d+))?/gm;

/** A process of Linux that is ending already has this flag. */
const PF_EXITING = 4;

/** Milliseconds that listing may take. */
const PATIENCE_MS = 2_000;

/**
 * Counts the processes of a group that neither are dead and not yet collected
 * nor about to be; 1 when they cannot be listed.
 */
export async function countGroup(
  group: number,
  { shell, environment, clock }: Pick<
    GatedShellOptions,
    "shell" | "environment" | "clock"
  >,
): Promise<number> {
  try {
    const child = new Deno.Command(shell, {
      args: ["-c", LIST],
      cwd: "/",
      env: environment,
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const output = child.output();
    if (!await within(output, { ms: PATIENCE_MS, clock })) child.kill();
    const { stdout } = await output;
    const all = [...new TextDecoder().decode(stdout).matchAll(LINE)];
    if (all.length === 0) return 1;
    return all.filter(([, state = "", id, flags]) =>
      Number(id) === group && !"ZXE".includes(state) &&
      (Number(flags ?? 0) & PF_EXITING) === 0
    ).length;
  } catch {
    return 1;
  }
}
