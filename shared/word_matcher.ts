/**
 * Finds the words of a table in names, in one pass and whatever the name is: an
 * automaton that is in one state for each beginning of a word.
 */
export class WordMatcher {
  /** The next state by state and symbol; a state is the place of its row. */
  readonly #next: Int32Array;
  /** The signs of the words that end in a state. */
  readonly #signs: Int32Array;
  /** Behind a dash. */
  readonly #start: number;

  /**
   * The words are small expressions: letters, `x?`, `[xy]`, `(?:a|b)`, `\b`.
   * Each list has the sign that its words are found by.
   */
  constructor(table: readonly (readonly [readonly string[], number])[]) {
    const words = table.flatMap(([expressions, sign]) =>
      expressions.flatMap(spellings).map((word) => [word, sign] as const)
    );
    const most = words.reduce((sum, [word]) => sum + word.length, 1) * SYMBOLS;
    const next = new Int32Array(most);
    const signs = new Int32Array(most);
    /** By state, the symbols that a word goes on with. */
    const onward: number[][] = [[]];
    for (const [word, sign] of words) {
      let state = 0;
      for (const char of word) {
        const symbol = SYMBOL[char.charCodeAt(0)] ?? 0;
        const at = state + symbol;
        if (!next[at]) {
          next[at] = onward.push([]) * SYMBOLS - SYMBOLS;
          onward[state / SYMBOLS]?.push(symbol);
        }
        state = next[at] ?? 0;
      }
      signs[state] = (signs[state] ?? 0) | sign;
    }
    completeRows(next, signs, onward);
    this.#next = next.slice(0, onward.length * SYMBOLS);
    this.#signs = signs.slice(0, onward.length * SYMBOLS);
    this.#start = this.#next[DASH] ?? 0;
  }

  /**
   * The signs of a name: 1 and 2, when a word of that sign ends at no letter
   * and no word of sign 4 ends the name behind it; others for words at its end.
   * What stands far from the end says nothing.
   */
  read(text: string, from: number, to: number): number {
    const next = this.#next;
    const signs = this.#signs;
    let state = this.#start;
    let found = 0;
    let first = -1;
    let second = -1;
    let dash = -1;
    let wasSmall = false;
    for (let at = from; at < to; at++) {
      const code = text.charCodeAt(at);
      const symbol = code < 128 ? SYMBOL[code] ?? 0 : 0;
      const isCapital = code >= 65 && code <= 90;
      // `aName` is `a-name`.
      const isPart = isCapital && wasSmall;
      if (found !== 0 && (isPart || symbol > LETTERS || symbol === 0)) {
        if ((found & 1) !== 0) first = at;
        if ((found & 2) !== 0) second = at;
      }
      if (isPart) state = next[state + DASH] ?? 0;
      if (isPart || symbol === DASH) dash = at;
      state = next[state + symbol] ?? 0;
      found = signs[state] ?? 0;
      wasSmall = symbol !== 0 && symbol !== DASH && !isCapital;
    }
    if ((found & 1) !== 0) first = to;
    if ((found & 2) !== 0) second = to;
    const isAbout = (found & 4) !== 0;
    const least = Math.max(to - MAX_CHARS, 0);
    const isFirst = first > least && (first > dash || !isAbout);
    const isSecond = second > least && (second > dash || !isAbout);
    return (found & ~7) | (isFirst ? 1 : 0) | (isSecond ? 2 : 0);
  }
}

/** A name may be as long as it likes: what it says stands at its end. */
const MAX_CHARS = 64;

/** Letters are 1 to 26, digits follow; all else is 0. */
const LETTERS = 26;
const DASH = 37;
const SYMBOLS = 38;
const SYMBOL = new Uint8Array(128);
for (let letter = 0; letter < LETTERS; letter++) {
  SYMBOL[65 + letter] = SYMBOL[97 + letter] = letter + 1;
}
for (let digit = 0; digit < 10; digit++) SYMBOL[48 + digit] = 27 + digit;
for (const dash of "-_.") SYMBOL[dash.charCodeAt(0)] = DASH;

/** Gives each state a way on where its word does not: the longest one's that it ends in. */
function completeRows(
  next: Int32Array,
  signs: Int32Array,
  onward: readonly (readonly number[])[],
): void {
  const fallback = new Int32Array(onward.length);
  const queue = [0];
  for (const state of queue) {
    const other = fallback[state / SYMBOLS] ?? 0;
    const row = next.slice(state, state + SYMBOLS);
    if (state !== 0) next.copyWithin(state, other, other + SYMBOLS);
    for (const symbol of onward[state / SYMBOLS] ?? []) {
      const child = row[symbol] ?? 0;
      const shorter = state === 0 ? 0 : next[other + symbol] ?? 0;
      next[state + symbol] = child;
      fallback[child / SYMBOLS] = shorter;
      signs[child] = (signs[child] ?? 0) | (signs[shorter] ?? 0);
      queue.push(child);
    }
  }
}

function spellings(expression: string): string[] {
  let all = [""];
  for (
    const [whole, group, set] of expression.matchAll(
      /\\b|(?:\(\?:([^)]*)\)|\[([^\]]*)\])\??|[a-z0-9-]\?|[a-z0-9-]+(?!\?)/g,
    )
  ) {
    const ways = whole === "\\b"
      ? ["-", " "]
      : group !== undefined
      ? group.split("|").flatMap(spellings)
      : set !== undefined
      ? [...set]
      : [whole.replace("?", "")];
    if (whole.endsWith("?")) ways.push("");
    all = all.flatMap((start) => ways.map((way) => start + way));
  }
  return all;
}
