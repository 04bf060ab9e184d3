import { HostOpFailure } from "./failure.ts";
import {
  type Change,
  changedFurther,
  MOST_CHANGES,
  type Replacement,
} from "./changes.ts";
import type { EditWork } from "./edit_work.ts";
import { eachOccurrence, linesAt, without } from "./occurrences.ts";
import type { Edit } from "./schemas.ts";

/** The largest file that is edited, before and after, in bytes. */
export const MOST_EDITED_BYTES = 10_485_760;

/** Of how many places to say where they are. */
const MOST_PLACES = 10;

/** Pieces of text that are held before they are joined. */
const MOST_PIECES = 8_192;

/** What a text that was meant may differ by, what is then left out, and how it is called. */
const NEAR_MISSES = [
  ["line endings", /\r/],
  ["white space", /\s/],
] as const;

/** A text and what became of it. */
interface EditedText {
  readonly text: string;
  readonly replacements: number;
  readonly changes: readonly Change[];
}

/**
 * Makes edits one after another, each in the result of those before.
 *
 * @throws {HostOpFailure} `EDIT_MISMATCH`; `FILE_TOO_LARGE` for what comes of it;
 * as `work` does.
 */
export async function editText(
  original: string,
  { edits, absolutePath, work }: {
    readonly edits: readonly Edit[];
    readonly absolutePath: string;
    readonly work: EditWork;
  },
): Promise<EditedText> {
  let text = original;
  let replacements = 0;
  let changes: Change[] = [];
  for (const [index, edit] of edits.entries()) {
    await work.turn();
    const made = await makeEdit(text, { edit, absolutePath, work });
    if (made.count === 0 || (made.count > 1 && !edit.all)) {
      throw await mismatch(made, { edit, index, text, absolutePath, work });
    }
    text = made.text;
    replacements += made.count;
    changes = changedFurther(changes, made.places);
  }
  return { text, replacements, changes };
}

interface MadeEdit {
  /** What comes of it. */
  readonly text: string;
  /** How often `old` was found, and how often without what overlaps. */
  readonly count: number;
  readonly apart: number;
  /** Where that was, first. */
  readonly hits: readonly number[];
  readonly places: readonly Replacement[];
}

async function makeEdit(
  text: string,
  { edit: { old, new: by, all }, absolutePath, work }: {
    readonly edit: Edit;
    readonly absolutePath: string;
    readonly work: EditWork;
  },
): Promise<MadeEdit> {
  const hits: number[] = [];
  const places: Replacement[] = [];
  const joined: string[] = [];
  let pieces: string[] = [];
  let end = 0;
  let count = 0;
  let apart = 0;
  let free = 0;
  const fit = () => {
    const length = text.length + count * (by.length - old.length);
    if (length > MOST_EDITED_BYTES) throw tooLong(absolutePath);
  };
  await eachOccurrence(old, text, {
    work,
    isOverlapping: !all,
    onHit: (start) => {
      count += 1;
      if (start >= free) {
        apart += 1;
        free = start + old.length;
      }
      if (hits.length < MOST_PLACES) hits.push(start);
      if (!all && count > 1) return;
      // before it takes the memory
      if (all) fit();
      pieces.push(text.slice(end, start), by);
      if (pieces.length >= MOST_PIECES) {
        joined.push(pieces.join(""));
        pieces = [];
      }
      const last = places.length < MOST_CHANGES ? undefined : places.pop();
      places.push({
        start: last?.start ?? start,
        end: start + old.length,
        length: (last === undefined ? 0 : last.length + start - last.end) +
          by.length,
      });
      end = start + old.length;
    },
  });
  if (count === 1) fit();
  joined.push(...pieces, text.slice(end));
  return { text: joined.join(""), count, apart, hits, places };
}

async function mismatch(
  { count, apart, hits }: MadeEdit,
  { edit, index, text, absolutePath, work }: {
    readonly edit: Edit;
    readonly index: number;
    readonly text: string;
    readonly absolutePath: string;
    readonly work: EditWork;
  },
): Promise<HostOpFailure> {
  const near = count === 0
    ? await nearMiss(edit.old, { text, work })
    : undefined;
  const lines = await linesAt(hits, text, { work });
  const height = edit.old.split("\n").length - 1;
  const [what, hint] = near !== undefined
    ? [
      `is not there; but for its ${near.differs} it is at line ${near.line}`,
      `POST /v1/files/read with {"lines":"${near.line}-${
        near.line + height
      }"} shows it as it is: take its ${near.differs} from there.`,
    ]
    : count === 0
    ? [
      "is not there",
      "POST /v1/files/read and take old from what the file holds now; each edit is made in the result of those before.",
    ]
    : [
      `is there ${count} times${
        apart < count ? ` (${apart} that do not overlap)` : ""
      }, at lines ${lines.join(", ")}${count > lines.length ? ", …" : ""}`,
      `Give more of what stands around the one place that is meant, or all=true for ${
        apart < count
          ? `the ${apart} found from the start that do not overlap`
          : "every place"
      }.`,
    ];
  return new HostOpFailure(
    "EDIT_MISMATCH",
    `Cannot edit ${absolutePath}: edits.${index}.old ${what}`,
    { details: { edit: index, count, ...(near ? { near } : { lines }) }, hint },
  );
}

/** Where a text is that differs only in what is easily got wrong. */
async function nearMiss(
  old: string,
  { text, work }: { readonly text: string; readonly work: EditWork },
): Promise<{ readonly differs: string; readonly line: number } | undefined> {
  for (const [differs, dropped] of NEAR_MISSES) {
    const wanted = await without(old, { work, dropped });
    if (wanted === "") continue;
    let hit: number | undefined;
    await eachOccurrence(wanted, await without(text, { work, dropped }), {
      work,
      isOverlapping: false,
      onHit: (at) => hit ??= at,
    });
    if (hit === undefined) continue;
    const [line = 1] = await linesAt([hit], text, { work, dropped });
    return { differs, line };
  }
  return undefined;
}

/** What to say of a file that would be, or is, longer than what is edited. */
export function tooLong(
  absolutePath: string,
  sizeBytes?: number,
): HostOpFailure {
  const what = sizeBytes === undefined
    ? "it would have"
    : `its ${sizeBytes} are`;
  return new HostOpFailure(
    "FILE_TOO_LARGE",
    `Cannot edit ${absolutePath}: ${what} more than ${MOST_EDITED_BYTES} bytes`,
    {
      details: {
        ...(sizeBytes !== undefined && { sizeBytes }),
        maxBytes: MOST_EDITED_BYTES,
      },
      hint: "POST /v1/exec with sed or a script changes files of any size.",
    },
  );
}
