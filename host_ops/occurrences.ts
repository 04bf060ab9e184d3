import { setImmediate } from "node:timers/promises";

/** Characters that are looked at before others have their turn. */
const SLICE_CHARS = 131_072;

/** Up to this length the runtime's own search is quick enough at worst. */
const SHORT_CHARS = 256;

/**
 * Finds each place where `wanted`, which is not empty, begins in `text`; with
 * `isOverlapping` also those that begin within another. Takes time in
 * proportion to both lengths, whatever they are (Knuth, Morris and Pratt: the
 * runtime's own search takes their product at worst), and lets others run
 * meanwhile.
 */
export async function eachOccurrence(
  wanted: string,
  text: string,
  { isOverlapping, onHit }: {
    readonly isOverlapping: boolean;
    readonly onHit: (at: number) => void;
  },
): Promise<void> {
  const { length } = wanted;
  if (length > text.length) return;
  if (length <= SHORT_CHARS) {
    let next = 0;
    await inSlices(text.length, (from, to) => {
      const piece = text.slice(from, to + length - 1);
      for (
        let at = piece.indexOf(wanted, Math.max(next - from, 0));
        at !== -1;
        at = piece.indexOf(wanted, next - from)
      ) {
        onHit(from + at);
        next = from + at + (isOverlapping ? 1 : length);
      }
    });
    return;
  }
  /** By how much is matched: how much still is, one character further on. */
  const still = new Int32Array(length);
  let matched = 0;
  const step = (code: number) => {
    while (matched > 0 && code !== wanted.charCodeAt(matched)) {
      matched = still[matched - 1] ?? 0;
    }
    if (code === wanted.charCodeAt(matched)) matched += 1;
  };
  await inSlices(length, (from, to) => {
    for (let i = Math.max(from, 1); i < to; i++) {
      step(wanted.charCodeAt(i));
      still[i] = matched;
    }
  });
  matched = 0;
  await inSlices(text.length, (from, to) => {
    for (let i = from; i < to; i++) {
      step(text.charCodeAt(i));
      if (matched < length) continue;
      onHit(i + 1 - length);
      matched = isOverlapping ? still[length - 1] ?? 0 : 0;
    }
  });
}

/** Returns a text without the characters that `dropped`, a pattern of one, matches. */
export async function without(text: string, dropped: RegExp): Promise<string> {
  const each = new RegExp(dropped, "g");
  const pieces: string[] = [];
  await inSlices(text.length, (from, to) => {
    pieces.push(text.slice(from, to).replace(each, ""));
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
  dropped?: RegExp,
): Promise<number[]> {
  const lines: number[] = [];
  let line = 1;
  let kept = 0;
  await inSlices(text.length, (from, to) => {
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

/** Does `work` on one slice after another, and lets others run in between. */
async function inSlices(
  length: number,
  work: (from: number, to: number) => void,
): Promise<void> {
  for (let from = 0; from < length; from += SLICE_CHARS) {
    if (from > 0) await setImmediate();
    work(from, Math.min(from + SLICE_CHARS, length));
  }
}
