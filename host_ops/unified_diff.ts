import {
  FILE_HEADERS_ONLY,
  formatPatch,
  structuredPatch,
} from "diff/lib/patch/create.js";
import type { Change } from "./changes.ts";
import type { EditWork } from "./edit_work.ts";
import { eachOccurrence } from "./occurrences.ts";

/** The longest diff, in bytes: of a longer one the rest is left out. */
const MOST_BYTES = 65_536;

/** Unchanged lines that are shown around a change. */
const CONTEXT = 3;

/** Milliseconds after which lines are no longer matched within one change. */
const MATCHING_MS = 20;

/**
 * Returns the unified diff of two texts whose changes are known, so that only
 * what is near them is looked at, however long the texts are. Cut at the end of
 * a line, or else of a character.
 */
export async function unifiedDiff(
  old: string,
  text: string,
  { changes, path, work }: {
    readonly changes: readonly Change[];
    readonly path: string;
    readonly work: EditWork;
  },
): Promise<{ readonly diff: string; readonly isCut: boolean }> {
  const hunks: Hunk[] = [];
  const at = { to: 0, oldLine: 0, newLine: 0 };
  let length = 0;
  let isCut = false;
  for (const it of inLines(changes, old)) {
    isCut = length > MOST_BYTES;
    if (isCut) break;
    const unchanged = await newlines(old.slice(at.to, it.from), work);
    at.oldLine += unchanged;
    at.newLine += unchanged;
    const before = old.slice(it.from, it.to);
    const after = text.slice(it.start, it.end);
    const parts = matched(before, after) ??
      [await unmatched(before, after, work)];
    for (const hunk of parts) {
      hunks.push({
        ...hunk,
        oldStart: hunk.oldStart + at.oldLine,
        newStart: hunk.newStart + at.newLine,
      });
      for (const line of hunk.lines) length += line.length + 1;
    }
    at.to = it.to;
    at.oldLine += await newlines(before, work);
    at.newLine += await newlines(after, work);
  }
  if (hunks.length === 0) return { diff: "", isCut };
  const whole = formatPatch({
    oldFileName: path,
    newFileName: path,
    oldHeader: undefined,
    newHeader: undefined,
    hunks,
  }, FILE_HEADERS_ONLY);
  const diff = cut(whole);
  return { diff, isCut: isCut || diff.length < whole.length };
}

type Hunk = ReturnType<typeof structuredPatch>["hunks"][number];

/** Whole lines with those around them; changes whose lines overlap are one. */
function inLines(changes: readonly Change[], old: string): Change[] {
  const parts: Change[] = [];
  for (const change of changes) {
    const before = parts.at(-1);
    if (before !== undefined && change.to < before.to) {
      const end = change.end + (before.to - change.to);
      parts[parts.length - 1] = { ...before, end };
      continue;
    }
    const from = linesBefore(old, change.from);
    const to = linesAfter(old, change.to);
    const part = {
      from,
      to,
      start: change.start - (change.from - from),
      end: change.end + (to - change.to),
    };
    if (before === undefined || before.to < from) parts.push(part);
    else parts[parts.length - 1] = { ...before, to, end: part.end };
  }
  return parts;
}

function linesBefore(text: string, place: number): number {
  let at = place;
  for (let lines = 0; lines <= CONTEXT && at > 0; lines++) {
    // where a line begins, a newline ends the one before
    const end = lines === 0 ? at - 1 : at - 2;
    at = end < 0 ? 0 : text.lastIndexOf("\n", end) + 1;
  }
  return at;
}

function linesAfter(text: string, place: number): number {
  let at = place;
  for (let lines = 0; lines <= CONTEXT && at < text.length; lines++) {
    const end = text.indexOf("\n", at);
    at = end === -1 ? text.length : end + 1;
  }
  return at;
}

/** Undefined: it would take too long. */
function matched(before: string, after: string): Hunk[] | undefined {
  if (before.length > MOST_BYTES || after.length > MOST_BYTES) return undefined;
  return structuredPatch("", "", before, after, undefined, undefined, {
    context: CONTEXT,
    timeout: MATCHING_MS,
  })?.hunks;
}

/** All lines removed, and all others added, as far as they can be shown. */
async function unmatched(
  before: string,
  after: string,
  work: EditWork,
): Promise<Hunk> {
  return {
    oldStart: 1,
    oldLines: await linesIn(before, work),
    newStart: 1,
    newLines: await linesIn(after, work),
    lines: [...signed("-", before), ...signed("+", after)],
  };
}

function signed(sign: string, text: string): string[] {
  if (text === "") return [];
  const isEnded = text.endsWith("\n") || text.length > MOST_BYTES;
  const lines = text.slice(0, MOST_BYTES).replace(/\n$/, "").split("\n")
    .map((it) => `${sign}${it}`);
  return isEnded ? lines : [...lines, "\\ No newline at end of file"];
}

async function linesIn(text: string, work: EditWork): Promise<number> {
  const isOpen = text !== "" && !text.endsWith("\n");
  return await newlines(text, work) + (isOpen ? 1 : 0);
}

async function newlines(text: string, work: EditWork): Promise<number> {
  let count = 0;
  const onHit = () => void count++;
  await eachOccurrence("\n", text, { work, isOverlapping: false, onHit });
  return count;
}

function cut(text: string): string {
  if (text.length * 3 <= MOST_BYTES) return text;
  const bytes = new Uint8Array(MOST_BYTES);
  const { read } = new TextEncoder().encodeInto(text, bytes);
  if (read === text.length) return text;
  const end = text.lastIndexOf("\n", read - 1) + 1;
  // one long line: better a part of it than nothing
  return text.slice(0, end > read / 2 ? end : read);
}
