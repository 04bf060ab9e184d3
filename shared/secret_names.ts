import {
  ABOUT_WORDS,
  EVALUATORS,
  NO_VALUES,
  PROSE_VALUES,
  SECRET_OPTIONS,
  SECRET_WORDS,
  SIGNATURE_WORDS,
} from "./secret_table.ts";
import { WordMatcher } from "./word_matcher.ts";
import { WordTable } from "./word_table.ts";

/** Whether what stands under this name is a secret. */
export function isSecretName(name: string): boolean {
  return (readName(name, 0, name.length) & NAME.secret) !== 0;
}

/** What a name says of what stands under it; signs that may stand together. */
export const NAME = {
  secret: 1,
  /** A secret when `=` follows. */
  signature: 2,
  about: 4,
  authorization: 8,
  cookie: 16,
} as const;

/** What the name between two places says, as signs of {@linkcode NAME}. */
export function readName(text: string, from: number, to: number): number {
  return NAMES.read(text, from, to);
}

/**
 * Whether a value is none whatever its name: `true`, `missing`, a path.
 * `isProse`: words of a sentence are none as well.
 */
export function isPlainValue(
  value: string,
  name: string,
  { isProse = false, isAssigned = false }: {
    readonly isProse?: boolean;
    /** Behind `=`, as in an address or a cookie. */
    readonly isAssigned?: boolean;
  } = {},
): boolean {
  if (value === "") return true;
  const first = value.charCodeAt(0);
  if (first >= DIGITS && first < DIGITS + 10 && SHORT_NUMBER.test(value)) {
    return !UNCOUNTED.test(name);
  }
  const mayBePlain = value.length <= MAX_PLAIN_CHARS &&
    (isProse || (value.length >= 3 && NO_VALUE_FIRST[first | 32] === 1));
  if (mayBePlain) {
    const word = value.toLowerCase();
    if (NO_VALUE.has(word) || (isProse && PROSE_VALUE.has(word))) return true;
  }
  if (first === STAR) return STARS.test(value);
  if (isPath(value)) return true;
  if (name === "PWD") return FOLDER.test(value);
  return !isAssigned && (name === "session_id" || name === "sessionId") &&
    OWN_ID.test(value);
}

/** Whether a value is a file's or a folder's path. */
export function isPath(value: string): boolean {
  return PATH_STARTS.includes(value[0] ?? " ") && PATH.test(value);
}

/** The options of a program that a secret follows, each with its sign. */
export interface Options {
  readonly signs: WordTable<string>;
  /** Those that the secret is glued to, `-p`. */
  readonly glued: WordTable<string> | undefined;
}

/** What a whole word is to a walk. */
interface KnownWord {
  /** A program's. */
  readonly options?: Options;
  /** A program that reads its arguments as commands. */
  readonly evaluates: boolean;
}

/** Programs, and what their options are called without a dash. */
export const KNOWN_WORDS = knownWords();

/** The options that have a secret behind them with any program. */
export const ANY_PROGRAM: Options = optionsOf(ofAnyProgram());

const NAMES = new WordMatcher([
  [SECRET_WORDS, NAME.secret],
  [SIGNATURE_WORDS, NAME.signature],
  [ABOUT_WORDS.split(" ").map((it) => `-${it}`), NAME.about],
  [["authorization"], NAME.authorization],
  [["cookie2?"], NAME.cookie],
]);

const NO_VALUE = new Set(NO_VALUES.split(" "));
/** What those begin with. */
const NO_VALUE_FIRST = new Uint8Array(128);
for (const it of NO_VALUE) NO_VALUE_FIRST[it.charCodeAt(0)] = 1;
const PROSE_VALUE = new Set(PROSE_VALUES.split(" "));
const MAX_PLAIN_CHARS = 12;
const DIGITS = 48;
const STAR = 42;
const STARS = /^\*+$/;
const SHORT_NUMBER = /^\d{1,3}$/;
/** Short numbers may be these; a token or a session may be counted. */
const UNCOUNTED = /pass|pwd|secret|[cx]srf|otp/i;
const PATH_STARTS = "~./";
const PATH =
  /^(?:~|\.\.?|\/(?:[a-z]{2,12}|Users|Volumes|Applications|Library))\/[^=:@?]*$/;
/** What a shell's working folder is, which is called as passwords are. */
const FOLDER = /^(?:\$\{?[A-Z_]+\}?|\/[\w.-]*)(?:\/[^=:@?]*)?$/;
/** Ids of the product's own sessions. */
const OWN_ID = /^(?:[a-z]{1,12}_)?(?:\d{1,9}|[0-9a-f-]{36})$/;

function ofAnyProgram(): string {
  return SECRET_OPTIONS.find(([programs]) => programs === "")?.[1] ?? "";
}

function optionsOf(options: string): Options {
  const signs = signsOf(options);
  const glued = signs.filter(([name]) => name.endsWith("*"))
    .map(([name, sign]) => [name.slice(0, -1), sign] as const);
  return {
    signs: new WordTable(signs.filter(([name]) => !name.endsWith("*"))),
    glued: glued.length === 0 ? undefined : new WordTable(glued),
  };
}

/** Options without their sign, and the sign. */
function signsOf(options: string): [name: string, sign: string][] {
  return options.split(" ").map((option) => {
    const sign = /[:=%,]$/.exec(option)?.[0] ?? "";
    return [option.slice(0, option.length - sign.length), sign];
  });
}

function knownWords(): Map<string, KnownWord> {
  const words = new Map<string, KnownWord>();
  for (const [programs, list] of SECRET_OPTIONS) {
    const options = optionsOf(`${ofAnyProgram()} ${list}`);
    for (const [name] of signsOf(list)) {
      if (/^[A-Za-z]/.test(name) && !words.has(name)) {
        words.set(name, { evaluates: false });
      }
    }
    for (const name of programs.split(" ")) {
      if (name !== "") words.set(name, { options, evaluates: false });
    }
  }
  for (const name of EVALUATORS.split(" ")) {
    words.set(name, { ...words.get(name), evaluates: true });
  }
  return words;
}
