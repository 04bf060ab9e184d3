import { assertEquals } from "@std/assert";
import { WordTable } from "./word_table.ts";

Deno.test("WordTable finds whole words, and no others, wherever they stand", () => {
  const words = ["-p", "-P", "mysql", "mysqldump", "sh", "ssh", "zsh", "a"];
  const table = new WordTable(words.map((it, at) => [it, at] as const));
  for (const [at, word] of words.entries()) {
    const text = `x ${word} y`;
    assertEquals(table.find(text, 2, 2 + word.length), at);
    assertEquals(table.find(text, 2, 3 + word.length), undefined);
  }
  for (const other of ["-q", "mysqm", "b", "hs", "sshh"]) {
    assertEquals(table.find(other, 0, other.length), undefined);
  }
});

Deno.test("WordTable of nothing finds nothing", () => {
  assertEquals(new WordTable([]).find("a", 0, 1), undefined);
});
