import { assert, assertEquals, assertLess } from "@std/assert";
import { applyPatch } from "diff";
import { editWork } from "./testing/edit_work.ts";
import { editText } from "./edit_text.ts";
import { unifiedDiff } from "./unified_diff.ts";

interface Wanted {
  readonly old: string;
  readonly new: string;
  readonly all?: boolean;
}

async function diffOf(old: string, wanted: readonly Wanted[]) {
  const edits = wanted.map((it) => ({ all: false, ...it }));
  const { text, changes } = await editText(old, {
    edits,
    absolutePath: "/f",
    work: editWork(),
  });
  return {
    text,
    ...await unifiedDiff(old, text, { changes, path: "/f", work: editWork() }),
  };
}

function patched(old: string, diff: string) {
  return applyPatch(old, diff, { autoConvertLineEndings: false });
}

/** The same numbers each time. */
function numbers(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(state / 65_536) % below;
  };
}

Deno.test("unifiedDiff() leads from the old text to the new one, whatever was edited", async () => {
  for (let seed = 1; seed <= 400; seed++) {
    const below = numbers(seed);
    const letters = ["a", "b", "\n", "\n", "x\ny", "\r\n", "é"];
    const some = (most: number) =>
      Array.from({ length: below(most) }, () => letters[below(7)]).join("");
    const old = some(120);
    const edits: Wanted[] = [];
    let text = old;
    for (let i = below(6); i >= 0 && text !== ""; i--) {
      const at = below(text.length);
      const part = text.slice(at, at + 1 + below(4));
      const edit = { old: part, new: some(5), all: true };
      edits.push(edit);
      text = text.replaceAll(part, () => edit.new);
    }
    if (edits.length === 0) continue;
    const made = await diffOf(old, edits);
    assertEquals(made.text, text, `${seed}`);
    assert(!made.isCut);
    if (old === text) assertEquals(made.diff, "");
    else {assertEquals(
        applyPatch(old, made.diff),
        text,
        `${seed}: ${made.diff}`,
      );}
  }
});

Deno.test("unifiedDiff() looks only at what is near the changes of a long text", async () => {
  const line = (i: number) => `line ${i} of a long file\n`;
  const old = Array.from({ length: 300_000 }, (_, i) => line(i)).join("");
  const { diff, text, isCut } = await diffOf(old, [
    { old: line(0), new: "first\n" },
    { old: line(150_000), new: "" },
    { old: line(299_999), new: "last" },
  ]);
  assertEquals(diff.match(/^@@.*$/gm), [
    "@@ -1,4 +1,4 @@",
    "@@ -149998,7 +149998,6 @@",
    "@@ -299997,4 +299996,4 @@",
  ]);
  assertEquals(isCut, false);
  assertEquals(patched(old, diff), text);
});

Deno.test("unifiedDiff() is cut at 64 KB, at the end of a line where there is one", async () => {
  const bytesOf = (it: string) => new TextEncoder().encode(it).length;
  for (
    const old of [
      "é line\n".repeat(100_000),
      "é\n\n\n\n\n\n\n\n".repeat(50_000),
      "é".repeat(5_000_000),
    ]
  ) {
    const { diff, isCut } = await diffOf(old, [
      { old: "é", new: "è", all: true },
    ]);
    assertEquals(isCut, true);
    assertLess(bytesOf(diff), 65_537);
    assertLess(65_000, bytesOf(diff));
    assert(!diff.includes("\ufffd"));
    assertEquals(diff.endsWith("\n"), old.includes("\n"));
  }
});
