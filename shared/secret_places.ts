import { KIND, kindAt } from "./quotes.ts";

/** What stands between a name and its value. */
interface Assignment {
  readonly sign: "=" | ":" | ">" | "=>" | ":=" | "%3D";
  /** Where the value begins. */
  readonly at: number;
  /** The name is in quotes. */
  readonly isQuoted: boolean;
  /** Nothing stands between the name and the sign. */
  readonly isBare: boolean;
  /** Blanks stand behind the sign. */
  readonly hasBlank: boolean;
}

/** What leads from the name that ends at a place to its value, if anything. */
export function afterAssignment(
  text: string,
  end: number,
): Assignment | undefined {
  let at = end;
  let code = text.charCodeAt(at);
  if (code === BACKSLASH) {
    while (code === BACKSLASH) code = text.charCodeAt(++at);
    if (code !== DOUBLE && code !== SINGLE) return undefined;
  }
  const isQuoted = code === DOUBLE || code === SINGLE;
  if (isQuoted) code = text.charCodeAt(++at);
  if (code === CLOSING) at++;
  at = afterBlanks(text, at);
  const sign = signAt(text, at);
  if (sign === undefined) {
    return text.charCodeAt(end) === GREATER
      ? {
        sign: ">",
        at: end + 1,
        isQuoted: false,
        isBare: true,
        hasBlank: false,
      }
      : undefined;
  }
  const from = at + sign.length;
  let value = afterBlanks(text, from);
  const hasBlank = value > from;
  if (text.charCodeAt(value) === OPENING) value++;
  return { sign, at: value, isQuoted, isBare: at === end, hasBlank };
}

function signAt(text: string, at: number): Assignment["sign"] | undefined {
  const next = text.charCodeAt(at + 1);
  switch (text.charCodeAt(at)) {
    case EQUALS: {
      if (next === GREATER) return "=>";
      const third = next === EQUALS ? text.charCodeAt(at + 2) : 0;
      return third === EQUALS || third === BLANK ? undefined : "=";
    }
    case COLON:
      if (next === EQUALS) return ":=";
      return next === COLON || next === SLASH ? undefined : ":";
    case PERCENT:
      return text.startsWith("3D", at + 1) || text.startsWith("3d", at + 1)
        ? "%3D"
        : undefined;
  }
  return undefined;
}

/** Behind the blanks at a place, of which a few are read. */
export function afterBlanks(text: string, from: number): number {
  let at = from;
  while (at < from + 8) {
    const code = text.charCodeAt(at);
    if (code !== BLANK && code !== TAB) break;
    at++;
  }
  return at;
}

/** Behind `; name=` at a place, or -1. */
export function afterNextCookie(text: string, from: number): number {
  if (text.charCodeAt(from) !== SEMICOLON) return -1;
  const start = text.charCodeAt(from + 1) === BLANK ? from + 2 : from + 1;
  let at = start;
  while (at < start + 64 && isCookieNameAt(text, at)) at++;
  return at > start && text.charCodeAt(at) === EQUALS ? at + 1 : -1;
}

function isCookieNameAt(text: string, at: number): boolean {
  return kindAt(text, at) === KIND.word || text.charCodeAt(at) === DOLLAR;
}

/** Whether another field begins here: `,name=`, or `&` in an address's value. */
export function isNextField(text: string, from: number): boolean {
  const code = text.charCodeAt(from);
  if (code === PERCENT) return text.startsWith("26", from + 1);
  if (code !== COMMA) return false;
  let at = from + 1;
  while (at <= from + 40 && kindAt(text, at) === KIND.word) at++;
  const sign = text.charCodeAt(at);
  return at > from + 1 && (sign === EQUALS || sign === COLON);
}

/**
 * Whether a command may begin behind the blanks before a place: a file that is
 * written or read, or a variable's value, stands before them.
 */
export function isBeforeCommand(text: string, end: number): boolean {
  const least = Math.max(0, end - 64);
  let at = end;
  while (at > least && isSpaceAt(text, at - 1)) at--;
  if (at === end) return false;
  let hasValue = false;
  for (const last = at; at > least; at--) {
    const kind = kindAt(text, at - 1);
    if (kind === KIND.redirection || kind === KIND.break) break;
    if (isSpaceAt(text, at - 1)) break;
    if (at < last && text.charCodeAt(at - 1) === EQUALS) hasValue = true;
  }
  if (hasValue) return true;
  while (at > least && isSpaceAt(text, at - 1)) at--;
  if ("|&".includes(text[at - 1] ?? " ")) at--;
  return at > least && kindAt(text, at - 1) === KIND.redirection;
}

function isSpaceAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === BLANK || (code >= TAB && code <= RETURN);
}

const TAB = 9;
const RETURN = 13;
const BLANK = 32;
const DOUBLE = 34;
const DOLLAR = 36;
const PERCENT = 37;
const SINGLE = 39;
const COMMA = 44;
const SLASH = 47;
const COLON = 58;
const SEMICOLON = 59;
const EQUALS = 61;
const GREATER = 62;
const OPENING = 91;
const BACKSLASH = 92;
const CLOSING = 93;
