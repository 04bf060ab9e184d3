import { assertEquals } from "@std/assert";
import { LineFiles } from "./line_files.ts";
import { FakeClock } from "./testing/fake_clock.ts";
import { tempDir } from "./testing/fakes.ts";

type LineFilesOptions = ConstructorParameters<typeof LineFiles>[0];

function open(folder: string, options: Partial<LineFilesOptions> = {}) {
  return new LineFiles({
    folder,
    clock: new FakeClock(),
    pattern: /^x-(\d+)$/,
    maxBytes: 4,
    maxTotalBytes: Infinity,
    maxAgeMs: Infinity,
    ...options,
  });
}

/** Writes a full file for each place. */
function fill(files: LineFiles, places: readonly number[]): void {
  for (const place of places) {
    files.open(`x-${place}`);
    files.write([`${place}`.padEnd(3)]);
  }
}

async function linesFrom(files: LineFiles, place: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const batch of files.read(place)) lines.push(...batch);
  return lines.map((it) => it.trim());
}

const places = (files: LineFiles) => files.kept.map((it) => it.place);

Deno.test("LineFiles makes its folder and says when a file is full", async () => {
  await using dir = await tempDir();
  const clock = new FakeClock();
  const folder = dir.join("deep/er");
  using files = open(folder, { clock, maxFillMs: 1000 });
  assertEquals([files.isFull, files.kept], [true, []]);
  files.open("x-1");
  assertEquals([files.isFull, places(files)], [false, [1]]);
  files.write(["12"]);
  assertEquals(files.isFull, false);
  files.write([""]);
  assertEquals(files.isFull, true);
  files.open("x-2");
  assertEquals(files.isFull, false);
  await clock.advance(1000);
  assertEquals(files.isFull, true);
  assertEquals(((await Deno.stat(folder)).mode ?? 0) & 0o777, 0o700);
});

Deno.test("LineFiles goes on in a file that is there", async () => {
  await using dir = await tempDir();
  await Deno.writeTextFile(dir.join("x-7"), "a\nb");
  using files = open(dir.path, { maxBytes: 6 });
  assertEquals(files.kept.map(({ name, bytes }) => [name, bytes]), [[
    "x-7",
    3,
  ]]);
  files.open("x-7");
  files.write(["c"]);
  assertEquals(files.isFull, true);
  assertEquals(await linesFrom(files, 7), ["a", "b", "c"]);
});

Deno.test("LineFiles.read() begins with the file that holds a place and passes over those that are gone", async () => {
  await using dir = await tempDir();
  using files = open(dir.path);
  fill(files, [1, 10, 100, 5]);
  assertEquals(places(files), [1, 5, 10, 100]);
  assertEquals(await linesFrom(files, 0), ["1", "5", "10", "100"]);
  assertEquals(await linesFrom(files, 9), ["5", "10", "100"]);
  await Deno.remove(dir.join("x-10"));
  assertEquals(await linesFrom(files, 10), ["100"]);
});

Deno.test("LineFiles.removeOldest() keeps the newest within each limit, and what is written", async () => {
  await using dir = await tempDir();
  await Deno.writeTextFile(dir.join("other"), "stays");
  const rows: [Partial<LineFilesOptions>, number | undefined, number[]][] = [
    [{ maxTotalBytes: 8 }, undefined, [4, 5]],
    [{ maxFiles: 3 }, undefined, [3, 4, 5]],
    [{}, 3, [3, 4, 5]],
    [{}, 2.5, [2, 3, 4, 5]],
    [{ maxTotalBytes: 0, maxFiles: 0 }, 9, [5]],
  ];
  for (const [options, needed = -Infinity, left] of rows) {
    using files = open(dir.path, options);
    fill(files, [1, 2, 3, 4, 5]);
    files.removeOldest({ needed });
    assertEquals(places(files), left);
  }
  {
    using files = open(dir.path, { maxFiles: 1 });
    fill(files, [9, 8]);
    files.removeOldest();
    assertEquals(places(files), [8, 9]);
  }
  assertEquals(await Deno.readTextFile(dir.join("other")), "stays");
});

Deno.test("LineFiles.removeOldest() removes what was written too long ago", async () => {
  await using dir = await tempDir();
  const clock = new FakeClock(Date.now());
  using files = open(dir.path, { clock, maxAgeMs: 60_000 });
  fill(files, [1, 2]);
  files.removeOldest();
  assertEquals(places(files), [1, 2]);
  await clock.advance(120_000);
  files.removeOldest();
  assertEquals(places(files), [2]);
});
