/** What a shared token must have at the least. */
const MIN_TOKEN_LENGTH = 16;

/** How to make one that is good. */
export const MAKE_A_TOKEN = "make one with: openssl rand -hex 32";

/** Words that stand where a token should; also several of them, with digits and signs between. */
const PLACEHOLDER =
  /^(?:changeme|change|me|password|passwd|secret|token|example|null|undefined|none|default|placeholder|replace|your|here)+$/;

/**
 * Returns why a shared token can be guessed; undefined when it is good enough:
 * guessing is then hopeless, however many ask at once.
 */
export function weaknessOf(token: string): string | undefined {
  if (token.length < MIN_TOKEN_LENGTH) {
    return `it has fewer than ${MIN_TOKEN_LENGTH} characters`;
  }
  if (new Set(token).size === 1) return "it is one character repeated";
  const word = token.toLowerCase().replace(/[^a-z]/g, "");
  if (PLACEHOLDER.test(word)) return "it is a placeholder";
  return isCounting(token.toLowerCase()) ? "it only counts up" : undefined;
}

/** Tells whether each character follows the one before it, as in 1234567890 or abcdef. */
function isCounting(token: string): boolean {
  return [...token].every((it, index) => {
    const before = token[index - 1];
    return before === undefined ||
      it.charCodeAt(0) === before.charCodeAt(0) + 1 ||
      (before === "9" && "0a".includes(it));
  });
}
