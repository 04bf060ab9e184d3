/**
 * Follows the quotes of a text from left to right, those of texts within texts
 * too: what stands in double quotes has the backslashes of its own doubled.
 */
export class Quotes {
  readonly #text: string;
  /** The marks of what is open, outermost first. */
  readonly #open: number[] = [];
  #at = 0;
  #isSure = true;
  #lastBreak = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether a shell would see the same quotes. */
  get isSure(): boolean {
    return this.#isSure;
  }

  /** Where the last command before this one ends. */
  get lastBreak(): number {
    return this.#lastBreak;
  }

  /** How many texts within texts are open. */
  get depth(): number {
    return this.#open.length;
  }

  readTo(end: number): void {
    for (; this.#at < end; this.#at++) {
      const kind = kindAt(this.#text, this.#at);
      if (kind === KIND.break) this.#lastBreak = this.#at;
      else if (kind === KIND.quote) this.#readQuote();
      else if (this.#isDoubtful(kind)) this.#isSure = false;
    }
  }

  /** The quote at a place, with its backslashes. */
  at(from: number): Quote | undefined {
    const end = this.afterSlashes(from);
    const mark = this.#markAt(from, end);
    return mark === undefined ? undefined : { mark, end: end + 1 };
  }

  afterSlashes(from: number): number {
    let at = from;
    while (this.#text.charCodeAt(at) === BACKSLASH_CODE) at++;
    return at;
  }

  /** Behind the backslashes at a place and what they escape, a quote as well. */
  afterEscape(from: number): number {
    const at = this.afterSlashes(from);
    return (at - from) % 2 === 0 && at > from ? at : at + 1;
  }

  /**
   * Where the text ends that this quote opens: at the same quote, or at one that
   * was open before. Unless it is sure to be open, what ends a command ends it,
   * too, and so does a blank, but in a field, whose name was in such quotes.
   */
  endOf(
    { mark, end }: Quote,
    { isSure, isField }: {
      readonly isSure: boolean;
      readonly isField: boolean;
    },
  ): number {
    let firstBreak = -1;
    for (let at = end; at < this.#text.length; at++) {
      const kind = kindAt(this.#text, at);
      if (kind === KIND.quote) {
        const after = this.afterSlashes(at);
        const other = this.#markAt(at, after);
        const isEnd = other !== undefined &&
          (other === mark || this.#open.includes(other));
        if (isEnd) return after - Math.max(other, 0);
        at = this.afterEscape(at) - 1;
      } else if (kind === KIND.doubt) {
        const isRead = mark !== SINGLE || !isSure;
        if (isRead && isSubstitution(this.#text, at)) return at;
      } else if (kind === KIND.blank) {
        if (!isSure && !isField) return at;
      } else if (kind === KIND.break || kind === KIND.redirection) {
        if (!isSure) return at;
        if (firstBreak === -1) firstBreak = at;
      }
    }
    return firstBreak === -1 ? this.#text.length : firstBreak;
  }

  #readQuote(): void {
    const from = this.#at;
    const at = this.afterSlashes(from);
    const mark = this.#markAt(from, at);
    this.#at = mark === undefined ? at - 1 : at;
    if (mark === undefined) return;
    const open = this.#open.lastIndexOf(mark);
    if (open !== -1) {
      while (this.#open.length > open) this.#open.pop();
      return;
    }
    const isApostrophe = mark === SINGLE &&
      ((at - from) % 2 === 1 || this.#isContraction(at));
    if (isApostrophe || (mark !== SINGLE && mark !== this.#level())) {
      this.#isSure = false;
    }
    if (!isApostrophe) this.#open.push(mark);
  }

  /** `it's`, `can't` */
  #isContraction(at: number): boolean {
    CONTRACTION.lastIndex = at;
    return kindAt(this.#text, at - 1) === KIND.word &&
      CONTRACTION.test(this.#text);
  }

  /** Whether a substitution begins here that may have quotes in it. */
  #isNest(): boolean {
    PLAIN_SUBSTITUTION.lastIndex = this.#at;
    return "({[".includes(this.#text[this.#at + 1] ?? " ") &&
      !PLAIN_SUBSTITUTION.test(this.#text);
  }

  /** The mark of a double quote that opens a text within what is open. */
  #level(): number {
    const outer = this.#open.findLast((it) => it !== SINGLE);
    return outer === undefined ? 0 : 2 * outer + 1;
  }

  #markAt(from: number, end: number): number | undefined {
    const code = this.#text.charCodeAt(end);
    if (code === SINGLE_CODE) return SINGLE;
    if (code !== DOUBLE_CODE) return undefined;
    const count = end - from + 1;
    return (count & -count) - 1;
  }

  /** Substitutions, comments and here-documents have quotes of their own. */
  #isDoubtful(kind: number): boolean {
    if (kind === KIND.redirection) return this.#text.startsWith("<<", this.#at);
    if (kind !== KIND.doubt) return false;
    switch (this.#text[this.#at]) {
      case "$":
        return this.#text[this.#at + 1] === "'" ||
          (this.#open.some((it) => it !== SINGLE) && this.#isNest());
      case "#":
        return kindAt(this.#text, this.#at - 1) !== KIND.word;
      default:
        return true;
    }
  }
}

/** What a character does in a text that may be a command. */
export const KIND = {
  word: 1,
  quote: 2,
  /** Ends a command. */
  break: 3,
  /** May begin a text with quotes of its own. */
  doubt: 4,
  blank: 5,
  redirection: 6,
} as const;

const KINDS = new Uint8Array(65_536);
for (
  const [kind, characters] of [
    [
      KIND.word,
      "-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    ],
    [KIND.quote, "\"'\\"],
    [KIND.break, ";&|()\n\r"],
    [KIND.doubt, "$`#"],
    [KIND.blank, " \t\0"],
    [KIND.redirection, "<>"],
  ] as const
) {
  for (const it of characters) KINDS[it.charCodeAt(0)] = kind;
}

export function kindAt(text: string, at: number): number {
  return KINDS[text.charCodeAt(at)] ?? 0;
}

/** A single quote; a double one is known by the number of its backslashes. */
const SINGLE = -1;
const DOUBLE_CODE = 34;
const SINGLE_CODE = 39;
const BACKSLASH_CODE = 92;

const CONTRACTION = /'(?:[dmst]|ll|re|ve)(?![\w.-])/y;
const PLAIN_SUBSTITUTION = /\$(?:\([^()"'`\\]*\)|\{[^{}"'`\\]*\})/y;

interface Quote {
  readonly mark: number;
  readonly end: number;
}

/** Whether a shell would run what follows, even in double quotes. */
export function isSubstitution(text: string, at: number): boolean {
  return text[at] === "`" || text.startsWith("$(", at);
}
