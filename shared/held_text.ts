import { isUtf8 } from "node:buffer";
import { type Hold, LEAST_HELD_BYTES } from "./byte_budget.ts";

/**
 * A large text as the bytes that it stands for. A string of that size would stay
 * in memory until the collector comes, long after it was passed on; bytes can be
 * freed. Whatever writes JSON writes it as a string.
 */
export class HeldText {
  readonly #parts: readonly Bytes[];
  readonly #isBase64: boolean;
  readonly #cutAt: number | undefined;

  private constructor(
    parts: readonly Bytes[],
    { isBase64 = false, cutAt }: {
      readonly isBase64?: boolean;
      readonly cutAt?: number | undefined;
    } = {},
  ) {
    this.#parts = parts;
    this.#isBase64 = isBase64;
    this.#cutAt = cutAt;
  }

  /** Takes over the bytes of a text; undefined when they are no UTF-8. */
  static utf8(bytes: Bytes): HeldText | undefined {
    return isUtf8(bytes) ? new HeldText([bytes]) : undefined;
  }

  /**
   * Takes over the bytes of a text, in order, with replacement characters.
   * Before part `cutAt` bytes were left out, and of a character that this
   * divided nothing is shown.
   */
  static lossy(parts: readonly Bytes[], cutAt?: number): HeldText {
    return new HeldText(parts, { cutAt });
  }

  /** Takes over bytes whose text is base64. */
  static base64(bytes: Bytes): HeldText {
    return new HeldText([bytes], { isBase64: true });
  }

  /** The text in pieces of bounded size; no character is cut. */
  *pieces(): Generator<string> {
    const fresh = () => new TextDecoder("utf-8", { ignoreBOM: true });
    let decoder = fresh();
    for (const [index, part] of this.#parts.entries()) {
      if (index === this.#cutAt) decoder = fresh();
      for (let at = 0; at < part.length; at += PIECE_BYTES) {
        const piece = part.subarray(at, at + PIECE_BYTES);
        yield this.#isBase64
          ? piece.toBase64()
          : decoder.decode(piece, { stream: true });
      }
    }
    if (this.#cutAt !== this.#parts.length) yield decoder.decode();
  }

  toString(): string {
    return [...this.pieces()].join("");
  }

  toJSON(): string {
    return this.toString();
  }

  /** Frees the memory: what was not written by now is lost. */
  free(): void {
    for (const { buffer } of this.#parts) {
      if (!buffer.detached) buffer.transfer(0);
    }
  }
}

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * As {@linkcode HeldText.lossy}, but a string where the text is small, or no
 * `hold` says when it is passed on.
 */
export function lossyText(
  parts: readonly Bytes[],
  { cutAt, hold }: {
    readonly cutAt?: number | undefined;
    readonly hold?: Hold | undefined;
  } = {},
): string | HeldText {
  const text = HeldText.lossy(parts, cutAt);
  const size = parts.reduce((sum, it) => sum + it.length, 0);
  if (hold === undefined || size < LEAST_HELD_BYTES) return text.toString();
  hold(() => text.free());
  return text;
}

/**
 * A multiple of three: base64 is padded at its end alone. Small enough for what
 * is written of it, six characters for a byte at most, to be young garbage.
 */
const PIECE_BYTES = 16_383;
