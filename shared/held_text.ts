import { isUtf8 } from "node:buffer";

/**
 * A large text as the bytes that it stands for. A string of that size would stay
 * in memory until the collector comes, long after it was passed on; bytes can be
 * freed. Whatever writes JSON writes it as a string.
 */
export class HeldText {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #isBase64: boolean;

  private constructor(bytes: Uint8Array<ArrayBuffer>, isBase64: boolean) {
    this.#bytes = bytes;
    this.#isBase64 = isBase64;
  }

  /** Takes over the bytes of a text; undefined when they are no UTF-8. */
  static utf8(bytes: Uint8Array<ArrayBuffer>): HeldText | undefined {
    return isUtf8(bytes) ? new HeldText(bytes, false) : undefined;
  }

  /** Takes over bytes whose text is base64. */
  static base64(bytes: Uint8Array<ArrayBuffer>): HeldText {
    return new HeldText(bytes, true);
  }

  /** The text in pieces of bounded size; no character is cut. */
  *pieces(): Generator<string> {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const { length } = this.#bytes;
    for (let at = 0; at < length; at += PIECE_BYTES) {
      const piece = this.#bytes.subarray(at, at + PIECE_BYTES);
      yield this.#isBase64
        ? piece.toBase64()
        : decoder.decode(piece, { stream: at + PIECE_BYTES < length });
    }
  }

  toString(): string {
    return [...this.pieces()].join("");
  }

  toJSON(): string {
    return this.toString();
  }

  /** Frees the memory: what was not written by now is lost. */
  free(): void {
    const { buffer } = this.#bytes;
    if (!buffer.detached) buffer.transfer(0);
  }
}

/**
 * A multiple of three: base64 is padded at its end alone. Small enough for what
 * is written of it, six characters for a byte at most, to be young garbage.
 */
const PIECE_BYTES = 16_383;
