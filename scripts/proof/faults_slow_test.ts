import { assert, assertEquals } from "@std/assert";
import { GROUNDS } from "./faulting/grounds.ts";
import type { Fault } from "./faulting/point.ts";
import type { Trial } from "./faulting/trial.ts";

/** A first file is staged: folder, file, content, and that it is on the disk. */
const WRITE = { where: "files", op: "write", nth: 3, path: "" };
const LINK = { ...WRITE, op: "link", nth: 5 };

/** Answers before anything is on the disk, and writes where the file is to be. */
const UNSTAGED = `Deno.link = async (from, to) => {
  await Deno.writeFile(to, await Deno.readFile(from));
};`;

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

Deno.test("a file that is written where it is to be is found, cut by a kill", async () => {
  const { isReached, verdict } = await fail(LINK, "kill", UNSTAGED);
  assert(isReached);
  assertEquals(verdict.corrupt, [
    "file a: neither old nor new: 20000 characters, a…a",
  ]);
});
