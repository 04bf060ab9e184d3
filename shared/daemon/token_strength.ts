/** What a shared token must have at the least. */
const MIN_TOKEN_LENGTH = 16;

/** Different characters: 16 random hex digits in a row have 10, and 32 have 14. */
const MIN_DIFFERENT = 8;

/** Different characters of its own, beside what everybody knows. */
const MIN_OWN = 5;

/** How to make one that is good. */
export const MAKE_A_TOKEN = "make one with: openssl rand -hex 32";

/**
 * Words that stand where a token should; a longer one comes before its
 * beginning. Each has a letter that no hex digit stands for, or is as long as
 * chance does not make it.
 */
const WORDS = "changeme change password passwd passwort passw pass pwd " +
  "secret token bearer shared example placeholder replace default undefined " +
  "null none nil your mine my here this that with real please some insert " +
  "enter value string admin root user login guest welcome letmein hello " +
  "iloveyou monkey dragon master super test demo sample dummy foobar " +
  "conductor codexd api key auth me deadbeef cafebabe todo fixme";

/** What people write for a letter. */
const SWAPS: Readonly<Record<string, string>> = {
  a: "[a4@]",
  e: "[e3]",
  i: "[i1!]",
  l: "[l1]",
  o: "[o0]",
  s: "[s5$]",
};

const KNOWN = new RegExp(
  WORDS.replace(/[a-z]/g, (it) => SWAPS[it] ?? it).replaceAll(" ", "|"),
  "g",
);

/** Rows that are typed or counted along, either way. */
const ROWS = [
  "01234567890",
  "abcdefghijklmnopqrstuvwxyz",
  "qwertyuiop",
  "asdfghjkl",
  "zxcvbnm",
  "1q2w3e4r5t6y7u8i9o0p",
  "1qaz2wsx3edc4rfv5tgb",
].flatMap((it) => [it, [...it].reverse().join("")]);

/** A shorter piece of a row comes about by chance. */
const MIN_RUN = 4;

/**
 * Returns why a shared token can be guessed; undefined when it is good enough:
 * guessing is then hopeless, however many ask at once.
 */
export function weaknessOf(token: string): string | undefined {
  if (token.length < MIN_TOKEN_LENGTH) {
    return `it has fewer than ${MIN_TOKEN_LENGTH} characters`;
  }
  if (new Set(token).size < MIN_DIFFERENT) {
    return `it has fewer than ${MIN_DIFFERENT} different characters`;
  }
  const lower = token.toLowerCase();
  if (repeats(lower)) return "it repeats itself";
  const unknown = lower.replace(KNOWN, " ");
  const hasWords = unknown !== lower;
  // Digits behind a word add nothing; those of a random token do.
  const own = withoutRuns(unknown)
    .replace(hasWords ? /[^a-z]/g : /[^a-z0-9]/g, "");
  if (new Set(own).size >= MIN_OWN) return undefined;
  return hasWords
    ? "it is a placeholder"
    : "it only counts, or follows the keys";
}

/** Tells whether it goes on as it began, from its half on at the latest. */
function repeats(token: string): boolean {
  for (let period = 1; period <= token.length / 2; period++) {
    if (token.startsWith(token.slice(period))) return true;
  }
  return false;
}

function withoutRuns(token: string): string {
  let rest = "";
  for (let at = 0; at < token.length;) {
    const run = runAt(token, at);
    if (run < MIN_RUN) rest += token[at++];
    else at += run;
  }
  return rest;
}

/** How many characters from `at` on lie side by side in a row. */
function runAt(token: string, at: number): number {
  let length = 1;
  while (
    at + length < token.length &&
    ROWS.some((it) => it.includes(token.slice(at, at + length + 1)))
  ) length++;
  return length;
}
