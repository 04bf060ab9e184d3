import { assertEquals } from "@std/assert";
import { RotatingFile } from "./rotating_file.ts";
import { ServiceLog } from "./service_log.ts";
import { FakeClock } from "./testing/fake_clock.ts";
import { tempDir } from "./testing/fakes.ts";

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

function allText(folder: string): string {
  return namesIn(folder)
    .map((name) => Deno.readTextFileSync(`${folder}/${name}`)).join("");
}

Deno.test("RotatingFile batches lines, writes urgent ones at once, closes with everything written", async () => {
  await using dir = await tempDir();
  const clock = new FakeClock();
  const options = { folder: dir.path, family: "x", clock };
  using file = new RotatingFile(options);
  file.write("one", false);
  assertEquals(allText(dir.path), "");
  await clock.advance(50);
  assertEquals(allText(dir.path), "one\n");
  file.write("two", false);
  file.write("three", true);
  assertEquals(allText(dir.path), "one\ntwo\nthree\n");
  file.write("four", false);
  file[Symbol.dispose]();
  assertEquals(allText(dir.path), "one\ntwo\nthree\nfour\n");
  assertEquals(clock.pending, 0);
});

Deno.test("RotatingFile starts a new file when one is full, none mode but 0600", async () => {
  await using dir = await tempDir();
  const folder = dir.join("logs");
  const options = { folder, family: "x", maxBytes: 100 };
  using file = new RotatingFile(options);
  for (let line = 0; line < 5; line++) file.write("x".repeat(99), true);
  assertEquals(namesIn(folder).length, 5);
  assertEquals(namesIn(folder).slice(0, 2), [
    "x.000000000000.jsonl",
    "x.000000000002.jsonl",
  ]);
  assertEquals(allText(folder).length, 500);
  assertEquals((Deno.statSync(folder).mode ?? 0) & 0o777, 0o700);
  for (const name of namesIn(folder)) {
    const { mode } = Deno.statSync(`${folder}/${name}`);
    assertEquals((mode ?? 0) & 0o777, 0o600);
  }
});

Deno.test("RotatingFile keeps the newest bytes and files of its family, whoever wrote them", async () => {
  await using dir = await tempDir();
  const old = (name: string, daysAgo: number, size = 10) => {
    Deno.writeTextFileSync(dir.join(name), "o".repeat(size));
    const at = Date.now() / 1000 - daysAgo * 86_400;
    Deno.utimeSync(dir.join(name), at, at);
  };
  old("x-other1.0001.jsonl", 3, 150);
  old("x.000000000003.jsonl", 2, 150);
  old("x.000000000006.jsonl", 1, 40);
  old("x-raw-other.0001.jsonl", 9);
  old("xx.000000000001.jsonl", 9);
  old("x-notes.txt", 9);
  const options = { folder: dir.path, family: "x" };
  using _file = new RotatingFile({ ...options, maxTotalBytes: 200 });
  assertEquals(namesIn(dir.path), [
    "x-notes.txt",
    "x-raw-other.0001.jsonl",
    "x.000000000003.jsonl",
    "x.000000000006.jsonl",
    "x.000000000007.jsonl",
    "xx.000000000001.jsonl",
  ]);
});

Deno.test("RotatingFile goes on where the last start ended, and shares its file with a process of its name", async () => {
  await using dir = await tempDir();
  const options = { folder: dir.path, family: "x", maxBytes: 20 };
  {
    using file = new RotatingFile(options);
    file.write("first", true);
  }
  using one = new RotatingFile(options);
  using two = new RotatingFile(options);
  one.write("one", true);
  two.write("two", true);
  // As a process that is killed within a line leaves it.
  const path = dir.join("x.000000000000.jsonl");
  await Deno.writeTextFile(path, "cut", { append: true });
  one.write("three", true);
  assertEquals(
    await Deno.readTextFile(path),
    "first\none\ntwo\ncut\nthree\n",
  );
  two.write("four", true);
  one.write("five", true);
  two.write("six", true);
  assertEquals(
    await Deno.readTextFile(dir.join("x.000000000001.jsonl")),
    "four\nfive\nsix\n",
  );
});

Deno.test("RotatingFile never holds more than its family may, however much is written", async () => {
  await using dir = await tempDir();
  using file = new RotatingFile({
    folder: dir.path,
    family: "x",
    maxBytes: 1000,
    maxTotalBytes: 5000,
  });
  for (let line = 0; line < 300; line++) file.write("y".repeat(99), true);
  const text = allText(dir.path);
  assertEquals(text.length >= 3000 && text.length <= 5000, true);
  assertEquals(file.dropped, 0);
});

Deno.test("RotatingFile survives a folder that is taken away", async () => {
  await using dir = await tempDir();
  const folder = dir.join("logs");
  const options = { folder, family: "x", maxBytes: 10 };
  using file = new RotatingFile(options);
  await Deno.remove(folder, { recursive: true });
  Deno.writeTextFileSync(folder, "a file in the way");
  file.write("lost with its file", true);
  file.write("lost", true);
  assertEquals(file.dropped > 0, true);
  await Deno.remove(folder);
  file.write("kept", true);
  assertEquals(allText(folder), "kept\n");
});

Deno.test("RotatingFile removes files of its family that are too old, also while it runs", async () => {
  await using dir = await tempDir();
  const clock = new FakeClock(Date.now());
  const old = (name: string) => {
    Deno.writeTextFileSync(dir.join(name), "");
    const at = clock.now() / 1000 - 100_000;
    Deno.utimeSync(dir.join(name), at, at);
  };
  old("x-b.0001.jsonl");
  const options = { folder: dir.path, family: "x", clock };
  using file = new RotatingFile({ ...options, maxAgeMs: 86_400_000 });
  file.write("a line", true);
  assertEquals(namesIn(dir.path), ["x.000000000002.jsonl"]);
  old("x-c.0001.jsonl");
  await clock.advance(3_700_000);
  file.write("a line", true);
  assertEquals(namesIn(dir.path), ["x.000000000002.jsonl"]);
});

Deno.test("RotatingFile goes on in no file of an earlier version, which a log's reader leaves out", async () => {
  await using dir = await tempDir();
  const folder = dir.join("x");
  await Deno.mkdir(folder);
  const old = `${folder}/x-abcd1.0007.jsonl`;
  await Deno.writeTextFile(old, "old\n");
  using file = new RotatingFile({ folder, family: "x" });
  file.write("new\n", true);
  assertEquals(await Deno.readTextFile(old), "old\n");
  const lines = await Array.fromAsync(new ServiceLog(dir.path, "x").forward(0));
  assertEquals(lines.flat().map(({ text }) => text)[0], "new");
});
