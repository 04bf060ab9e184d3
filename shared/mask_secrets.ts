import { isSubstitution, KIND, kindAt, Quotes } from "./quotes.ts";
import {
  ANY_PROGRAM,
  isPath,
  isPlainValue,
  KNOWN_WORDS,
  NAME,
  type Options,
  readName,
} from "./secret_names.ts";
import {
  afterAssignment,
  afterBlanks,
  afterNextCookie,
  isBeforeCommand,
  isNextField,
} from "./secret_places.ts";
import { SCHEMES, TOKEN_SHAPES } from "./secret_table.ts";
import { WordTable } from "./word_table.ts";

/** What stands in the place of a secret. */
export const MASK = "***";

/**
 * Masks the secrets in a text by their name, their place and their look, and
 * nothing else. Where quotes do not clearly say how far a secret goes, it ends
 * where a shell would begin another command: none hides behind it. Takes time
 * in proportion to the text.
 */
export function maskSecrets(text: string): string {
  if (text.length < LEAST_SECRET) return text;
  let shown = text;
  if (text.includes("-----BEGIN")) {
    shown = shown.replace(PRIVATE_KEY, `$1${MASK}`);
  }
  if (text.length >= LEAST_TOKEN) shown = shown.replace(TOKEN, MASK);
  if (text.includes("://")) shown = shown.replace(LOGIN, maskLogin);
  return new Walk(shown).run();
}

/** The length of `sid=x`. */
const LEAST_SECRET = 5;
const LEAST_TOKEN = 10;
const TOKEN = new RegExp(
  `(?<=^|[^A-Za-z0-9]|\\\\[nrt])(?:${TOKEN_SHAPES.join("|")})`,
  "g",
);

/** A key in PEM, whole or cut, with line breaks or with `\n` written out. */
const PRIVATE_KEY =
  /(-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----)(?:(?:\s|\\+[nr])*(?:Proc-Type: 4,ENCRYPTED|DEK-Info: [\w,-]{1,80}|Version: [\w .()-]{1,80}|(?!\/[a-z]{2,12}\/)[A-Za-z0-9+/]{40,}={0,2}|=?(?=[a-z0-9+]{0,39}[A-Z])[A-Za-z0-9+]+={0,2}))+(?:(?:\s|\\+[nr]){1,8}-----END [A-Z0-9 ]{1,40}-----)?/g;

/** `scheme://user:password@` */
const LOGIN = /:\/\/([^\s\0/?#"'<>\\`@:]*)(?::([^\s\0/?#"'<>\\`]*))?@/g;

/** A token stands where a user does: too long for a name, or with digits in it. */
const LOOKS_RANDOM =
  /^(?:[\w~.%+-]{20,}|(?=\D*\d)(?=[^A-Za-z]*[A-Za-z])[\w~.%+-]{12,19})$/;

/** What follows a scheme's name and is no credential: `Basic auth`. */
const PROSE = /^(?:[A-Za-z]?[a-z]{0,18}[.,:]?$|\w+=$|realm=)/;
const BEARER_PROSE = /^(?:auth\w*|tokens?|headers?|schemes?|\w+=|realm=.*)$/i;
/** `username="x", response="y"` */
const PARAMETERS =
  /(?:[A-Za-z][\w-]*=(?:\\*"[^"\r\n;&|<>(`$]*"|[^\s"',;&|<>(`$\\]+),? ?)+/y;
const COOKIE_ATTRIBUTE = /(?:domain|expires|max-age|path|samesite)=$/i;
/** What stands between an option and its value, in a line or in a list. */
const OPTION_GAP =
  /=|(?:\\*["'],?)?(?:[ \t\0]|\\+\r?\n|\\{3,}n){1,8}|\\*["'],(?=\\*["'])/y;

/** Secrets, but sentences have the names, too: `session: fix the drain`. */
const EVERYDAY = /^(?:auth|session|session_?id|token)$/i;
/** The length of `sid`. */
const LEAST_NAME = 3;
/** Names of programs and their options are no longer. */
const MAX_WORD = 24;
/** The length of `-pw`. */
const MAX_SHORT_OPTION = 3;
/** So much of a name is looked at, from its end. */
const NAME_CHARS = 64;
const BLANK = 32;
const SMALL_B = 98;
const DASH = 45;
/** The length of `;path=`. */
const LEAST_ATTRIBUTE = 6;
const STAR = 42;
/** What stands behind a sign in code. */
const NO_SECRET = /^[[\]{}(),*=]*$/;

function maskLogin(whole: string, user: string, password?: string): string {
  if (password === undefined) {
    return LOOKS_RANDOM.test(user) ? `://${MASK}@` : whole;
  }
  const rest = password.replace(/^[^;&|(]+/, MASK);
  return `://${user}:${rest}@`;
}

/** Where a sticky expression that matches at a place ends, or -1. */
function endAt(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at;
  return expression.test(text) ? expression.lastIndex : -1;
}

/** A walk through a text, from name to name. */
class Walk {
  readonly #text: string;
  readonly #quotes: Quotes;
  /** What is kept; a mask stands between each two of them. */
  readonly #kept: string[] = [];
  /** What stands before is kept or masked. */
  #done = 0;
  /** What stands before has been looked at. */
  #at = 0;
  /** The options of the program that was named last, and where that was. */
  #program: { readonly options: Options; readonly at: number } | undefined;
  /** Where a program was named that reads its arguments as commands. */
  #evaluator = -1;

  constructor(text: string) {
    this.#text = text;
    this.#quotes = new Quotes(text);
  }

  run(): string {
    const text = this.#text;
    const { length } = text;
    while (true) {
      let start = this.#at;
      while (start < length && kindAt(text, start) !== KIND.word) start++;
      if (start >= length) break;
      let end = start + 1;
      while (end < length && kindAt(text, end) === KIND.word) end++;
      this.#at = end;
      this.#word(start, end);
    }
    if (this.#kept.length === 0) return text;
    this.#kept.push(text.slice(this.#done));
    return this.#kept.join(MASK);
  }

  #mask(from: number, to: number): void {
    if (to > from) {
      this.#kept.push(this.#text.slice(this.#done, from));
      this.#done = to;
    }
    this.#skip(to);
  }

  #skip(to: number): void {
    this.#at = Math.max(this.#at, to);
  }

  #word(start: number, end: number): void {
    const length = end - start;
    const says = length < LEAST_NAME ? 0 : readName(this.#text, start, end);
    if (says & (NAME.secret | NAME.signature)) {
      if (this.#field(start, end, says)) return;
    }
    const first = this.#text.charCodeAt(start);
    if (first === DASH) this.#option(start, end, says);
    else if (length <= MAX_WORD && length >= 2 && FIRST[first] === 1) {
      this.#known(start, end);
    }
  }

  /** A whole word that is known: a program, a scheme. */
  #known(start: number, end: number): void {
    if (this.#argument(start, end)) return;
    const isB = (this.#text.charCodeAt(start) | 32) === SMALL_B;
    const length = end - start;
    if (isB && (length === 5 || length === 6)) this.#scheme(start, end);
  }

  /** `Bearer …` where no header is named. */
  #scheme(start: number, end: number): void {
    const next = afterBlanks(this.#text, end);
    if (next === end) return;
    if (end - start === 5 && isSmallWordAt(this.#text, next)) return;
    const scheme = this.#text.slice(start, end).toLowerCase();
    if (scheme !== "basic" && scheme !== "bearer") return;
    const { from, to } = this.#value(next, false);
    if (to - from <= 3) return;
    const secret = this.#text.slice(from, to);
    const isProse = scheme === "basic"
      ? PROSE.test(secret)
      : BEARER_PROSE.test(secret) ||
        isPlainValue(secret, scheme, { isProse: true });
    if (!isProse) this.#mask(from, to);
  }

  /** `name=value`, `"name": "value"` and the like. */
  #field(start: number, end: number, says: number): boolean {
    const text = this.#text;
    const place = afterAssignment(text, end);
    if (place === undefined) return false;
    const { at, sign, isQuoted, hasBlank, isBare } = place;
    if (sign === ">" && text[start - 1] !== "<") return false;
    const isSecret = (says & NAME.secret) !== 0;
    if (!isSecret && sign !== "=") return false;
    // In `NAME= command` there is no value.
    if (sign === "=" && isBare && hasBlank) return false;
    // A login in an address, hidden already: the host is none.
    if (text.charCodeAt(at) === STAR && text.startsWith(`${MASK}@`, at)) {
      this.#skip(at);
      return true;
    }
    const value = this.#value(at, isQuoted);
    const isEmpty = value.isBare && value.from === value.to;
    if (isEmpty && (says & NAME.authorization) === 0) return true;
    const word = text.slice(Math.max(start, end - NAME_CHARS), end);
    const isSentence = sign === ":" && isBare && hasBlank &&
      EVERYDAY.test(word);
    const secret = text.slice(value.from, value.to);
    if (value.isBare) {
      const isScheme = isSchemeName(secret);
      const next = isSecret && (isScheme || (says & NAME.authorization) !== 0)
        ? this.#credential(value.to, isScheme)
        : undefined;
      if (next !== undefined) {
        this.#mask(next.from, next.to);
        return true;
      }
      if (isScheme || (isSentence && /^[a-z]{1,15}$/.test(secret))) return true;
      if (kindAt(secret, 0) !== KIND.word && NO_SECRET.test(secret)) {
        return true;
      }
    }
    const isProse = value.isBare && sign === ":" && isBare;
    if (isPlainValue(secret, word, { isProse, isAssigned: sign === "=" })) {
      this.#skip(value.to);
    } // The same behind a quote.
    else if (secret.startsWith(`${MASK}@`)) this.#skip(value.from);
    else this.#mask(value.from, value.to);
    if (value.isBare && (says & NAME.cookie) !== 0) this.#cookies();
    return true;
  }

  /** What stands behind the scheme that ends at a place, if it is a credential. */
  #credential(at: number, isScheme: boolean) {
    const from = afterBlanks(this.#text, at);
    if (from === at) return undefined;
    const end = endAt(PARAMETERS, this.#text, from);
    if (end !== -1) return { from, to: end };
    const to = this.#bareEnd(from);
    if (to <= from) return undefined;
    const text = this.#text.slice(from, to);
    const isOne = !/^-|^\w+:\/\//.test(text) &&
      (isScheme || text === MASK || (text.length >= 8 && !PROSE.test(text)));
    return isOne ? { from, to } : undefined;
  }

  /** The further pairs of a header without quotes; their names are no secret. */
  #cookies(): void {
    while (true) {
      const start = this.#at;
      const from = afterNextCookie(this.#text, start);
      if (from === -1) return;
      const to = Math.max(from, this.#bareEnd(from));
      const isNone = (from - start >= LEAST_ATTRIBUTE &&
        COOKIE_ATTRIBUTE.test(this.#text.slice(start, from))) ||
        isPath(this.#text.slice(from, to));
      if (isNone) this.#skip(to);
      else this.#mask(from, to);
    }
  }

  /** `--password value`, and of some programs `-p value` and `-pvalue`. */
  #option(start: number, end: number, says: number): boolean {
    const length = end - start;
    if (length < 2) return false;
    const options = this.#options(end);
    const isLong = this.#text.charCodeAt(start + 1) === DASH;
    if (length <= (isLong ? MAX_WORD : MAX_SHORT_OPTION)) {
      const { signs } = options ?? ANY_PROGRAM;
      const sign = signs.find(this.#text, start, end);
      if (sign !== undefined && this.#optionValue(end, sign)) return true;
    }
    if (!isLong && options?.glued !== undefined) {
      const sign = options.glued.find(this.#text, start, start + 2);
      if (sign !== undefined) return this.#maskBehind(sign, start + 2, false);
    }
    return length >= 4 && (says & NAME.secret) !== 0 &&
      this.#optionValue(end, "");
  }

  #optionValue(end: number, sign: string): boolean {
    if (!this.#isNear(sign, end)) return false;
    const from = this.#afterGap(end);
    if (from === -1) return false;
    if (this.#text.charCodeAt(from) === DASH) return true;
    const isQuoted = from > end + 1 &&
      /["']/.test(this.#text.slice(end, from));
    return this.#maskBehind(sign, from, isQuoted);
  }

  #afterGap(end: number): number {
    const kind = kindAt(this.#text, end);
    if (kind === KIND.blank) {
      const next = kindAt(this.#text, end + 1);
      if (next === KIND.word) return end + 1;
    } else if (kind !== KIND.quote && this.#text[end] !== "=") return -1;
    return endAt(OPTION_GAP, this.#text, end);
  }

  /** The name of a program, or what one takes that knows words without a dash. */
  #argument(start: number, end: number): boolean {
    const known = WORDS.find(this.#text, start, end);
    if (known === undefined) return false;
    // In a list each text has its own quotes, and no shell has read them yet.
    if (known.evaluates && this.#text[end] !== "\0") this.#evaluator = end;
    const { options } = known;
    const sign = this.#options(end)?.signs.find(this.#text, start, end);
    if (sign !== undefined) return this.#optionValue(end, sign);
    if (options !== undefined) this.#program = { options, at: end };
    return options !== undefined;
  }

  /** Those of the program whose arguments are read, up to the next command. */
  #options(end: number): Options | undefined {
    if (this.#program === undefined) return undefined;
    this.#quotes.readTo(end);
    if (this.#program.at <= this.#quotes.lastBreak) this.#program = undefined;
    return this.#program?.options;
  }

  #isNear(sign: string, from: number): boolean {
    if (sign === "") return true;
    const code = sign.charCodeAt(0);
    const end = Math.min(from + NAME_CHARS, this.#text.length);
    for (let at = from; at < end; at++) {
      if (this.#text.charCodeAt(at) === code) return true;
    }
    return false;
  }

  /** Masks what stands behind a sign in the value at a place, `user:password`. */
  #maskBehind(sign: string, at: number, isQuoted: boolean): true {
    if (!this.#isNear(sign, at)) return true;
    const { from, to } = this.#value(at, isQuoted);
    const value = this.#text.slice(from, to);
    const start = sign === "" ? 0 : value.indexOf(sign) + 1;
    const secret = start === 0 ? value : value.slice(start);
    const isNone = sign === ""
      ? isSchemeName(secret)
      : start === 0 || (sign === ":" && /^(?:[\/~.]|\d{1,5}$)/.test(secret));
    const name = sign === "" ? "password" : "";
    if (isNone || isPlainValue(secret, name, { isAssigned: true })) {
      this.#skip(to);
    } else this.#mask(from + start, to);
    return true;
  }

  /**
   * How far the value goes that begins at a place. `isQuoted`: its name is in
   * quotes, so it is in some of its own.
   */
  #value(at: number, isQuoted: boolean) {
    const quotes = this.#quotes;
    const quote = quotes.at(at);
    if (quote === undefined) {
      const to = this.#mayBeCommand(at) ? at : this.#bareEnd(at);
      return { from: at, to, isBare: true };
    }
    const from = quote.end;
    quotes.readTo(at);
    const { depth } = quotes;
    quotes.readTo(from);
    const isOpener = quotes.depth > depth;
    const isSure = isOpener && quotes.isSure &&
      (depth > 0 || this.#evaluator <= quotes.lastBreak);
    const to = isOpener || isQuoted
      ? quotes.endOf(quote, { isSure, isField: isQuoted })
      : from;
    return { from, to, isBare: false };
  }

  /** In `>name: command` the name is a file's, in `x=name: command` a value. */
  #mayBeCommand(at: number): boolean {
    if (kindAt(this.#text, at - 1) !== KIND.blank) return false;
    if (!isBeforeCommand(this.#text, at)) return false;
    this.#quotes.readTo(at);
    return this.#quotes.depth === 0;
  }

  /** Where a value ends that is not in quotes. */
  #bareEnd(from: number): number {
    const text = this.#text;
    let at = from;
    for (; at < text.length; at++) {
      const kind = kindAt(text, at);
      if (kind === KIND.word) continue;
      if (kind >= KIND.break && kind !== KIND.doubt) break;
      if (kind === KIND.doubt) {
        if (isSubstitution(text, at)) break;
      } else if (kind === KIND.quote) {
        const end = this.#quotes.afterSlashes(at);
        if ("\"'nrt".includes(text[end] ?? " ")) break;
        at = this.#quotes.afterEscape(at) - 1;
      } else if (isNextField(text, at)) break;
    }
    while (at > from && ",.)]}".includes(text[at - 1] ?? " ")) at--;
    return at;
  }
}

const WORDS = new WordTable(KNOWN_WORDS);
/** What a word may begin with that is known whole. */
const FIRST = new Uint8Array(128);
for (const word of [...KNOWN_WORDS.keys(), "b", "B"]) {
  FIRST[word.charCodeAt(0)] = 1;
}
const SCHEME_NAMES = new Set(SCHEMES.split(" "));
/** What they begin with, in small letters. */
const SCHEME_FIRST = new Uint8Array(128);
for (const it of SCHEME_NAMES) SCHEME_FIRST[it.charCodeAt(0)] = 1;
const SCHEME_LENGTHS = [...SCHEME_NAMES].map((it) => it.length);
const MIN_SCHEME = Math.min(...SCHEME_LENGTHS);
const MAX_SCHEME = Math.max(...SCHEME_LENGTHS);

/** Whether a short word of small letters stands alone here, as most prose does. */
function isSmallWordAt(text: string, from: number): boolean {
  let at = from;
  while (at < from + 19) {
    const code = text.charCodeAt(at);
    if (code < 97 || code > 122) break;
    at++;
  }
  return at > from && text.charCodeAt(at) === BLANK;
}

function isSchemeName(word: string): boolean {
  const first = word.charCodeAt(0) | 32;
  return word.length >= MIN_SCHEME && word.length <= MAX_SCHEME &&
    SCHEME_FIRST[first] === 1 &&
    SCHEME_NAMES.has(word.toLowerCase());
}
