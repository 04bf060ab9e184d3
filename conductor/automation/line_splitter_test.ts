import { assertEquals } from "@std/assert";
import { LineSplitter } from "./line_splitter.ts";

Deno.test("LineSplitter.push() gives the lines that are complete, however the text is cut", () => {
  const text = "one\r\ntwo\n\nthree\r\n\ufefffour";
  for (let size = 1; size <= text.length; size++) {
    const splitter = new LineSplitter();
    const lines: string[] = [];
    for (let from = 0; from < text.length; from += size) {
      lines.push(...splitter.push(text.slice(from, from + size)));
    }
    assertEquals(lines, ["one", "two", "", "three"]);
    assertEquals(splitter.end(), ["\ufefffour"]);
    assertEquals(splitter.end(), []);
  }
});

Deno.test("LineSplitter.push() bounds a line without an end", () => {
  const splitter = new LineSplitter();
  const lines: string[] = [];
  for (let index = 0; index < 40; index++) {
    lines.push(...splitter.push("🙂".repeat(5_000)));
  }
  assertEquals(lines.every((it) => it.length <= 65_536), true);
  assertEquals(lines.every((it) => it.isWellFormed()), true);
  assertEquals([...lines, ...splitter.end()].join("").length, 400_000);
});
