/** What stood at `from` to `to` of the old text stands at `start` to `end` of the new one. */
export interface Change {
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly end: number;
}

/** A part of the new text that is replaced once more. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  /** How long what takes its place is. */
  readonly length: number;
}

/** Of more changes than this the last goes on to the end of them all. */
export const MOST_CHANGES = 4_096;

/**
 * Returns the changes from the old text to what becomes of the new one by
 * `replacements`. Both lists are in order; changes that touch are one.
 */
export function changedFurther(
  before: readonly Change[],
  replacements: readonly Replacement[],
): Change[] {
  const after: Change[] = [];
  /** From the new text to the old one, and to the newer one. */
  let back = 0;
  let ahead = 0;
  const rest = { before: [...before], replacements: [...replacements] };
  rest.before.reverse();
  rest.replacements.reverse();
  while (true) {
    const first = Math.min(
      rest.before.at(-1)?.start ?? Infinity,
      rest.replacements.at(-1)?.start ?? Infinity,
    );
    if (first === Infinity) return after;
    const from = first + back;
    const start = first + ahead;
    let end = first;
    while (true) {
      const change = rest.before.at(-1);
      const replacement = rest.replacements.at(-1);
      if (change !== undefined && change.start <= end) {
        rest.before.pop();
        end = Math.max(end, change.end);
        back = change.to - change.end;
      } else if (replacement !== undefined && replacement.start <= end) {
        rest.replacements.pop();
        end = Math.max(end, replacement.end);
        ahead += replacement.length - (replacement.end - replacement.start);
      } else break;
    }
    const last = after.length < MOST_CHANGES ? undefined : after.pop();
    after.push({
      from: last?.from ?? from,
      to: end + back,
      start: last?.start ?? start,
      end: end + ahead,
    });
  }
}
