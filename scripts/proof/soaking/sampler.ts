import { join } from "@std/path";
import type { Point } from "./trend.ts";
import type { Stage } from "./stage.ts";

const DAEMONS = ["conductor", "codexd"] as const;
const FOLDERS = ["state", "logs", "tmp"] as const;

/** Looks at both daemons and at their folders, and remembers what it saw. */
export class Sampler {
  readonly #stage: Stage;
  readonly #since = performance.now();
  readonly #points = new Map<string, Point[]>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** What was seen, by its name: figures over time. */
  get points(): ReadonlyMap<string, readonly Point[]> {
    return this.#points;
  }

  async look(): Promise<void> {
    const at = performance.now() - this.#since;
    for (const [name, value] of await figuresOf(this.#stage)) {
      const points = this.#points.get(name) ?? [];
      points.push({ at, value });
      this.#points.set(name, points);
    }
  }
}

/** What can be seen of the daemons from outside, now. */
async function figuresOf(stage: Stage): Promise<Map<string, number>> {
  const figures = new Map<string, number>();
  const tree = await processTree();
  for (const name of DAEMONS) {
    const { pid } = stage.daemons[name];
    figures.set(`${name}: RSS, MiB`, (tree.rssKib.get(pid) ?? NaN) / 1024);
    figures.set(`${name}: descriptors`, await descriptorsOf(pid));
    figures.set(`${name}: threads`, await threadsOf(pid));
    figures.set(`${name}: children`, descendants(tree, pid));
  }
  for (const name of FOLDERS) {
    const bytes = await bytesIn(join(stage.folder, name));
    figures.set(`${name}/, MiB`, bytes / 1_048_576);
  }
  const database = join(stage.folder, "state", "conductor", "conductor.db");
  const bytes = await Promise.all(
    [database, `${database}-wal`].map(async (it) =>
      (await Deno.stat(it).catch(() => ({ size: 0 }))).size
    ),
  );
  figures.set("database with WAL, MiB", sum(bytes) / 1_048_576);
  return figures;
}

interface ProcessTree {
  readonly parents: ReadonlyMap<number, number>;
  readonly rssKib: ReadonlyMap<number, number>;
}

async function processTree(): Promise<ProcessTree> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-Ao", "pid=,ppid=,rss="],
  }).output();
  const rows = new TextDecoder().decode(stdout).trim().split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  return {
    parents: new Map(rows.map(([pid = 0, parent = 0]) => [pid, parent])),
    rssKib: new Map(rows.map(([pid = 0, _, rss = 0]) => [pid, rss])),
  };
}

function descendants({ parents }: ProcessTree, pid: number): number {
  const isBelow = (id: number | undefined): boolean =>
    id !== undefined && id !== 0 &&
    (parents.get(id) === pid || isBelow(parents.get(id)));
  return [...parents.keys()].filter(isBelow).length;
}

async function descriptorsOf(pid: number): Promise<number> {
  if (Deno.build.os === "linux") {
    return (await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`))).length;
  }
  const { stdout } = await new Deno.Command("lsof", {
    args: ["-p", String(pid)],
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).split("\n").length - 2;
}

/** NaN where the system tells no number. */
async function threadsOf(pid: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/status`)
    .catch(() => "");
  return Number(/^Threads:\s+(\d+)/m.exec(text)?.[1] ?? NaN);
}

/** What the files of a folder hold; what goes meanwhile counts for nothing. */
async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = join(folder, name);
      bytes += isDirectory
        ? await bytesIn(path)
        : (await Deno.lstat(path)).size;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return bytes;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, it) => total + it, 0);
}
