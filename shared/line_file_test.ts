import { assertEquals, assertThrows } from "@std/assert";
import { LineFile } from "./line_file.ts";
import { tempDir } from "./testing/fakes.ts";

Deno.test("LineFile appends lines to a file that is its owner's alone", async () => {
  await using dir = await tempDir();
  const path = dir.join("lines");
  {
    using file = new LineFile(path);
    file.write(["a", "ü"]);
    assertEquals(file.bytes, 5);
  }
  using file = new LineFile(path);
  file.write(["c"]);
  assertEquals(file.bytes, 7);
  assertEquals(await Deno.readTextFile(path), "a\nü\nc\n");
  assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
});

Deno.test("LineFile begins a new line behind one that was cut", async () => {
  await using dir = await tempDir();
  const path = dir.join("lines");
  await Deno.writeTextFile(path, "a\nhal");
  using file = new LineFile(path);
  file.write(["b"]);
  file.write(["c"]);
  assertEquals(await Deno.readTextFile(path), "a\nhal\nb\nc\n");
});

Deno.test("LineFile says when it cannot write", async () => {
  await using dir = await tempDir();
  const file = new LineFile(dir.join("lines"));
  file[Symbol.dispose]();
  assertThrows(() => file.write(["a"]));
});
