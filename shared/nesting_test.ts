import { assertEquals } from "@std/assert";
import { isTooDeep, MAX_NESTING } from "./nesting.ts";

/** JSON nested `depth` levels deep. */
function nested(depth: number, open = "[", close = "]"): string {
  return open.repeat(depth) + close.repeat(depth);
}

Deno.test("isTooDeep() allows 64 levels, of lists and of objects", () => {
  for (const [open, close] of [["[", "]"], ['{"a":', "}"]] as const) {
    const text = (depth: number) =>
      nested(depth, open, close).replace(":}", ":1}");
    assertEquals(isTooDeep(text(MAX_NESTING)), false);
    assertEquals(isTooDeep(text(MAX_NESTING + 1)), true);
  }
});

Deno.test("isTooDeep() counts levels, not brackets, and none in strings", () => {
  const flat = JSON.stringify(Array.from({ length: 100 }, () => [{}]));
  assertEquals(isTooDeep(flat), false);
  const brackets = "[".repeat(100);
  for (
    const text of [brackets, `"${brackets}`, `\\${brackets}`, "\\".repeat(3)]
  ) {
    assertEquals(isTooDeep(JSON.stringify({ [text]: text })), false);
  }
  const behind = `{"a\\\\":${nested(MAX_NESTING)}}`;
  assertEquals(isTooDeep(behind), true);
});
