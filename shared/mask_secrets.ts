import { isSubstitution, KIND, kindAt, Quotes } from "./quotes.ts";
import {
  ABOUT_WORDS,
  EVALUATORS,
  PLAIN_VALUES,
  SCHEMES,
  SECRET_OPTIONS,
  SECRET_WORDS,
  SIGNATURE_WORDS,
  TOKEN_SHAPES,
} from "./secret_table.ts";

/** What stands in the place of a secret. */
export const MASK = "***";

/**
 * Masks the secrets in a text by their name, their place and their look, and
 * nothing else. Where quotes do not clearly say how far a secret goes, it ends
 * where a shell would begin another command: none hides behind it. Takes time
 * in proportion to the text.
 */
export function maskSecrets(text: string): string {
  const shown = text.replace(PRIVATE_KEY, `$1${MASK}`).replace(TOKEN, MASK)
    .replace(LOGIN, maskLogin);
  return new Walk(shown).run();
}

/** Whether what stands under this name is a secret. */
export function isSecretName(name: string): boolean {
  return NAME_CLUE.test(name) && NAME.test(partsOf(name));
}

/** Whether a value is none whatever its name: `true`, `missing`, a path. */
export function isPlainValue(value: string, name: string): boolean {
  return (PLAIN.test(value) && !(PASSWORD.test(name) && /^\d/.test(value))) ||
    PATH.test(value) ||
    (/sess|sid$/i.test(name) && OWN_ID.test(value));
}

const NOT_ABOUT = `(?![a-z])(?!.*-(?:${anyOf(ABOUT_WORDS)})$)`;
const NAME = new RegExp(`(?:${SECRET_WORDS.join("|")})${NOT_ABOUT}`);
const SIGNATURE = new RegExp(`(?:${SIGNATURE_WORDS.join("|")})${NOT_ABOUT}`);
const PLAIN = new RegExp(`^(?:${anyOf(PLAIN_VALUES)}|\\*+)$`, "i");
/** Short numbers may be passwords; a token or a session may be counted. */
const PASSWORD = /pass|pwd|secret/i;
const PATH =
  /^(?:~|\.\.?|\/(?:[a-z]{2,12}|Users|Volumes|Applications|Library))\/[^=:@?]*$/;
const OWN_ID = /^(?:[a-z]{1,12}_)?(?:\d{1,9}|[0-9a-f-]{36})$/;
const SCHEME = new RegExp(`^(?:${anyOf(SCHEMES)})$`, "i");
const TOKEN = new RegExp(
  `(?<=^|[^A-Za-z0-9]|\\\\[nrt])(?:${TOKEN_SHAPES.join("|")})`,
  "g",
);

/** A key in PEM, whole or cut, with line breaks or with `\n` written out. */
const PRIVATE_KEY =
  /(-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----)(?:(?:\s|\\+[nr])*(?:Proc-Type: 4,ENCRYPTED|DEK-Info: [\w,-]{1,80}|Version: [\w .()-]{1,80}|(?!\/[a-z]{2,12}\/)[A-Za-z0-9+/]{40,}={0,2}|=?(?=[a-z0-9+]{0,39}[A-Z])[A-Za-z0-9+]+={0,2}))+(?:(?:\s|\\+[nr]){1,8}-----END [A-Z0-9 ]{1,40}-----)?/g;

/** `scheme://user:password@` */
const LOGIN = /:\/\/([^\s\0/?#"'<>\\`@:]*)(?::([^\s\0/?#"'<>\\`]*))?@/g;

/** The sign that a secret follows in the value of an option, by option. */
type Options = ReadonlyMap<string, string>;

const PROGRAMS = new Map(SECRET_OPTIONS.flatMap(([programs, options]) => {
  const signs = new Map(
    options.split(" ").map((it) => {
      const sign = /[:=%,]$/.exec(it)?.[0] ?? "";
      return [it.slice(0, it.length - sign.length), sign];
    }),
  );
  return programs.split(" ").map((it): [string, Options] => [it, signs]);
}));
const ANY_PROGRAM: Options = PROGRAMS.get("") ?? new Map();

/** What every name of a secret has in it, however it is written. */
const NAME_CLUES = [...SECRET_WORDS, ...SIGNATURE_WORDS].join("|")
  .replaceAll("\\b", "").replaceAll("-?", "[-_.]?");
const NAME_CLUE = new RegExp(NAME_CLUES, "i");

/** A part of every word that is looked at. */
const CLUE = new RegExp(
  `${NAME_CLUES}|basic|(?<![\\w.-])(?:-[\\w-]|(?:${
    [
      ...PROGRAMS.keys(),
      ...EVALUATORS.split(" "),
      ...[...PROGRAMS.values()].flatMap((it) => [...it.keys()]),
    ].filter((it) => /^\w/.test(it)).join("|")
  })(?![\\w.-]))`,
  "gi",
);

const EVALUATES = new RegExp(`^(?:${anyOf(EVALUATORS)})$`);

/** What follows a scheme's name and is no credential: `Basic auth`. */
const PROSE = /^(?:[A-Za-z]?[a-z]{0,18}[.,:]?$|\w+=$|realm=)/;
const BEARER_PROSE = /^(?:auth\w*|tokens?|headers?|schemes?|\w+=|realm=.*)$/i;
/** `username="x", response="y"` */
const PARAMETERS =
  /(?:[A-Za-z][\w-]*=(?:\\*"[^"\r\n;&|<>(`$]*"|[^\s"',;&|<>(`$\\]+),? ?)+/y;
const NEXT_COOKIE = /; ?[\w.$-]{1,64}=/y;
const COOKIE_ATTRIBUTE = /(?:domain|expires|max-age|path|samesite)=$/i;
const NEXT_FIELD = /,[\w.-]{1,40}[=:]|%26/y;
/** What stands between a name and its value. */
const ASSIGNMENT =
  /(\\*["']\]?|\])?([ \t]{0,8})(=>|:=|=(?!==|= )|:(?![:/])|%3[Dd])([ \t]{0,8})\[?|>/y;
/** What stands between an option and its value, in a line or in a list. */
const OPTION_GAP =
  /=|(?:\\*["'],?)?(?:[ \t\0]|\\+\r?\n|\\{3,}n){1,8}|\\*["'],(?=\\*["'])/y;

/** Words that a command may follow. */
const COMMAND_PREFIX = /(?:[<>][|&]?\s*[^\s;&|()<>]*|=[^\s;&|()<>]+)\s+$/;

/** A name may be as long as it likes: what it says stands at its end. */
const NAME_CHARS = 64;
/** Names that a walk remembers. */
const MAX_NAMES = 1000;

function anyOf(words: string): string {
  return words.replaceAll(" ", "|");
}

function partsOf(name: string): string {
  return name.slice(-NAME_CHARS).replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replace(/[_.]/g, "-").toLowerCase();
}

/** What is known of a value by its name. */
type Named =
  | "authorization"
  | "cookie"
  /** A secret, but sentences have the name, too: `session: fix the drain`. */
  | "everyday"
  | "secret"
  /** A secret when `=` follows. */
  | "signature"
  | "other";

function namedBy(name: string): Named {
  if (!isSecretName(name)) {
    return SIGNATURE.test(partsOf(name)) ? "signature" : "other";
  }
  if (/authorization$/i.test(name)) return "authorization";
  if (/cookie2?$/i.test(name)) return "cookie";
  return /^(?:auth|session|session_?id|token)$/i.test(name)
    ? "everyday"
    : "secret";
}

function maskLogin(whole: string, user: string, password?: string): string {
  if (password === undefined) {
    return /^[\w~.%+-]{20,}$/.test(user) ? `://${MASK}@` : whole;
  }
  const rest = password.replace(/^[^;&|(]+/, MASK);
  return `://${user}:${rest}@`;
}

/** What a sticky expression finds at a place. */
function matchAt(expression: RegExp, text: string, at: number) {
  expression.lastIndex = at;
  return expression.exec(text);
}

/** A walk through a text, from clue to clue. */
class Walk {
  readonly #text: string;
  readonly #quotes: Quotes;
  #out = "";
  /** What stands before is in the output. */
  #kept = 0;
  /** What stands before has been looked at. */
  #at = 0;
  /** The options of the program that was named last, and where that was. */
  #program: { readonly options: Options; readonly at: number } | undefined;
  /** Where a program was named that reads its arguments as commands. */
  #evaluator = -1;
  /** What the names that were met name: texts repeat them. */
  readonly #names = new Map<string, Named>();

  constructor(text: string) {
    this.#text = text;
    this.#quotes = new Quotes(text);
  }

  run(): string {
    while (true) {
      CLUE.lastIndex = this.#at;
      if (!CLUE.test(this.#text)) break;
      let end = CLUE.lastIndex;
      let start = end;
      while (start > this.#at && kindAt(this.#text, start - 1) === KIND.word) {
        start--;
      }
      while (kindAt(this.#text, end) === KIND.word) end++;
      this.#at = end;
      this.#word(start, end);
    }
    return this.#out + this.#text.slice(this.#kept);
  }

  #mask(from: number, to: number): void {
    if (to > from) {
      this.#out += this.#text.slice(this.#kept, from) + MASK;
      this.#kept = to;
    }
    this.#skip(to);
  }

  #skip(to: number): void {
    this.#at = Math.max(this.#at, to);
  }

  #word(start: number, end: number): void {
    if (this.#field(start, end)) return;
    if (this.#text[start] === "-") this.#option(start, end);
    else if (!this.#argument(start, end)) this.#scheme(start, end);
  }

  /** `Bearer …` where no header is named. */
  #scheme(start: number, end: number): void {
    const scheme = /^(?:basic|bearer)$/i.exec(this.#text.slice(start, end));
    if (scheme === null) return;
    const next = this.#afterBlanks(end);
    if (next === end) return;
    const { from, to } = this.#value(next, false);
    const secret = this.#text.slice(from, to);
    const isProse = /^basic/i.test(scheme[0])
      ? PROSE.test(secret)
      : BEARER_PROSE.test(secret) || PLAIN.test(secret);
    if (secret.length > 3 && !isProse) this.#mask(from, to);
  }

  /** `name=value`, `"name": "value"` and the like. */
  #field(start: number, end: number): boolean {
    const text = this.#text;
    const next = text[this.#afterBlanks(end)] ?? "";
    if (!":=>]%\"'\\".includes(next)) return false;
    const word = text.slice(Math.max(start, end - NAME_CHARS), end);
    const named = this.#named(word);
    if (named === "other") return false;
    const found = matchAt(ASSIGNMENT, text, end);
    if (found === null) return false;
    const [all, closing, before = "", sign = ">", after = ""] = found;
    if (sign === ">" && text[start - 1] !== "<") return false;
    if (named === "signature" && sign !== "=") return false;
    // In `NAME= command` there is no value.
    const isBare = closing === undefined && before === "";
    if (sign === "=" && isBare && after !== "") return false;
    const isSentence = named === "everyday" && sign === ":" && isBare &&
      after !== "";
    const isQuoted = closing !== undefined && closing !== "]";
    const value = this.#value(end + all.length, isQuoted);
    const secret = text.slice(value.from, value.to);
    if (value.isBare) {
      const isScheme = SCHEME.test(secret);
      const next = isScheme || named === "authorization"
        ? this.#credential(value.to, isScheme)
        : undefined;
      if (next !== undefined) {
        this.#mask(next.from, next.to);
        return true;
      }
      if (isScheme || (isSentence && /^[a-z]{1,15}$/.test(secret))) return true;
      if (/^[[\]{}(),*=]*$/.test(secret)) return true;
    }
    if (isPlainValue(secret, word)) this.#skip(value.to);
    // A login in an address, hidden already: the host is none.
    else if (secret.startsWith(`${MASK}@`)) this.#skip(value.from);
    else this.#mask(value.from, value.to);
    if (value.isBare && named === "cookie") this.#cookies();
    return true;
  }

  #named(word: string): Named {
    if (!NAME_CLUE.test(word)) return "other";
    let named = this.#names.get(word);
    if (named === undefined) {
      named = namedBy(word);
      if (this.#names.size < MAX_NAMES) this.#names.set(word, named);
    }
    return named;
  }

  /** What stands behind the scheme that ends at a place, if it is a credential. */
  #credential(at: number, isScheme: boolean) {
    const from = this.#afterBlanks(at);
    if (from === at) return undefined;
    const parameters = matchAt(PARAMETERS, this.#text, from);
    if (parameters !== null) return { from, to: PARAMETERS.lastIndex };
    const to = this.#bareEnd(from);
    const text = this.#text.slice(from, to);
    const isOne = text !== "" && !/^-|^\w+:\/\//.test(text) &&
      (isScheme || text === MASK || (text.length >= 8 && !PROSE.test(text)));
    return isOne ? { from, to } : undefined;
  }

  /** The further pairs of a header without quotes; their names are no secret. */
  #cookies(): void {
    while (true) {
      const pair = matchAt(NEXT_COOKIE, this.#text, this.#at)?.[0];
      if (pair === undefined) return;
      const from = this.#at + pair.length;
      const to = this.#bareEnd(from);
      const isNone = COOKIE_ATTRIBUTE.test(pair) ||
        PATH.test(this.#text.slice(from, to));
      if (isNone) this.#skip(Math.max(from, to));
      else this.#mask(from, Math.max(from, to));
    }
  }

  /** `--password value`, and of some programs `-p value` and `-pvalue`. */
  #option(start: number, end: number): boolean {
    const word = this.#text.slice(start, Math.min(end, start + NAME_CHARS));
    const options = this.#options(end);
    const given = options?.get(word) ?? ANY_PROGRAM.get(word);
    if (given !== undefined && this.#optionValue(end, given)) return true;
    const glued = options?.get(`${word.slice(0, 2)}*`);
    if (glued !== undefined) return this.#maskBehind(glued, start + 2, false);
    if (word.length < 4) return false;
    const named = this.#named(word);
    return named !== "other" && named !== "signature" &&
      this.#optionValue(end, "");
  }

  #optionValue(end: number, sign: string): boolean {
    if (!this.#isNear(sign, end)) return false;
    const gap = matchAt(OPTION_GAP, this.#text, end)?.[0];
    if (gap === undefined) return false;
    const from = end + gap.length;
    return this.#text[from] === "-" ||
      this.#maskBehind(sign, from, /["']/.test(gap));
  }

  /** The name of a program, or what one takes that knows words without a dash. */
  #argument(start: number, end: number): boolean {
    const word = this.#text.slice(start, Math.min(end, start + NAME_CHARS));
    // In a list each text has its own quotes, and no shell has read them yet.
    const isInLine = this.#text[end] !== "\0";
    if (isInLine && EVALUATES.test(word)) this.#evaluator = end;
    const options = PROGRAMS.get(word);
    if (options !== undefined) {
      this.#program = { options, at: end };
      return true;
    }
    const sign = this.#options(end)?.get(word);
    const from = this.#afterBlanks(end);
    return sign !== undefined && from > end &&
      this.#maskBehind(sign, from, false);
  }

  /** Those of the program whose arguments are read, up to the next command. */
  #options(end: number): Options | undefined {
    if (this.#program === undefined) return undefined;
    this.#quotes.readTo(end);
    if (this.#program.at <= this.#quotes.lastBreak) this.#program = undefined;
    return this.#program?.options;
  }

  #isNear(sign: string, at: number): boolean {
    return sign === "" ||
      this.#text.slice(at, at + NAME_CHARS).includes(sign);
  }

  /** Masks what stands behind a sign in the value at a place, `user:password`. */
  #maskBehind(sign: string, at: number, isQuoted: boolean): true {
    if (!this.#isNear(sign, at)) return true;
    const { from, to } = this.#value(at, isQuoted);
    const value = this.#text.slice(from, to);
    const start = sign === "" ? 0 : value.indexOf(sign) + 1;
    const secret = value.slice(start);
    const isNone = sign === ""
      ? SCHEME.test(secret)
      : start === 0 || (sign === ":" && /^(?:[\/~.]|\d{1,5}$)/.test(secret));
    if (isNone || isPlainValue(secret, sign === "" ? "password" : "")) {
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
      ? quotes.endOf(quote, {
        isSure,
        isField: isQuoted,
      })
      : from;
    return { from, to, isBare: false };
  }

  /** In `>name: command` the name is a file's, in `x=name: command` a value. */
  #mayBeCommand(at: number): boolean {
    if (kindAt(this.#text, at - 1) !== KIND.blank) return false;
    this.#quotes.readTo(at);
    return this.#quotes.depth === 0 &&
      COMMAND_PREFIX.test(this.#text.slice(Math.max(0, at - NAME_CHARS), at));
  }

  /** Where a value ends that is not in quotes. */
  #bareEnd(from: number): number {
    const text = this.#text;
    let at = from;
    for (; at < text.length; at++) {
      const kind = kindAt(text, at);
      if (kind >= KIND.break && kind !== KIND.doubt) break;
      if (kind === KIND.doubt && isSubstitution(text, at)) break;
      if (kind === KIND.quote) {
        const end = this.#quotes.afterSlashes(at);
        if (/["'nrt]/.test(text[end] ?? "")) break;
        at = this.#quotes.afterEscape(at) - 1;
      } else if (text[at] === "," || text[at] === "%") {
        if (matchAt(NEXT_FIELD, text, at) !== null) break;
      }
    }
    while (at > from && ",.)]}".includes(text[at - 1] ?? " ")) at--;
    return at;
  }

  #afterBlanks(from: number): number {
    let at = from;
    while (
      at < from + 8 && (this.#text[at] === " " || this.#text[at] === "\t")
    ) {
      at++;
    }
    return at;
  }
}
