import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { GROUNDS } from "./faulting/grounds.ts";
import type { Fault } from "./faulting/point.ts";
import type { Trial } from "./faulting/trial.ts";

/** A first file is staged: folder, file, content, and that it is on the disk. */
const WRITE = { where: "files", op: "write", nth: 3, path: "" };
const LINK = { ...WRITE, op: "link", nth: 5 };

/** Writes where the file is to be. */
const UNSTAGED = `Deno.link = async (from, to) => {
  await Deno.writeFile(to, await Deno.readFile(from));
};`;

/** Does not look whether the file has come there. */
const UNHEARD = `const { link } = Deno;
Deno.link = (from, to) => link(from, to).catch(() => {});`;

function fail(point: typeof WRITE, fault: Fault, plant?: string) {
  const ground = GROUNDS.find(({ places }) => places.includes(point.where));
  assert(ground !== undefined);
  return ground.fail(point, fault, plant);
}

Deno.test("a write that fails, and one that a kill cuts, corrupt and lose nothing", async () => {
  const trials = await Promise.all([fail(LINK, "EIO"), fail(WRITE, "kill")]);
  for (const { isReached, verdict } of trials) {
    assert(isReached);
    assertEquals(verdict, { corrupt: [], lost: [], unrecovered: [] });
  }
  assertEquals(trials.map(({ ended }: Trial) => ended), [false, true]);
});

Deno.test("a file that is written where it is to be is found, and one that is said to be there", async () => {
  const [cut, missing] = await Promise.all([
    fail(LINK, "kill", UNSTAGED),
    fail(LINK, "EIO", UNHEARD),
  ]);
  assert(cut.isReached && missing.isReached);
  const [corrupt = ""] = cut.verdict.corrupt;
  assertStringIncludes(
    corrupt,
    "file a: neither old nor new: 20000 characters",
  );
  const [lost = ""] = missing.verdict.lost;
  assertStringIncludes(lost, "file a: has ");
});
