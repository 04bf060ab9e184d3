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
  const [parent = 1, ...others] = await chain();
  while (Deno.ppid === parent && others.every(isAlive)) {
    await sleep(systemClock, POLL_MS);
  }
}

/** The parent, and above it whatever runs a task: not the shell that was typed into. */
async function chain(): Promise<readonly number[]> {
  const [, ...above] = await ancestors();
  const end = above.findIndex(({ args }) => !/ task /.test(args));
  const tasks = end < 0 ? above : above.slice(0, end);
  return [Deno.ppid, ...tasks.map(({ pid }) => pid)];
}

/** The processes that this one descends from, its parent first; none where there is no `ps`. */
export async function ancestors(): Promise<readonly Process[]> {
  const rows = await processes();
  const found = new Set<Process>();
  for (let at = rows.get(Deno.ppid); at !== undefined && !found.has(at);) {
    found.add(at);
    at = rows.get(at.parent);
  }
  return [...found];
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Its program and arguments, as one line. */
  readonly args: string;
}

async function processes(): Promise<ReadonlyMap<number, Process>> {
  const rows = new Map<number, Process>();
  const columns = ["pid=", "ppid=", "args="].flatMap((it) => ["-o", it]);
  try {
    const ps = new Deno.Command("ps", { args: ["-A", "-ww", ...columns] });
    const { stdout } = await ps.output();
    for (const line of new TextDecoder().decode(stdout).split("\n")) {
      const found = /^ *(\d+) +(\d+) (.*)/.exec(line);
      if (found === null) continue;
      const [pid, parent] = [Number(found[1]), Number(found[2])];
      rows.set(pid, { pid, parent, args: found[3] ?? "" });
    }
  } catch { /* none is known then */ }
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
