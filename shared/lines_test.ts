import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { LineSplitter, LineTooLong, readLines } from "./lines.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("LineSplitter.push() joins a line that comes in pieces", () => {
  const splitter = new LineSplitter({ maxChars: 100 });
  assertEquals(splitter.push(bytes("a")), []);
  assertEquals(splitter.push(bytes("b\ncd\r\ne")), ["ab", "cd"]);
  assertEquals(splitter.push(bytes("\n\n")), ["e", ""]);
  assertEquals(splitter.end(), "");
});

Deno.test("LineSplitter.push() keeps a character that two chunks share", () => {
  const splitter = new LineSplitter({ maxChars: 100 });
  const [first, ...rest] = bytes("é\n");
  assertEquals(splitter.push(Uint8Array.of(first ?? 0)), []);
  assertEquals(splitter.push(Uint8Array.from(rest)), ["é"]);
});

Deno.test("LineSplitter.push() replaces bytes that are no UTF-8", () => {
  const splitter = new LineSplitter({ maxChars: 100 });
  assertEquals(splitter.push(Uint8Array.of(0xff, 0x61, 0x0a)), ["\ufffda"]);
});

Deno.test("LineSplitter.push() throws when a line is too long, ended or not", () => {
  const open = new LineSplitter({ maxChars: 4 });
  assertEquals(open.push(bytes("abc")), []);
  assertThrows(() => open.push(bytes("de")), LineTooLong, "4 characters");
  const ended = new LineSplitter({ maxChars: 4 });
  assertThrows(() => ended.push(bytes("ok\nabcde\n")), LineTooLong);
});

Deno.test("LineSplitter.push() measures and cuts a line alike in whatever pieces it comes, a CR at the end of one too", () => {
  const whole = bytes("abcd\r\nefghi\r\n");
  for (let at = 0; at <= whole.length; at++) {
    const pieces = [whole.slice(0, at), whole.slice(at)];
    const cut = new LineSplitter({ maxChars: 4, longLines: "cut" });
    assertEquals(
      pieces.flatMap((it) => cut.push(it)),
      ["abcd", "efgh", "i"],
      `${at}`,
    );
    const roomy = new LineSplitter({ maxChars: 5 });
    assertEquals(pieces.flatMap((it) => roomy.push(it)), ["abcd", "efghi"]);
  }
});

Deno.test("LineSplitter.push() keeps a byte order mark at the beginning of a piece", () => {
  const splitter = new LineSplitter({ maxChars: 9 });
  splitter.push(bytes("a"));
  assertEquals(splitter.push(bytes("\ufeffb\n")), ["a\ufeffb"]);
});

Deno.test("readLines() yields the lines of each chunk and what is left", async () => {
  const batches = await Array.fromAsync(
    readLines(ReadableStream.from([bytes("a\nb\nc"), bytes("d\nend")]), {
      maxChars: 10,
    }),
  );
  assertEquals(batches, [["a", "b"], ["cd"], ["end"]]);
});

Deno.test("readLines() rejects and cancels its stream when a line is too long", async () => {
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(bytes("xxxx")),
    cancel: () => {
      cancelled = true;
    },
  });
  await assertRejects(
    () => Array.fromAsync(readLines(stream, { maxChars: 10 })),
    LineTooLong,
  );
  assertEquals(cancelled, true);
});

Deno.test("readLines() ends when its signal aborts while nothing comes", async () => {
  const stop = new AbortController();
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(bytes("a\n")),
  });
  const seen: string[] = [];
  for await (
    const lines of readLines(stream, { maxChars: 10, signal: stop.signal })
  ) {
    seen.push(...lines);
    stop.abort();
  }
  assertEquals(seen, ["a"]);
});

Deno.test("LineSplitter.push() cuts a line that is too long where that is asked for", () => {
  const splitter = new LineSplitter({ maxChars: 4, longLines: "cut" });
  assertEquals(splitter.push(bytes("abc")), []);
  assertEquals(splitter.push(bytes("def")), ["abcd"]);
  assertEquals(splitter.push(bytes("g\nlonger\n")), ["efg", "long", "er"]);
});

Deno.test("LineSplitter.push() gives the lines that are complete, however the text is cut", () => {
  const text = "one\r\ntwo\n\nthree\r\n\ufefffour";
  for (let size = 1; size <= text.length; size++) {
    const splitter = new LineSplitter({ maxChars: 100 });
    const lines: string[] = [];
    for (let from = 0; from < text.length; from += size) {
      lines.push(...splitter.push(text.slice(from, from + size)));
    }
    assertEquals(lines, ["one", "two", "", "three"]);
    assertEquals(splitter.end(), "\ufefffour");
    assertEquals(splitter.end(), "");
  }
});

Deno.test("LineSplitter.push() cuts a line without an end between its characters", () => {
  const splitter = new LineSplitter({ maxChars: 65_536, longLines: "cut" });
  const lines: string[] = [];
  for (let index = 0; index < 40; index++) {
    lines.push(...splitter.push("🙂".repeat(5_000)));
    lines.push(...splitter.push("x"));
  }
  assertEquals(lines.every((it) => it.length <= 65_536), true);
  assertEquals(lines.every((it) => it.isWellFormed()), true);
  assertEquals([...lines, splitter.end()].join("").length, 400_040);
});

Deno.test("LineSplitter.push() takes a long line in small pieces in linear time", () => {
  const splitter = new LineSplitter({ maxChars: 10_000_000 });
  const begun = performance.now();
  for (let index = 0; index < 200_000; index++) splitter.push("0123456789");
  assertEquals(splitter.push("\n")[0]?.length, 2_000_000);
  assertEquals(performance.now() - begun < 5_000, true);
});
