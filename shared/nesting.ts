/** How deep objects and lists that come from outside may be nested. */
export const MAX_NESTING = 64;

/**
 * Tells whether a JSON text is nested deeper than `most` levels: what
 * copies, judges or writes a value goes down into it, and has not more room. In
 * a text that is no JSON it may err.
 */
export function isTooDeep(json: string, most = MAX_NESTING): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    switch (json.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(json, at + 1);
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        if (++depth > most) return true;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--;
    }
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The index of the quote that ends a string; the text's length when none does. */
function endOfString(json: string, from: number): number {
  let at = json.indexOf('"', from);
  while (at >= 0) {
    let slashes = 0;
    while (json.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
    at = json.indexOf('"', at + 1);
  }
  return json.length;
}
