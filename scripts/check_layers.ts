// deno-lint-ignore-file no-console -- a script talks to a terminal
/**
 * Checks that imports run one way, that there is no circle, and that test
 * helpers stay out of the product. Type-only imports count.
 *
 * Usage: deno run -A scripts/check_layers.ts
 */
import { dirname, join, normalize, relative } from "@std/path";

/** What each top-level folder may import, itself aside. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  host_ops: ["shared"],
  codexd: ["shared", "host_ops"],
  conductor: ["shared", "host_ops"],
  scripts: ["shared", "host_ops", "codexd", "conductor"],
};

/** Rooms of a folder, lowest first: a file imports from its own line or from above it. */
const ROOMS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  shared: [
    ["", "config", "std"],
    ["http", "contracts"],
    ["describe"],
    ["daemon"],
  ],
  codexd: [
    ["config.ts", "codex_variables.ts", "guidance.ts", "rpc"],
    ["app_server"],
    ["sessions"],
    ["runtime.ts"],
    ["status.ts"],
    ["deps.ts"],
    ["routes"],
    ["compose.ts"],
    ["main.ts"],
  ],
  conductor: [
    ["config.ts", "guidance.ts", "host_operations.ts", "store"],
    ["record"],
    ["automation"],
    ["codex", "browser"],
    ["status"],
    ["deps.ts"],
    ["routes"],
    ["compose.ts"],
    ["main.ts"],
  ],
};

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^"'`;]*?from\s*"(\.[^"]+)"|(?:^|\n)\s*import\s*"(\.[^"]+)"|\bimport\(\s*"(\.[^"]+)"\s*\)/g;

/** Returns what each file of `root` imports, both relative to it. */
export async function importGraph(
  root: string,
): Promise<Map<string, string[]>> {
  const graph = new Map<string, string[]>();
  for (const top of Object.keys(MAY_IMPORT)) {
    for await (const file of tsFiles(join(root, top))) {
      const text = await Deno.readTextFile(file);
      const from = relative(root, file);
      const targets = [...text.matchAll(IMPORT)].map((it) =>
        normalize(join(dirname(from), it[1] ?? it[2] ?? it[3] ?? ""))
      );
      graph.set(from, targets.filter((it) => it.endsWith(".ts")));
    }
  }
  return graph;
}

async function* tsFiles(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* tsFiles(path);
    else if (entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts")) {
      yield path;
    }
  }
}

/** Returns what is wrong with a graph, one sentence a fault. */
export function layerFaults(
  graph: ReadonlyMap<string, readonly string[]>,
): string[] {
  return [
    ...[...graph].flatMap(([from, targets]) =>
      targets.flatMap((to) => edgeFaults(from, to))
    ),
    ...circles(graph),
  ];
}

function edgeFaults(from: string, to: string): string[] {
  const [a = "", b = ""] = [from.split("/")[0], to.split("/")[0]];
  const forTests = /_test\.ts$|\/testing\//.test(from) || a === "scripts";
  if (to.endsWith("_test.ts")) return [`${from} imports the test ${to}`];
  if (/\/testing\//.test(to) && !forTests) {
    return [`${from} imports the test helper ${to}`];
  }
  if (a !== b && !MAY_IMPORT[a]?.includes(b)) {
    return [`${from} may not import ${to}`];
  }
  if (a !== b || forTests) return [];
  const [low, high] = [roomOf(to), roomOf(from)];
  return low > high ? [`${from} may not import ${to}, a room above it`] : [];
}

function roomOf(file: string): number {
  const [top = "", room = "", ...deeper] = file.split("/");
  const name = deeper.length === 0 && top === "shared" ? "" : room;
  const index = (ROOMS[top] ?? []).findIndex((it) => it.includes(name));
  return index === -1 ? 0 : index;
}

function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const faults: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at !== -1) {
      faults.push(`Circle: ${[...path.slice(at), file].join(" -> ")}`);
      return;
    }
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return faults;
}

if (import.meta.main) {
  const graph = await importGraph(join(import.meta.dirname ?? ".", ".."));
  const faults = layerFaults(graph);
  for (const fault of faults) console.error(fault);
  console.log(`${graph.size} files, ${faults.length} faults`);
  if (faults.length > 0) Deno.exit(1);
}
