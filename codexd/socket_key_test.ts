import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { tempDir } from "../shared/testing/fakes.ts";
import { takeSocketKey } from "./socket_key.ts";

Deno.test("takeSocketKey() makes a key that its owner alone can read, and keeps it", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "key");
  const key = takeSocketKey(path);
  assertMatch(key, /^[0-9a-f]{64}$/);
  assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  assertEquals(Deno.readTextFileSync(path), `${key}\n`);
  assertEquals(takeSocketKey(path), key);
  assertEquals([...Deno.readDirSync(dir.path)].map((it) => it.name), ["key"]);
});

Deno.test("takeSocketKey() makes a new key in the place of one that others may know, or of none", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "key");
  const elsewhere = join(dir.path, "elsewhere");
  const spoils: [string, (key: string) => void][] = [
    ["others can read it", () => Deno.chmodSync(path, 0o644)],
    ["cut", (key) => Deno.writeTextFileSync(path, key.slice(1))],
    ["empty", () => Deno.writeTextFileSync(path, "")],
    ["a link", () => {
      Deno.renameSync(path, elsewhere);
      Deno.symlinkSync(elsewhere, path);
    }],
  ];
  for (const [what, spoil] of spoils) {
    const before = takeSocketKey(path);
    spoil(before);
    assertNotEquals(takeSocketKey(path), before, what);
    const { isFile, mode } = Deno.lstatSync(path);
    assertEquals([isFile, (mode ?? 0) & 0o777], [true, 0o600], what);
  }
});
