/*
 * Which headers carry a credential. The extension sends none of a response's
 * to conductor; conductor refuses them in requests, by the same rule.
 */

const CREDENTIAL_WORDS =
  /(^|[-_])(set-cookie2?|cookies?2?|auth|authorization|token|secret|api-?key|session|sessionid|sid|credentials?|password|passwd|csrf|xsrf|csrftoken|xsrftoken|jwt|bearer)([-_]|$)/i;

/**
 * Tells whether a header of this name carries a credential.
 *
 * @param {string} name
 * @returns {boolean}
 */
export function isCredentialName(name) {
  return CREDENTIAL_WORDS.test(name);
}

/**
 * Returns headers, lower-cased, without those that carry credentials.
 *
 * @param {Readonly<Record<string, string>>} headers
 * @returns {Record<string, string>}
 */
export function withoutCredentials(headers) {
  return Object.fromEntries(
    Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value])
      .filter(([name = ""]) => !isCredentialName(name)),
  );
}
