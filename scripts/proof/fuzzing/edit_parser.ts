import { assertEquals } from "@std/assert";
import { applyPatch } from "diff";
import fc from "fast-check";
import { editText } from "../../../host_ops/edit_text.ts";
import { HostOpFailure } from "../../../host_ops/failure.ts";
import type { Edit } from "../../../host_ops/schemas.ts";
import { editWork } from "../../../host_ops/testing/edit_work.ts";
import { unifiedDiff } from "../../../host_ops/unified_diff.ts";
import { type Parser, parser } from "./run_parser.ts";
import { soup, texts } from "./texts.ts";

/** Few, so that what is to be replaced is often there, and often more than once. */
const PIECES = ["a", "b", "ab", "aa", "\n", "\r\n", " ", "\u20ac", "$&", "$1"];

const originals = texts(soup(PIECES), PIECES);
const short = soup(PIECES, { maxLength: 4 });
const edits = fc.array(
  fc.record({
    old: fc.oneof(fc.nat({ max: 9_999 }), short),
    new: short,
    all: fc.boolean(),
  }),
  { minLength: 1, maxLength: 4 },
);

/** What is told of the edits, by another search; where it is refused, at which. */
function edited(original: string, all: readonly Edit[]) {
  let text = original;
  let replacements = 0;
  for (const [edit, { old, new: by, all: isAll }] of all.entries()) {
    let count = 0;
    for (
      let at = text.indexOf(old);
      at >= 0;
      at = text.indexOf(old, at + (isAll ? old.length : 1))
    ) count += 1;
    if (count === 0 || (count > 1 && !isAll)) return { refused: edit, count };
    text = text.split(old).join(by);
    replacements += count;
  }
  return { text, replacements };
}

/** Edits of a file's text: the result, the changes and the diff agree. */
export const EDIT_PARSER: Parser = parser("edit", () => ({
  inputs: fc.tuple(originals, edits),
  async check([original, wanted], stopwatch) {
    const edits = wanted.map(({ old, ...rest }) => {
      // A number: what stands there now.
      const at = typeof old === "number" ? old % (original.length + 1) : 0;
      const there = typeof old === "string" ? old : original.slice(at, at + 5);
      return { ...rest, old: there === "" ? "a" : there };
    });
    const expected = edited(original, edits);
    const path = "/f";
    let made: Awaited<ReturnType<typeof editText>>;
    try {
      made = await stopwatch.timeAsync(() =>
        editText(original, { edits, absolutePath: path, work: editWork() })
      );
    } catch (failure) {
      if (!(failure instanceof HostOpFailure)) throw failure;
      const { code, details } = failure.error;
      assertEquals(code, "EDIT_MISMATCH");
      assertEquals(
        { refused: details?.edit, count: details?.count },
        expected as unknown,
      );
      return;
    }
    const { text, replacements, changes } = made;
    assertEquals({ text, replacements }, expected as unknown);
    let [from, start] = [0, 0];
    for (const it of [...changes, undefined]) {
      assertEquals(
        text.slice(start, it?.start),
        original.slice(from, it?.from),
        "what did not change stays",
      );
      [from, start] = [it?.to ?? 0, it?.end ?? 0];
    }
    // Of many lines that changed it may take 20 ms to match them, in turns.
    const { diff, isCut } = await unifiedDiff(original, text, {
      changes,
      path,
      work: editWork(),
    });
    if (isCut || !/^[^\r\u2028\u2029\x85\ufeff]*$/.test(original + text)) {
      return;
    }
    if (diff === "") return assertEquals(text, original);
    assertEquals(applyPatch(original, diff), text, "the diff leads there");
  },
}));
