import type { Fault, Injection, Point } from "./point.ts";

/** The calls by which SQLite writes. */
const WRITES = ["pwrite64", "write", "fsync", "fdatasync", "ftruncate"];

/**
 * Whether strace works here: SQLite writes by itself, where only the system's
 * calls can be had.
 */
export async function hasStrace(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("strace", {
      args: [CHEAPLY, ...FOLLOW, "/dev/null", "true"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

/** Starts a program so that what it writes to `paths` is noted in a file. */
export function countingTrace(
  paths: readonly string[],
  file: string,
): Injection {
  return traced([`--trace=${WRITES.join(",")}`], { paths, file });
}

/** Starts a program so that one of these writes fails, or is its last. */
export function failingTrace(
  { op, nth }: Point,
  fault: Fault,
  { paths, file }: { readonly paths: readonly string[]; readonly file: string },
): Injection {
  const what = fault === "kill" ? "signal=KILL" : `error=${fault}`;
  const inject = `--inject=${op}:${what}:when=${nth}`;
  // Signals go astray where only the calls that are watched stop the program.
  const isFiltered = fault !== "kill";
  const sign = fault === "kill" ? "killed by SIGKILL" : "(INJECTED)";
  return {
    ...traced([`--trace=${op}`, inject], { paths, file, isFiltered }),
    isReached: async () => (await Deno.readTextFile(file)).includes(sign),
  };
}

/** Reads the points of a place from what {@linkcode countingTrace} noted. */
export function pointsIn(trace: string, where: string): Point[] {
  const counts = new Map<string, number>();
  return trace.split("\n").flatMap((line) => {
    const [, op, , path] = /^\d+ +(\w+)\((\d+<([^>]*)>)?/.exec(line) ?? [];
    if (op === undefined || !WRITES.includes(op)) return [];
    const nth = (counts.get(op) ?? 0) + 1;
    counts.set(op, nth);
    return [{ where, op, nth, path: path ?? "" }];
  });
}

function traced(
  what: readonly string[],
  { paths, file, isFiltered = true }: {
    readonly paths: readonly string[];
    readonly file: string;
    readonly isFiltered?: boolean;
  },
): Injection {
  const chosen = paths.flatMap((path) => ["-P", path]);
  const filter = isFiltered ? [CHEAPLY] : [];
  return {
    wrapper: ["strace", ...what, ...chosen, ...filter, ...FOLLOW, file],
  };
}

/** Other calls cost next to nothing. */
const CHEAPLY = "--seccomp-bpf";

/** Threads and children too; the program stays the child of who starts it. */
const FOLLOW = ["-D", "-q", "-y", "-f", "-o"];
