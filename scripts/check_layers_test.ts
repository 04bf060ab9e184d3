import { assertEquals } from "@std/assert";
import {
  layerFaults,
  linesOfRooms,
  readSources,
  type Source,
  sourceOf,
} from "./check_layers.ts";

/** A house of files with the text of each. */
function house(texts: Record<string, string>): Map<string, Source> {
  return new Map(
    Object.entries(texts).map(([path, text]) => [path, sourceOf(path, text)]),
  );
}

function faults(texts: Record<string, string>): string[] {
  return layerFaults(house(texts));
}

Deno.test("layerFaults() finds imports that run upward or sideways", () => {
  assertEquals(
    faults({ "shared/a.ts": 'import "../conductor/b.ts";' }),
    ["shared/a.ts may not import conductor/b.ts"],
  );
  assertEquals(
    faults({ "codexd/a.ts": 'import "../conductor/b.ts";' }),
    ["codexd/a.ts may not import conductor/b.ts"],
  );
  assertEquals(
    faults({ "conductor/store/a.ts": 'import "../routes/mod.ts";' }),
    ["conductor/store/a.ts may not import conductor/routes/mod.ts"],
  );
  assertEquals(
    faults({ "conductor/codex/a.ts": 'import "../browser/mod.ts";' }),
    ["conductor/codex/a.ts may not import conductor/browser/mod.ts"],
  );
  assertEquals(
    faults({
      "scripts/runtime/checks/a.ts": 'import "../install/mod.ts";',
    }),
    ["scripts/runtime/checks/a.ts may not import scripts/runtime/install/mod.ts"],
  );
  assertEquals(
    faults({ "conductor/routes/a.ts": 'import "../deps.ts";' }),
    [],
  );
});

Deno.test("layerFaults() finds who enters a room past its door", () => {
  const rooms = {
    "conductor/store/mod.ts": "",
    "conductor/browser/extension/mod.js": "",
  };
  assertEquals(
    faults({
      ...rooms,
      "conductor/automation/a.ts": 'import "../store/rows/task.ts";',
    }),
    [
      "conductor/automation/a.ts imports conductor/store/rows/task.ts past the door of conductor/store",
    ],
  );
  assertEquals(
    faults({
      ...rooms,
      "conductor/browser/a.ts": 'import "./extension/targets.js";',
    }),
    [
      "conductor/browser/a.ts imports conductor/browser/extension/targets.js past the door of conductor/browser/extension",
    ],
  );
  assertEquals(
    faults({
      ...rooms,
      "conductor/automation/a.ts": 'import "../store/mod.ts";',
      "conductor/automation/a_test.ts": 'import "../store/rows/task.ts";',
      "conductor/store/rows/b.ts": 'import "../database.ts";',
      "conductor/browser/a.ts": 'import "./extension/mod.js";',
    }),
    [],
  );
});

Deno.test("layerFaults() finds a room that nobody has given its place", () => {
  assertEquals(
    faults({ "conductor/attic/mod.ts": "" }),
    ["conductor/attic is a room that has no place among its neighbours"],
  );
  assertEquals(
    faults({
      "conductor/attic/a.ts": "",
      "conductor/compose.ts": 'import "./attic/a.ts";',
    }),
    [
      "conductor/compose.ts imports conductor/attic/a.ts: a folder of the two is no known room",
    ],
  );
});

Deno.test("layerFaults() finds circles, in JavaScript too", () => {
  assertEquals(
    faults({
      "shared/a.ts": 'import "./b.ts";',
      "shared/b.ts": 'import type { A } from "./a.ts";',
    }),
    ["Circle: shared/a.ts -> shared/b.ts -> shared/a.ts"],
  );
  assertEquals(
    faults({
      "conductor/browser/extension/a.js": 'import "./b.js";',
      "conductor/browser/extension/b.js": 'import "./a.js";',
    }).length,
    1,
  );
});

Deno.test("layerFaults() keeps rigs and tests out of the product", () => {
  assertEquals(
    faults({ "conductor/a.ts": 'import "../shared/testing/fakes.ts";' }),
    ["conductor/a.ts imports the test helper shared/testing/fakes.ts"],
  );
  assertEquals(
    faults({ "conductor/a_test.ts": 'import "../shared/testing/fakes.ts";' }),
    [],
  );
  assertEquals(
    faults({ "conductor/a_test.ts": 'import "./b_test.ts";' }),
    ["conductor/a_test.ts imports the test conductor/b_test.ts"],
  );
});

Deno.test("layerFaults() finds a name that two files export", () => {
  assertEquals(
    faults({
      "shared/a.ts": "export class Line {}\nexport const Page = 1;\n",
      "codexd/b.ts":
        'export interface Line {}\nexport { Page } from "../shared/a.ts";\n',
    }),
    ["Line is exported by shared/a.ts and codexd/b.ts"],
  );
  assertEquals(
    faults({
      "shared/a.ts":
        "export const Gap = 1;\nexport type Gap = typeof Gap;\nconst Line = 1;\n",
      "shared/a_test.ts": "export function Line() {}\nexport class Gap {}\n",
    }),
    [],
  );
});

Deno.test("sourceOf() sees type-only, multi-line and dynamic imports", () => {
  const text =
    'import type {\n  B,\n} from "./b.ts";\nexport * from "./c.ts";\nawait import("./d.js");\nimport "npm:zod";\n';
  assertEquals(sourceOf("shared/x/a.ts", text).imports, [
    "shared/x/b.ts",
    "shared/x/c.ts",
    "shared/x/d.js",
  ]);
});

Deno.test("linesOfRooms() counts the product, not its tests, rigs, benchmarks and proofs", () => {
  assertEquals(
    Object.fromEntries(linesOfRooms(house({
      "conductor/store/mod.ts": "1\n2\n",
      "conductor/store/rows/task.ts": "1\n",
      "conductor/store/task_test.ts": "1\n",
      "conductor/testing/rig.ts": "1\n",
      "scripts/bench/main.ts": "1\n",
      "scripts/proof/main.ts": "1\n",
      "shared/errors.ts": "1\n2\n3\n",
    }))),
    { "conductor/store": 3, shared: 3, all: 6 },
  );
});

Deno.test("readSources() reads TypeScript and JavaScript, and no declarations", async () => {
  const root = await Deno.makeTempDir();
  try {
    for (const top of ["host_ops", "codexd", "conductor", "scripts"]) {
      await Deno.mkdir(`${root}/${top}`);
    }
    await Deno.mkdir(`${root}/shared/std`, { recursive: true });
    for (const name of ["a.ts", "b.js", "std/c.d.ts", "d.md"]) {
      await Deno.writeTextFile(`${root}/shared/${name}`, "\n");
    }
    assertEquals([...(await readSources(root)).keys()].sort(), [
      "shared/a.ts",
      "shared/b.js",
    ]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
