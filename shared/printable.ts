/**
 * Line ends, what steers a terminal (C0, DEL, C1), and what turns the direction
 * of text around or hides in it. A lone surrogate has no bytes of its own.
 */
const UNPRINTABLE =
  // deno-lint-ignore no-control-regex -- it is about control characters
  /[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu;

/**
 * Returns text that came from outside as one line that shows every character
 * that does not print by its escape, as in a JSON text: `\u001b`.
 */
export function printable(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
