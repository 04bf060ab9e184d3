import { within } from "../../shared/wait.ts";
import type { GroupMembers } from "./child_process.ts";
import type { GatedShellOptions } from "./gated_shell.ts";

/**
 * Lists all processes, one a line, with state, parent and group; those of Linux
 * also with what stands behind: session, terminal, its group, flags.
 */
const LIST = `if [ -r /proc/self/stat ]; then cat /proc/[0-9]*/stat
else ps -A -o stat= -o ppid= -o pgid=; fi 2>/dev/null`;

/** What of a line is read, whatever the name of the program in it. */
const LINE =
  /^(?:(\d+) \(.*\) )?\s*([A-Za-z])\S*\s+\d+\s+(\d+)(?: (\d+) -?\d+ -?\d+ (\d+))?/gm;

/** A process of Linux that is ending already has this flag. */
const PF_EXITING = 4;

/** Milliseconds that listing may take. */
const PATIENCE_MS = 2_000;

/**
 * Finds the processes of a group that neither are dead and not yet collected
 * nor about to be; one when they cannot be listed.
 */
export async function membersOf(
  group: number,
  { shell, environment, clock }: Pick<
    GatedShellOptions,
    "shell" | "environment" | "clock"
  >,
): Promise<GroupMembers> {
  const unknown = { count: 1, strays: [] };
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
    if (all.length === 0) return unknown;
    const alive = all.map(([, id, state = "", group, session, flags]) => ({
      id: Number(id),
      isEnding: "ZXE".includes(state) ||
        (Number(flags ?? 0) & PF_EXITING) !== 0,
      group: Number(group),
      session: Number(session),
    })).filter((it) => !it.isEnding);
    return {
      count: alive.filter((it) => it.group === group).length,
      strays: alive
        .filter((it) => it.session === group && it.group !== group)
        .map(({ id }) => id),
    };
  } catch {
    return unknown;
  }
}
