import type { EditWork } from "./edit_work.ts";

/** Of so much the runtime's own search is quick enough at worst. */
const HEAD_CHARS = 256;

/**
 * Finds each place where `wanted`, which is not empty, begins in `text`; with
 * `isOverlapping` also those that begin within another. Takes time in
 * proportion to both lengths, whatever they are: the runtime's own search finds
 * where it could begin, and when that is so too often (it would take the product
 * of the lengths), Knuth, Morris and Pratt's goes on from there.
 */
export async function eachOccurrence(
  wanted: string,
  text: string,
  { work, isOverlapping, onHit }: {
    readonly work: EditWork;
    readonly isOverlapping: boolean;
    readonly onHit: (at: number) => void;
  },
): Promise<void> {
  const { length } = wanted;
  if (length > text.length) return;
  const head = wanted.slice(0, HEAD_CHARS);
  let next = 0;
  let toCompare = 2 * text.length;
  await work.inSlices(text.length, (from, to) => {
    const piece = text.slice(from, to + head.length - 1);
    while (toCompare >= 0) {
      const found = piece.indexOf(head, Math.max(next - from, 0));
      if (found === -1) return;
      const at = from + found;
      const isHit = length === head.length || text.startsWith(wanted, at);
      if (isHit) onHit(at);
      next = at + (isHit && !isOverlapping ? length : 1);
      toCompare -= length - head.length;
    }
  });
  if (toCompare >= 0) return;
  /** By how much is matched: how much still is, one character further on. */
  const still = new Int32Array(length);
  let matched = 0;
  const step = (code: number) => {
    while (matched > 0 && code !== wanted.charCodeAt(matched)) {
      matched = still[matched - 1] ?? 0;
    }
    if (code === wanted.charCodeAt(matched)) matched += 1;
  };
  await work.inSlices(length, (from, to) => {
    for (let i = Math.max(from, 1); i < to; i++) {
      step(wanted.charCodeAt(i));
      still[i] = matched;
    }
  });
  matched = 0;
  const start = next;
  await work.inSlices(text.length - start, (from, to) => {
    for (let i = start + from; i < start + to; i++) {
      step(text.charCodeAt(i));
      if (matched < length) continue;
      onHit(i + 1 - length);
      matched = isOverlapping ? still[length - 1] ?? 0 : 0;
    }
  });
}

/** Returns a text without the characters that `dropped`, a pattern of one, matches. */
export async function without(
  text: string,
  { work, dropped }: { readonly work: EditWork; readonly dropped: RegExp },
): Promise<string> {
  const pieces: string[] = [];
  await work.inSlices(text.length, (from, to) => {
    pieces.push(text.slice(from, to).split(dropped).join(""));
  });
  return pieces.join("");
}

/**
 * Returns at which lines, counted from 1, some places of a text are; they are
 * in order, and counted without the characters that `dropped` matches.
 */
export async function linesAt(
  places: readonly number[],
  text: string,
  { work, dropped }: { readonly work: EditWork; readonly dropped?: RegExp },
): Promise<number[]> {
  const lines: number[] = [];
  let line = 1;
  let kept = 0;
  await work.inSlices(text.length, (from, to) => {
    for (let i = from; i < to && lines.length < places.length; i++) {
      const char = text.charAt(i);
      if (!dropped?.test(char)) {
        if (kept === places[lines.length]) lines.push(line);
        kept += 1;
      }
      if (char === "\n") line += 1;
    }
  });
  return lines;
}
