// deno-lint-ignore-file no-console -- a script talks to a terminal
/**
 * Checks the house: imports run one way, a room is entered by its door, there
 * is no circle, rigs stay out of the product, a name is exported once. Counts
 * `.ts` and `.js`, type-only imports too. Prints the rooms with their lines.
 *
 * Usage: deno run -A scripts/check_layers.ts
 */
import { dirname, join, normalize, relative } from "@std/path";

/** Stands for the files of a folder that no row names. */
const OTHER_FILES = "*";

/**
 * What stands in a folder, lowest first: an entry imports from the rows above
 * its own, files from each other's row too. A folder that is not here belongs
 * to the room that it stands in.
 */
const ROWS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "": [["shared"], ["host_ops"], ["codexd", "conductor"], ["scripts"]],
  shared: [
    ["std"],
    [OTHER_FILES],
    ["config"],
    ["http"],
    ["contracts"],
    ["describe"],
    ["daemon"],
  ],
  host_ops: [["process"], [OTHER_FILES]],
  codexd: [
    ["rpc"],
    ["app_server"],
    ["config.ts"],
    ["sessions"],
    [OTHER_FILES],
    ["routes"],
    ["compose.ts"],
    ["main.ts"],
  ],
  conductor: [
    ["config.ts", "guidance.ts", "host_operations.ts"],
    ["store"],
    ["record"],
    ["automation"],
    ["access", "codex", "browser", "mcp", "notify"],
    ["status"],
    [OTHER_FILES],
    ["routes"],
    ["compose.ts"],
    ["main.ts"],
  ],
  "conductor/browser": [
    [
      "contract.ts",
      "failures.ts",
      "http_schemas.ts",
      "limits.ts",
    ],
    ["extension"],
    ["bridge"],
    ["requests"],
    ["records"],
    ["actions.ts"],
    ["claude"],
    [OTHER_FILES],
  ],
  scripts: [
    [OTHER_FILES],
    ["runtime"],
    ["bench", "proof"],
  ],
  "scripts/runtime": [
    ["node"],
    ["launchd"],
    ["checks"],
    ["install"],
    ["manage"],
    [OTHER_FILES],
  ],
};

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^"'`;]*?from\s*"(\.[^"]+)"|(?:^|\n)\s*import\s*"(\.[^"]+)"|\bimport\(\s*"(\.[^"]+)"\s*\)/g;
const EXPORT =
  /^export (?:declare |abstract |async )*(?:class|function\*?|const|let|enum|interface|type) (\w+)/gm;

/** A source file: what it imports and exports; paths are relative to the root. */
export interface Source {
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  readonly lines: number;
}

/** Reads the sources of the house that stands in `root`. */
export async function readSources(root: string): Promise<Map<string, Source>> {
  const sources = new Map<string, Source>();
  for (const top of ROWS[""]?.flat() ?? []) {
    for await (const file of sourceFiles(join(root, top))) {
      const path = relative(root, file);
      sources.set(path, sourceOf(path, await Deno.readTextFile(file)));
    }
  }
  return sources;
}

/** Returns what the text of the file at `path` imports and exports. */
export function sourceOf(path: string, text: string): Source {
  const imports = [...text.matchAll(IMPORT)]
    .map((it) => normalize(join(dirname(path), it[1] ?? it[2] ?? it[3] ?? "")))
    .filter((it) => /\.(ts|js)$/.test(it));
  const exports = [...text.matchAll(EXPORT)].map(([, name = ""]) => name);
  return {
    imports,
    exports: [...new Set(exports)],
    lines: text.split("\n").length - 1,
  };
}

async function* sourceFiles(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* sourceFiles(path);
    else if (/(?<!\.d)\.(ts|js)$/.test(entry.name)) yield path;
  }
}

/** Returns what is wrong with a house, one sentence a fault. */
export function layerFaults(sources: ReadonlyMap<string, Source>): string[] {
  const doors = new Set(
    [...sources.keys()].filter(isDoor).map((it) => dirname(it)),
  );
  const edges = [...sources].flatMap(([from, { imports }]) =>
    imports.map((to) => [from, to] as const)
  );
  return [
    ...unknownRooms(doors),
    ...edges.flatMap(([from, to]) => edgeFaults(from, to, doors)),
    ...circles(sources),
    ...doubledNames(sources),
  ];
}

function isDoor(file: string): boolean {
  return /\/mod\.(ts|js)$/.test(file);
}

/** Tests and rigs look into the rooms that they are about. */
function isProduct(file: string): boolean {
  return !/_test\.ts$|\/testing\/|\/(bench|proof)\//.test(file);
}

/** A folder with a door is a room, and a room has its place in {@linkcode ROWS}. */
function unknownRooms(doors: ReadonlySet<string>): string[] {
  return [...doors]
    .filter((it) => {
      const rows = ROWS[dirname(it)];
      return rows !== undefined &&
        !rows.flat().includes(it.split("/").at(-1) ?? "");
    })
    .map((it) => `${it} is a room that has no place among its neighbours`);
}

function edgeFaults(
  from: string,
  to: string,
  doors: ReadonlySet<string>,
): string[] {
  if (to.endsWith("_test.ts")) return [`${from} imports the test ${to}`];
  const isRig = to.includes("/testing/");
  if (isRig && isProduct(from)) {
    return [`${from} imports the test helper ${to}`];
  }
  const rank = rankFault(from, to);
  if (rank !== undefined) return [rank];
  if (!isProduct(from) || isRig || isDoor(to)) return [];
  const room = roomOf(to, doors);
  return room === undefined || from.startsWith(`${room}/`)
    ? []
    : [`${from} imports ${to} past the door of ${room}`];
}

/** The innermost room that a file stands in. */
function roomOf(file: string, doors: ReadonlySet<string>): string | undefined {
  for (let it = dirname(file); it !== "."; it = dirname(it)) {
    if (doors.has(it)) return it;
  }
  return undefined;
}

/** Judges an import in the folder that both files stand in. */
function rankFault(from: string, to: string): string | undefined {
  const [a, b] = [from.split("/"), to.split("/")];
  const depth = a.findIndex((it, index) => it !== b[index]);
  const rows = ROWS[a.slice(0, depth).join("/")];
  if (depth === -1 || rows === undefined) return undefined;
  if (depth > 0 && !isProduct(from)) return undefined;
  const [high, low] = [rowOf(rows, a, depth), rowOf(rows, b, depth)];
  if (low === -1 || high === -1) {
    return `${from} imports ${to}: a folder of the two is no known room`;
  }
  const bothFiles = a.length === depth + 1 && b.length === depth + 1;
  if (low < high || (low === high && bothFiles)) return undefined;
  return `${from} may not import ${to}`;
}

function rowOf(
  rows: readonly (readonly string[])[],
  path: readonly string[],
  depth: number,
): number {
  const name = path[depth] ?? "";
  const named = rows.findIndex((it) => it.includes(name));
  if (named !== -1 || path.length > depth + 1) return named;
  return rows.findIndex((it) => it.includes(OTHER_FILES));
}

function circles(sources: ReadonlyMap<string, Source>): string[] {
  const faults: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at !== -1) {
      faults.push(`Circle: ${[...path.slice(at), file].join(" -> ")}`);
      return;
    }
    if (done.has(file)) return;
    for (const next of sources.get(file)?.imports ?? []) {
      visit(next, [...path, file]);
    }
    done.add(file);
  };
  for (const file of sources.keys()) visit(file, []);
  return faults;
}

function doubledNames(sources: ReadonlyMap<string, Source>): string[] {
  const places = new Map<string, string[]>();
  for (const [file, { exports }] of sources) {
    if (!isProduct(file) || file.startsWith("shared/std/")) continue;
    for (const name of exports) {
      places.set(name, [...places.get(name) ?? [], file]);
    }
  }
  return [...places].filter(([, files]) => files.length > 1)
    .map(([name, files]) => `${name} is exported by ${files.join(" and ")}`);
}

/** Returns the product's lines of each room, and of all. */
export function linesOfRooms(
  sources: ReadonlyMap<string, Source>,
): Map<string, number> {
  const doors = new Set(
    [...sources.keys()].filter(isDoor).map((it) => dirname(it)),
  );
  const lines = new Map<string, number>();
  for (const [file, source] of [...sources].sort()) {
    if (!isProduct(file)) continue;
    const room = roomOf(file, doors) ?? file.split("/")[0] ?? "";
    for (const key of new Set([room, "all"])) {
      lines.set(key, (lines.get(key) ?? 0) + source.lines);
    }
  }
  return lines;
}

if (import.meta.main) {
  const sources = await readSources(join(import.meta.dirname ?? ".", ".."));
  const faults = layerFaults(sources);
  for (const [room, lines] of linesOfRooms(sources)) {
    console.log(`${String(lines).padStart(6)}  ${room}`);
  }
  for (const fault of faults) console.error(fault);
  console.log(`${sources.size} files, ${faults.length} faults`);
  if (faults.length > 0) Deno.exit(1);
}
