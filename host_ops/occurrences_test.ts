import { assertEquals, assertLess } from "@std/assert";
import { editWork } from "./testing/edit_work.ts";
import { eachOccurrence, linesAt, without } from "./occurrences.ts";

async function found(wanted: string, text: string, isOverlapping: boolean) {
  const hits: number[] = [];
  const onHit = (at: number) => hits.push(at);
  await eachOccurrence(wanted, text, {
    work: editWork(),
    isOverlapping,
    onHit,
  });
  return hits;
}

Deno.test("eachOccurrence() finds what the runtime's search finds, across slices too", async () => {
  const text = "ab".repeat(70_000) + "aabaabaab" + "ba".repeat(70_000);
  for (
    const wanted of ["a", "aab", "aabaab", "abab", "bb", "baaba", "x"]
      .flatMap((it) => [it, it + "ba".repeat(600), "ab".repeat(600) + it])
  ) {
    const apart: number[] = [];
    for (
      let at = text.indexOf(wanted);
      at !== -1;
      at = text.indexOf(wanted, at + wanted.length)
    ) apart.push(at);
    const all: number[] = [];
    for (
      let at = text.indexOf(wanted);
      at !== -1;
      at = text.indexOf(wanted, at + 1)
    ) all.push(at);
    assertEquals(await found(wanted, text, false), apart, wanted);
    assertEquals(await found(wanted, text, true), all, wanted);
  }
});

Deno.test("eachOccurrence() takes no product of two lengths", async () => {
  const since = performance.now();
  const text = "a".repeat(4_000_000);
  for (const wanted of ["b" + text.slice(4), text.slice(2_000_000) + "b"]) {
    assertEquals(await found(wanted, text, true), []);
  }
  assertLess(performance.now() - since, 5_000);
});

Deno.test("linesAt() counts lines of places in a text that lacks something", async () => {
  const text = "a\r\nb  c\n\n d\r\n";
  assertEquals(
    await without(text, { work: editWork(), dropped: /\s/ }),
    "abcd",
  );
  assertEquals(
    await linesAt([0, 2, 3], text, {
      work: editWork(),
      dropped: /\s/,
    }),
    [1, 2, 4],
  );
  assertEquals(await linesAt([0, 3, 5, 8], text, { work: editWork() }), [
    1,
    2,
    2,
    3,
  ]);
});
