import { hash } from "node:crypto";

/** Returns the SHA-256 of bytes, or of a text in UTF-8, in hexadecimal digits. */
export function sha256Hex(data: Uint8Array | string): string {
  return hash("sha256", data, "hex");
}

/** Returns the JSON of `value` with the keys of every object in order. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, it) => {
    if (typeof it !== "object" || it === null || Array.isArray(it)) return it;
    return Object.fromEntries(
      Object.entries(it).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0),
    );
  });
}
