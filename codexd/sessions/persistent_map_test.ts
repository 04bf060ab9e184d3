import { assertEquals } from "@std/assert";
import { z } from "zod";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { PersistentMap, type PersistentMapOptions } from "./persistent_map.ts";

function open(
  path: string,
  options: Partial<PersistentMapOptions<number>> = {},
) {
  return new PersistentMap<number>({
    path,
    clock: new FakeClock(),
    schema: z.number(),
    maxEntries: 100,
    maxAgeMs: 1000,
    onError(error) {
      throw error;
    },
    ...options,
  });
}

Deno.test("PersistentMap keeps what was set when it is opened again without being closed", async () => {
  await using dir = await tempDir();
  const path = dir.join("j");
  using first = open(path);
  first.set("a", 1);
  first.set("b", 2);
  first.set("a", 3);
  // As an earlier edition removed an entry.
  await Deno.writeTextFile(path, '{"key":"b"}\n', { append: true });
  using second = open(path);
  assertEquals([second.get("a"), second.get("b"), second.size], [
    3,
    undefined,
    1,
  ]);
});

Deno.test("PersistentMap passes over a torn line and goes on behind it", async () => {
  await using dir = await tempDir();
  const path = dir.join("j");
  await Deno.writeTextFile(
    path,
    '{"key":"a","at":1e15,"value":1}\n{"key":"b","at":1e1',
  );
  {
    using journal = open(path);
    journal.set("c", 3);
  }
  using again = open(path);
  assertEquals(again.values(), [1, 3]);
});

Deno.test("PersistentMap drops what it cannot use, and its file is the owner's alone", async () => {
  await using dir = await tempDir();
  const path = dir.join("j");
  await Deno.writeTextFile(path, '{"key":"a","at":1e15,"value":"text"}\n');
  using journal = open(path);
  assertEquals(journal.size, 0);
  assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
});

Deno.test("PersistentMap drops the longest untouched entries beyond its number", async () => {
  await using dir = await tempDir();
  using journal = open(dir.join("j"), { maxEntries: 2 });
  for (
    const [key, value] of [["a", 1], ["b", 2], ["a", 3], ["c", 4]] as const
  ) {
    journal.set(key, value);
  }
  assertEquals(journal.values(), [3, 4]);
});

Deno.test("PersistentMap drops entries that are too old, also at its next start", async () => {
  await using dir = await tempDir();
  const clock = new FakeClock();
  using journal = open(dir.join("j"), { clock });
  journal.set("a", 1);
  await clock.advance(1001);
  using later = open(dir.join("j"), { clock });
  assertEquals(later.size, 0);
  journal.set("b", 2);
  assertEquals(journal.values(), [2]);
});

Deno.test("PersistentMap writes its file anew when most of it is history", async () => {
  await using dir = await tempDir();
  const path = dir.join("j");
  using journal = open(path);
  for (let i = 0; i < 1000; i++) journal.set("a", i);
  const lines = (await Deno.readTextFile(path)).trim().split("\n").length;
  assertEquals(lines < 300, true, `${lines}`);
  using again = open(path);
  assertEquals(again.get("a"), 999);
});

Deno.test("PersistentMap goes on in memory when the disk refuses", async () => {
  await using dir = await tempDir();
  const errors: unknown[] = [];
  using journal = open(dir.join("none/j"), {
    onError: (it) => errors.push(it),
  });
  journal.set("a", 1);
  assertEquals(journal.get("a"), 1);
  assertEquals(errors.length > 0, true);
});
