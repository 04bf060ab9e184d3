import { assertEquals } from "@std/assert";
import { printable } from "./printable.ts";

Deno.test("printable() shows what steers a terminal, ends a line or turns text around", () => {
  for (
    const [text, shown] of [
      ["\u001b[31mred", "\\u001b[31mred"],
      ["\u009b2J", "\\u009b2J"],
      ["one\ntwo\r\n", "one\\u000atwo\\u000d\\u000a"],
      ["a\tb\u007f", "a\\u0009b\\u007f"],
      ["user\u202egnp.exe", "user\\u202egnp.exe"],
      ["\u2066in\u2069", "\\u2066in\\u2069"],
      ["a\u2028b\u200bc\ufeff", "a\\u2028b\\u200bc\\ufeff"],
      ["half \ud800.", "half \\ud800."],
    ] as const
  ) assertEquals(printable(text), shown);
});

Deno.test("printable() leaves text of any language alone", () => {
  for (const text of ["", "plain \\n", "naïve 你好 🙂 עברית"]) {
    assertEquals(printable(text), text);
  }
});
