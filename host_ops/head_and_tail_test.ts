import { assertEquals } from "@std/assert";
import { ByteBudget } from "../shared/byte_budget.ts";
import { HeadAndTail } from "./head_and_tail.ts";
import { KeptOutput } from "./kept_output.ts";

const ENOUGH = 1_000_000;

/** Writes `bytes` in pieces of `size`; returns what is kept. */
function keep(
  bytes: Uint8Array,
  { size, ...limits }: {
    readonly size: number;
    readonly maxBytes: number;
    readonly headBytes: number;
    readonly tailBytes: number;
  },
) {
  const budget = new ByteBudget(ENOUGH);
  const head = new KeptOutput(budget, ENOUGH);
  const output = new HeadAndTail(head, { ...limits, budget });
  for (let at = 0; at < bytes.length; at += size) {
    assertEquals(output.write(bytes.subarray(at, at + size)), true);
  }
  const { omittedBytes } = output;
  const text = String(
    head.text({ isCut: omittedBytes > 0, behind: output.tail() }),
  );
  budget.give(head.surrender() + output.surrender());
  assertEquals(budget.used, 0);
  return { text, omittedBytes };
}

Deno.test("HeadAndTail keeps all up to the limit, and head and tail beyond, however it comes", () => {
  const bytes = new TextEncoder().encode("0123456789abcdefghij");
  for (const size of [1, 2, 3, 7, 20]) {
    for (const maxBytes of [20, 25]) {
      const limits = { size, maxBytes, headBytes: 4, tailBytes: 3 };
      assertEquals(keep(bytes, limits), {
        text: "0123456789abcdefghij",
        omittedBytes: 0,
      });
    }
    for (
      const [maxBytes, headBytes, tailBytes, text] of [
        [19, 4, 3, "0123hij"],
        [10, 5, 5, "01234fghij"],
        [7, 4, 3, "0123hij"],
        [7, 7, 0, "0123456"],
        [7, 0, 7, "defghij"],
        [7, 0, 0, ""],
      ] as const
    ) {
      assertEquals(
        keep(bytes, { size, maxBytes, headBytes, tailBytes }),
        { text, omittedBytes: 20 - text.length },
      );
    }
  }
});

Deno.test("HeadAndTail cuts between characters, and counts what that leaves out", () => {
  const text = "aé😀b😀éa".repeat(5);
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 5, 100]) {
    for (let headBytes = 0; headBytes < 20; headBytes++) {
      for (let tailBytes = 0; tailBytes < 20; tailBytes++) {
        const maxBytes = headBytes + tailBytes + 1;
        const kept = keep(bytes, { size, maxBytes, headBytes, tailBytes });
        const length = new TextEncoder().encode(kept.text).length;
        assertEquals(kept.text.includes("\ufffd"), false);
        assertEquals(kept.omittedBytes, bytes.length - length);
        // no more is left out than a part of a character at each side
        assertEquals(length > headBytes + tailBytes - 7, true);
      }
    }
  }
});

Deno.test("HeadAndTail says when there is no memory for the tail", () => {
  const budget = new ByteBudget(10_000);
  const output = new HeadAndTail(new KeptOutput(budget, ENOUGH), {
    maxBytes: 100_000,
    headBytes: 0,
    tailBytes: 50_000,
    budget,
  });
  assertEquals(output.write(new Uint8Array(9_000)), true);
  assertEquals(output.write(new Uint8Array(9_000)), false);
});
