import { join } from "@std/path";
import { shellQuote } from "../../../shared/shell_quote.ts";
import { isPossible } from "../../testing/is_possible.ts";
import type { Fault, Injection, Point } from "./point.ts";

/** The calls by which SQLite writes. */
const WRITES = ["pwrite64", "write", "fsync", "fdatasync", "ftruncate"];

/** The calls by which shells, and what they use, write. */
const SHELL_WRITES = [
  "write",
  "link",
  "linkat",
  "rename",
  "renameat2",
  "unlinkat",
  "ftruncate",
  "fsync",
  "copy_file_range",
];

/**
 * Whether strace works here: SQLite writes by itself, where only the system's
 * calls can be had.
 */
export function hasStrace(): Promise<boolean> {
  return isPossible("strace", CHEAPLY, ...FOLLOW, "/dev/null", "true");
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

/** Has each shell of a daemon note what it and its programs write. */
export function countingShells(folder: string): Promise<Injection> {
  const calls = SHELL_WRITES.join(",");
  return tracedShells(folder, [`--trace=${calls}`, CHEAPLY]);
}

/** Has such a write fail, or be the last, in each shell and each program of one. */
export async function failingShells(
  folder: string,
  { op, nth }: Point,
  fault: Fault,
): Promise<Injection> {
  const what = fault === "kill" ? "signal=KILL" : `error=${fault}`;
  const injection = await tracedShells(folder, [
    `--trace=${op}`,
    `--inject=${op}:${what}:when=${nth}`,
    ...fault === "kill" ? [] : [CHEAPLY],
  ]);
  const sign = fault === "kill" ? "killed by SIGKILL" : "(INJECTED)";
  return {
    ...injection,
    isReached: async () => (await tracesIn(folder)).includes(sign),
  };
}

/** What the shells have noted, one after the other. */
export async function tracesIn(folder: string): Promise<string> {
  const names = await Array.fromAsync(Deno.readDir(folder), (it) => it.name);
  const traces = names.filter((it) => it.startsWith("trace-"));
  const texts = traces.map((it) => Deno.readTextFile(join(folder, it)));
  return (await Promise.all(texts)).join("");
}

async function tracedShells(
  folder: string,
  what: readonly string[],
): Promise<Injection> {
  const path = join(folder, "sh");
  // Who ends a command's group or session leaves the tracer alone.
  const words = ["exec strace -DDD -q -y -f", ...what].join(" ");
  const file = `${shellQuote(join(folder, "trace-"))}$$`;
  await Deno.writeTextFile(
    path,
    `#!/bin/sh\n${words} -o ${file} /bin/sh "$@"\n`,
  );
  await Deno.chmod(path, 0o755);
  return { env: { BAA_SHELL: path } };
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

/** Reads the points of shells: each counts for itself, and the longest counts. */
export function shellPointsIn(trace: string, where: string): Point[] {
  const points = new Map<string, Point>();
  const counts = new Map<string, number>();
  for (const line of trace.split("\n")) {
    const [, pid, op = ""] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (!SHELL_WRITES.includes(op)) continue;
    const nth = (counts.get(`${pid} ${op}`) ?? 0) + 1;
    counts.set(`${pid} ${op}`, nth);
    const point = { where, op, nth, path: "" };
    // What is written may go through a pipe, which meets no full disk.
    const ofFiles = op !== "write";
    points.set(
      `${op} ${nth}`,
      ofFiles ? point : { ...point, faults: ["kill"] },
    );
  }
  return [...points.values()];
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
