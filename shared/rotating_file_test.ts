import { assertEquals } from "@std/assert";
import { RotatingFile } from "./rotating_file.ts";
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
  const options = { folder: dir.path, family: "x", instance: "i", clock };
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
  const options = { folder, family: "x", instance: "a-b", maxBytes: 100 };
  using file = new RotatingFile(options);
  for (let line = 0; line < 5; line++) file.write("x".repeat(99), true);
  assertEquals(namesIn(folder).length, 5);
  assertEquals(namesIn(folder)[0], "x-a_b.0001.jsonl");
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
  old("x-other2.0001.jsonl", 2, 150);
  old("x-other3.0001.jsonl", 1, 40);
  old("x-raw-other.0001.jsonl", 9);
  old("xx-other.0001.jsonl", 9);
  old("x-notes.txt", 9);
  const options = { folder: dir.path, family: "x", instance: "i" };
  {
    using _file = new RotatingFile({ ...options, maxTotalBytes: 200 });
  }
  assertEquals(namesIn(dir.path), [
    "x-i.0001.jsonl",
    "x-notes.txt",
    "x-other2.0001.jsonl",
    "x-other3.0001.jsonl",
    "x-raw-other.0001.jsonl",
    "xx-other.0001.jsonl",
  ]);
  {
    using _file = new RotatingFile({ ...options, instance: "j", maxFiles: 2 });
  }
  assertEquals(
    namesIn(dir.path).filter((name) => /^x-\w+\.\d/.test(name)),
    ["x-i.0001.jsonl", "x-j.0001.jsonl"],
  );
});

Deno.test("RotatingFile never holds more than its family may, however much is written", async () => {
  await using dir = await tempDir();
  using file = new RotatingFile({
    folder: dir.path,
    family: "x",
    instance: "i",
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
  const options = { folder, family: "x", instance: "i", maxBytes: 10 };
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
  const options = { folder: dir.path, family: "x", instance: "i", clock };
  using file = new RotatingFile({ ...options, maxAgeMs: 86_400_000 });
  assertEquals(namesIn(dir.path), ["x-i.0001.jsonl"]);
  old("x-c.0001.jsonl");
  await clock.advance(3_700_000);
  file.write("a line", true);
  assertEquals(namesIn(dir.path), ["x-i.0001.jsonl"]);
});
