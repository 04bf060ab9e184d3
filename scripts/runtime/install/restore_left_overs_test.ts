import { assertEquals } from "@std/assert";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { markPath, markRestore } from "../node/mod.ts";
import {
  asidePath,
  removeOldAsides,
  removeStagedOnes,
  stagedPath,
  takeUpRestores,
} from "./restore_left_overs.ts";

const stampOf = (day: number) => `2026-01-0${day}T00-00-00-000Z`;

async function setUp() {
  const dir = await tempDir();
  const path = dir.join("conductor.db");
  const write = (path: string) => Deno.writeTextFile(path, path);
  const names = async () =>
    (await Array.fromAsync(Deno.readDir(dir.path), (it) => it.name)).sort();
  return { dir, path, write, names };
}

Deno.test("removeStagedOnes() leaves what a restore that goes on has prepared", async () => {
  const { dir, path, write, names } = await setUp();
  await using _ = dir;
  for (const suffix of ["", "-wal", ".migrated", ".migrated-shm"]) {
    await write(stagedPath(path, stampOf(1)) + suffix);
  }
  await write(stagedPath(path, stampOf(2)));
  await write(dir.join("restore-mine.db"));
  using _mark = await markRestore(dir.path, {
    stamp: stampOf(2),
    backup: "/backup",
  });
  await removeStagedOnes(path);
  assertEquals(await names(), [
    `restore-${stampOf(2)}.db`,
    `restore-${stampOf(2)}.mark`,
    "restore-mine.db",
  ]);
});

Deno.test("removeOldAsides() keeps the newest three with their logs, and what is not of a restore", async () => {
  const { dir, path, write, names } = await setUp();
  await using _ = dir;
  for (const day of [1, 2, 3, 4, 5]) {
    await write(asidePath(path, stampOf(day)));
    await write(`${asidePath(path, stampOf(day))}-wal`);
  }
  await write(dir.join("aside-mine.db"));
  assertEquals(
    await removeOldAsides(path),
    [1, 2].map((day) => asidePath(path, stampOf(day))),
  );
  assertEquals(await names(), [
    ...[3, 4, 5].flatMap((day) => {
      const name = `aside-${stampOf(day)}.db`;
      return [name, `${name}-wal`];
    }),
    "aside-mine.db",
  ]);
});

Deno.test("takeUpRestores() puts back what a restore that was killed had taken, and forgets it", async () => {
  const { dir, path, write, names } = await setUp();
  await using _ = dir;
  // Killed between the two: an empty file lies in the place.
  await Deno.writeTextFile(path, "");
  await write(asidePath(path, stampOf(1)));
  await write(stagedPath(path, stampOf(1)));
  await Deno.writeTextFile(markPath(dir.path, stampOf(1)), "/backup");
  // Only looked at one.
  await Deno.writeTextFile(markPath(dir.path, stampOf(2)), "");
  assertEquals(await takeUpRestores(path), ["/backup"]);
  assertEquals(await names(), ["conductor.db"]);
  assertEquals(await Deno.readTextFile(path), asidePath(path, stampOf(1)));
  assertEquals(await takeUpRestores(path), []);
});
