import words from "./secret_words.json" with { type: "json" };

/*
 * Which headers carry a credential. The extension sends none of a response's
 * to conductor; conductor refuses them in requests, by the same rule. Firefox
 * loads nothing from outside this folder, so the words are a copy of those in
 * shared/secret_table.ts; a test compares them.
 */

const CREDENTIAL = new RegExp(`(?:${words.join("|")})(?![a-z])`);

/** @param {string} name of a header that may carry a credential */
export function isCredentialName(name) {
  return CREDENTIAL.test(name.toLowerCase().replaceAll("_", "-"));
}

/**
 * Returns headers, lower-cased, without those that carry credentials.
 * @param {Readonly<Record<string, string>>} headers
 */
export function withoutCredentials(headers) {
  return Object.fromEntries(
    Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value])
      .filter(([name = ""]) => !isCredentialName(name)),
  );
}
