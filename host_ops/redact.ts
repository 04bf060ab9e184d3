/** How much of a command stands in an audit row, in characters. */
export const MOST_CHARACTERS = 1_024;

/** What replaces a secret. */
const MASK = "***";

/** Bounded on both sides, so that it is never slow. */
const SECRET_NAME =
  "[\\w-]{0,40}?(?:token|secret|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|private[_-]?key|credential|cookie|session[_-]?id)[\\w-]{0,40}";

const VALUE = `("[^"]*"|'[^']*'|[^\\s"'&;|]+)`;

const RULES: readonly (readonly [RegExp, string])[] = [
  // Authorization: Bearer abc; Cookie: a=b
  [
    /((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(["']?\s{0,8}[:=]\s{0,8})[^"'\r\n]+/gi,
    `$1$2${MASK}`,
  ],
  [/\b(bearer|basic)\s{1,8}[\w.~+/=-]{6,}/gi, `$1 ${MASK}`],
  // TOKEN=abc, "api_key": "abc"
  [
    new RegExp(
      `(?<![\\w-])(${SECRET_NAME})(["']?\\s{0,8}[:=]\\s{0,8})${VALUE}`,
      "gi",
    ),
    `$1$2${MASK}`,
  ],
  // --password abc
  [
    new RegExp(`(?<!\\S)(-${SECRET_NAME}\\s{1,8})${VALUE}`, "gi"),
    `$1${MASK}`,
  ],
  // https://user:password@host
  [/(:\/\/[^\s/:@]{0,256}):[^\s/@]{1,256}@/g, `$1:${MASK}@`],
  // curl -u user:password
  [/(\s(?:-u|--user)[\s=]{1,8}["']?[^\s:"']{1,256}):[^\s"']+/g, `$1:${MASK}`],
  // keys that are known by their look
  [
    /\b(?:sk-|ghp_|gho_|ghs_|github_pat_|glpat-|xox[abprs]-|AKIA|npm_|eyJ)[\w.-]{10,}/g,
    MASK,
  ],
  [/-----BEGIN [A-Z ]{1,40}-----[^-]*(?:-----END [A-Z ]{1,40}-----)?/g, MASK],
];

/** Returns a command as an audit row may carry it: shortened, secrets masked. */
export function redactCommand(command: string): string {
  // a secret at the cut must be seen whole to be known as one
  let text = command.slice(0, MOST_CHARACTERS * 4);
  for (const [pattern, mask] of RULES) text = text.replace(pattern, mask);
  return text.length > MOST_CHARACTERS
    ? `${text.slice(0, MOST_CHARACTERS - 1)}…`
    : text;
}
