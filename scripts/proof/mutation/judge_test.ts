import { assertEquals } from "@std/assert";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { CopiedTree } from "./copied_tree.ts";
import { judge } from "./judge.ts";
import { mutantsOf } from "./mutants.ts";

const LIMIT = `/** Lets three in. */
export function isFull(count: number): boolean {
  return count >= 3;
}
`;

function testOf(counts: string): string {
  return `import { isFull } from "./limit.ts";
Deno.test("isFull()", () => {
  const all = [${counts}].map(isFull).join();
  if (all !== [${counts}].map((it) => it > 2).join()) throw new Error(all);
});
`;
}

Deno.test("judge() names the changes that no test notices, and none where each limit is tested", async () => {
  await using root = await tempDir();
  await Deno.writeTextFile(root.join("limit.ts"), LIMIT);
  await Deno.writeTextFile(root.join("bad_test.ts"), testOf("0, 9"));
  await Deno.writeTextFile(root.join("good_test.ts"), testOf("2, 3"));
  await using tree = await CopiedTree.of(root.path);
  const by = async (test: string) => {
    const subject = { file: "limit.ts", tests: [test] };
    const options = { root: root.path, trees: [tree] };
    const { mutants, survivors } = await judge(subject, options);
    return [mutants.length, survivors.map(({ is }) => is)];
  };
  assertEquals(await by("bad_test.ts"), [4, ["count > 3", "4"]]);
  assertEquals(await by("good_test.ts"), [4, []]);
  assertEquals(await Deno.readTextFile(root.join("limit.ts")), LIMIT);
});

Deno.test("mutantsOf() changes what a module does, and neither types nor words for people", () => {
  const mutants = mutantsOf(`import type { A } from "./a.ts";
type Size = "big" | "small";
export function sizeOf(list: readonly A[] = [], log?: Log): Size {
  log?.info("Sizes", { list: true });
  if (list.length === 0 || !list[0]?.ok) throw new TypeError("Cannot size: none");
  return list.length > 1 + 1 ? "big" : "small";
}
const MOST = 64;
`);
  const found = mutants.map(({ line, within, was, is }) =>
    `${line} ${within}: ${was} -> ${is}`
  );
  assertEquals(found, [
    "5 sizeOf: list.length === 0 || !list[0]?.ok -> false",
    "5 sizeOf: list.length === 0 || !list[0]?.ok -> true",
    "5 sizeOf: list.length === 0 || !list[0]?.ok -> list.length === 0 && !list[0]?.ok",
    "5 sizeOf: list.length === 0 -> list.length !== 0",
    "5 sizeOf: 0 -> 1",
    "5 sizeOf: !list[0]?.ok -> list[0]?.ok",
    "5 sizeOf: ?. -> .",
    '5 sizeOf: throw new TypeError("Cannot size: none"); -> ;',
    '6 sizeOf: return list.length > 1 + 1 ? "big" : "small"; -> return undefined;',
    "6 sizeOf: list.length > 1 + 1 -> false",
    "6 sizeOf: list.length > 1 + 1 -> true",
    "6 sizeOf: list.length > 1 + 1 -> list.length >= 1 + 1",
    "6 sizeOf: list.length > 1 + 1 -> list.length <= 1 + 1",
    "6 sizeOf: 1 + 1 -> 1 - 1",
    '6 sizeOf: "big" -> ""',
    '6 sizeOf: "small" -> ""',
    "8 MOST: 64 -> 65",
  ]);
});

Deno.test("mutantsOf() gives the whole module with one change", () => {
  const [mutant] = mutantsOf("export const isOn = true; // so far\n");
  assertEquals(mutant?.text, "export const isOn = false; // so far\n");
});
