/** What a shared token must have at the least. */
const MIN_TOKEN_LENGTH = 16;

/** How to make one that is good. */
export const MAKE_A_TOKEN = "make one with: openssl rand -hex 32";

/** Words that stand where a token should; also several of them, with digits and signs between. */
const PLACEHOLDER =
  /^(?:changeme|change|replace|please|password|passwd|secret|token|example|placeholder|letmein|default|undefined|null|none|your|with|here|real|me|my|a)+$/;

/** One character, with digits behind. */
const ONE_CHARACTER = /^(.)\1{7,}\d*$/;

/** What people write for a letter. */
const SWAPS: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "i",
  "3": "e",
  "4": "a",
  "5": "s",
  "@": "a",
  "$": "s",
};

/**
 * Returns why a shared token can be guessed; undefined when it is good enough:
 * guessing is then hopeless, however many ask at once. A long one that somebody
 * thought up cannot be told from a random one; placeholders can.
 */
export function weaknessOf(token: string): string | undefined {
  if (token.length < MIN_TOKEN_LENGTH) {
    return `it has fewer than ${MIN_TOKEN_LENGTH} characters`;
  }
  const lower = token.toLowerCase();
  if (ONE_CHARACTER.test(lower)) return "it is one character repeated";
  if (repeats(lower)) return "it repeats itself";
  const unswapped = lower.replace(/\d+$/, "")
    .replace(/[01345@$]/g, (it) => SWAPS[it] ?? it);
  const isPlaceholder = [lower, unswapped]
    .some((it) => PLACEHOLDER.test(it.replace(/[^a-z]/g, "")));
  if (isPlaceholder) return "it is a placeholder";
  return /^\d+$/.test(token) && isCounting(token)
    ? "it only counts up"
    : undefined;
}

/** Tells whether it is a short piece over and over, `abababab`. */
function repeats(token: string): boolean {
  for (let period = 1; period <= token.length / 2; period++) {
    if (token.startsWith(token.slice(period))) return true;
  }
  return false;
}

/** Tells whether each digit follows the one before it. */
function isCounting(digits: string): boolean {
  return [...digits].every((it, index) =>
    index === 0 || Number(it) === (Number(digits[index - 1]) + 1) % 10
  );
}
