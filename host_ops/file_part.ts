/**
 * Says which of the bytes that come next belong to a part, given one piece of
 * the file after another; `isOver` when none after them do.
 */
export type Selector = (piece: Uint8Array) => {
  readonly from: number;
  readonly to: number;
  readonly isOver: boolean;
};

/** Selects all but the first `skipped` bytes; undefined: all. */
export function afterBytes(skipped: number): Selector | undefined {
  if (skipped === 0) return undefined;
  let left = skipped;
  return (piece) => {
    const from = Math.min(left, piece.length);
    left -= from;
    return { from, to: piece.length, isOver: false };
  };
}

/**
 * Selects the lines of a range such as `10-40`, `10-` or `7`, counted from 1,
 * with the newlines that end them.
 */
export function lineRange(range: string): Selector {
  const [first, last] = endsOf(range);
  let line = 1;
  return (piece) => {
    let from = line >= first ? 0 : piece.length;
    for (
      let at = piece.indexOf(NEWLINE);
      at !== -1;
      at = piece.indexOf(NEWLINE, at + 1)
    ) {
      line += 1;
      if (line === first) from = at + 1;
      if (line > last) return { from, to: at + 1, isOver: true };
    }
    return { from, to: piece.length, isOver: false };
  };
}

/** Tells whether a range of lines ends no earlier than it begins. */
export function isForward(range: string): boolean {
  const [first, last] = endsOf(range);
  return first <= last;
}

/** What a range of lines looks like. */
export const LINE_RANGE = /^[1-9]\d{0,14}(-([1-9]\d{0,14})?)?$/;

const NEWLINE = 10;

function endsOf(range: string): readonly [number, number] {
  const [first = "", last] = range.split("-");
  return [Number(first), last === "" ? Infinity : Number(last ?? first)];
}
