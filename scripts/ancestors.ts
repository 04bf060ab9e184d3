import process from "node:process";
import { systemClock } from "../shared/clock.ts";
import { sleep } from "../shared/wait.ts";

const POLL_MS = 500;

/**
 * Resolves once a process that this one was started through is gone: its
 * parent or, further up, one of `npx … task …`. Some of them die of a signal
 * without passing it on.
 */
export async function untilAncestorGone(): Promise<void> {
  const [parent = 1, ...others] = await ancestors();
  while (Deno.ppid === parent && others.every(isAlive)) {
    await sleep(systemClock, POLL_MS);
  }
}

/** The parent, and above it whatever runs a task: not the shell that was typed into. */
async function ancestors(): Promise<readonly number[]> {
  const chain = [Deno.ppid];
  const rows = await processes();
  for (let at = rows.get(Deno.ppid); at !== undefined;) {
    const above = rows.get(at.parent);
    if (above === undefined || !/ task /.test(above.args)) break;
    chain.push(at.parent);
    at = above;
  }
  return chain;
}

/** Every process by its id; none where there is no `ps`. */
async function processes() {
  const rows = new Map<number, { readonly parent: number; args: string }>();
  const columns = ["pid=", "ppid=", "args="].flatMap((it) => ["-o", it]);
  try {
    const ps = new Deno.Command("ps", { args: ["-A", "-ww", ...columns] });
    const { stdout } = await ps.output();
    for (const line of new TextDecoder().decode(stdout).split("\n")) {
      const [, pid, parent, args = ""] = /^ *(\d+) +(\d+) (.*)/.exec(line) ??
        [];
      rows.set(Number(pid), { parent: Number(parent), args });
    }
  } catch { /* then the parent alone is watched */ }
  return rows;
}

/** One that nobody has waited for yet is dead all the same. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Not this user's, or a system without /proc.
    return code === "EPERM" || code === "ENOENT";
  }
}
