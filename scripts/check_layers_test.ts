import { assertEquals } from "@std/assert";
import { importGraph, layerFaults } from "./check_layers.ts";

Deno.test("layerFaults() finds upward imports, circles and leaked test helpers", () => {
  const faults = (edges: Record<string, string[]>) =>
    layerFaults(new Map(Object.entries(edges)));
  assertEquals(
    faults({ "shared/a.ts": ["conductor/b.ts"], "conductor/b.ts": [] }),
    ["shared/a.ts may not import conductor/b.ts"],
  );
  assertEquals(
    faults({ "codexd/a.ts": ["conductor/b.ts"], "conductor/b.ts": [] }).length,
    1,
  );
  assertEquals(
    faults({ "shared/a.ts": ["shared/b.ts"], "shared/b.ts": ["shared/a.ts"] }),
    ["Circle: shared/a.ts -> shared/b.ts -> shared/a.ts"],
  );
  assertEquals(
    faults({ "conductor/a.ts": ["shared/testing/fakes.ts"] }),
    ["conductor/a.ts imports the test helper shared/testing/fakes.ts"],
  );
  assertEquals(
    faults({ "conductor/store/a.ts": ["conductor/routes/b.ts"] }),
    [
      "conductor/store/a.ts may not import conductor/routes/b.ts, a room above it",
    ],
  );
  assertEquals(
    faults({ "conductor/a_test.ts": ["shared/testing/fakes.ts"] }),
    [],
  );
});

Deno.test("importGraph() sees type-only, multi-line and dynamic imports", async () => {
  const root = await Deno.makeTempDir();
  try {
    for (
      const top of ["shared", "host_ops", "codexd", "conductor", "scripts"]
    ) {
      await Deno.mkdir(`${root}/${top}`);
    }
    await Deno.writeTextFile(
      `${root}/shared/a.ts`,
      'import type {\n  B,\n} from "./b.ts";\nexport * from "./c.ts";\nawait import("./d.ts");\n',
    );
    assertEquals((await importGraph(root)).get("shared/a.ts"), [
      "shared/b.ts",
      "shared/c.ts",
      "shared/d.ts",
    ]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
