import { isUtf8 } from "node:buffer";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Decodes UTF-8, or returns undefined when the bytes are none. */
export function decodeStrictly(bytes: Uint8Array): string | undefined {
  // a decoder that is strict itself takes seven times as long
  return isUtf8(bytes) ? decoder.decode(bytes) : undefined;
}

/** How many of the bytes, from the start, do not end within a character. */
export function wholeCharacters(bytes: Uint8Array): number {
  const end = bytes.length;
  for (let back = 1; back <= 3 && back <= end; back++) {
    const byte = bytes[end - back] ?? 0;
    if (isContinuation(byte)) continue;
    return lengthOf(byte) > back ? end - back : end;
  }
  return end;
}

/** Whether a byte stands within a character rather than at its beginning. */
export function isContinuation(byte: number): boolean {
  return (byte & 0b1100_0000) === 0b1000_0000;
}

/** The length that a first byte announces. */
function lengthOf(byte: number): number {
  if (byte >= 0b1111_0000 && byte <= 0b1111_0100) return 4;
  if (byte >= 0b1110_0000 && byte < 0b1111_0000) return 3;
  if (byte >= 0b1100_0010 && byte < 0b1110_0000) return 2;
  return 1;
}
