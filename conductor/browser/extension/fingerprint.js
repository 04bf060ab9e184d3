const encoder = new TextEncoder();

/** Bytes of a fingerprint: enough to tell values apart, too few to find one. */
const LENGTH = 8;

/**
 * Makes fingerprints of credentials: a hash with a key that stays in this
 * profile, so that nobody who sees one can try values against it.
 */
export class Fingerprints {
  #key;

  /** @param {string} secret base64 */
  constructor(secret) {
    this.#key = crypto.subtle.importKey(
      "raw",
      Uint8Array.fromBase64(secret),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    );
  }

  /** @type {(value: string) => Promise<string>} In hexadecimal. */
  async of(value) {
    const hash = await crypto.subtle.sign(
      "HMAC",
      await this.#key,
      encoder.encode(value),
    );
    return new Uint8Array(hash, 0, LENGTH).toHex();
  }
}
