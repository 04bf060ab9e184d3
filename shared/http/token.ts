import type { HeaderMap } from "./route.ts";

const encoder = new TextEncoder();

/** Compares in a time that depends only on the length of what was presented. */
export function sameSecret(expected: string, presented: string): boolean {
  const [a, b] = [encoder.encode(expected), encoder.encode(presented)];
  let difference = a.length ^ b.length;
  for (let i = 0; i < b.length; i++) {
    difference |= (a[i % a.length] ?? 0) ^ (b[i] ?? 0);
  }
  return difference === 0;
}

/** Returns the token of an `Authorization: Bearer …` header. */
export function bearerToken(headers: HeaderMap): string | undefined {
  const header = headers.get("authorization");
  return header === undefined
    ? undefined
    : /^bearer +(\S+) *$/i.exec(header)?.[1];
}
