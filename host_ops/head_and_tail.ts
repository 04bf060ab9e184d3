import type { ByteBudget } from "../shared/byte_budget.ts";
import { PaidBytes } from "./paid_bytes.ts";
import type { OutputSink } from "./process/mod.ts";
import { isContinuation, wholeCharacters } from "./utf8.ts";

/** A character has at most one byte more than that. */
const MOST_OF_A_PART = 3;

const PIECE_BYTES = 65_536;

/**
 * Hands the first bytes of an output on and keeps what comes behind: all of it,
 * or, once that is more than may be kept, the last of it. What is left out
 * begins and ends between characters.
 */
export class HeadAndTail implements OutputSink {
  readonly #head: OutputSink;
  readonly #options: HeadAndTailOptions;
  readonly #rest: PaidBytes;
  #headRoom: number;
  /** The last bytes that were handed on. */
  #edge: readonly number[] = [];
  /** Bytes that came behind the head. */
  #behind = 0;
  /** Where in the ring the oldest byte is; undefined while all is kept. */
  #oldest: number | undefined;

  constructor(head: OutputSink, options: HeadAndTailOptions) {
    this.#head = head;
    this.#options = options;
    const { budget, maxBytes, headBytes } = options;
    this.#rest = new PaidBytes(budget, maxBytes - headBytes);
    this.#headRoom = options.headBytes;
  }

  write(bytes: Uint8Array): boolean | Promise<boolean> {
    const head = bytes.subarray(0, this.#headRoom);
    this.#headRoom -= head.length;
    const isKept = this.#keep(bytes.subarray(head.length));
    if (!isKept || head.length === 0) return isKept;
    this.#edge = [...this.#edge, ...head.subarray(-MOST_OF_A_PART)]
      .slice(-MOST_OF_A_PART);
    return this.#head.write(head);
  }

  /** Bytes that are left out between what was handed on and what is kept. */
  get omittedBytes(): number {
    if (this.#oldest === undefined) return 0;
    const edge = Uint8Array.from(this.#edge);
    const kept = this.tail().reduce((sum, it) => sum + it.length, 0);
    return edge.length - wholeCharacters(edge) + this.#behind - kept;
  }

  /** What is kept, in order. */
  tail(): readonly Uint8Array<ArrayBuffer>[] {
    if (this.#oldest === undefined) return [this.#rest.bytes];
    const ring = this.#rest.room(this.#options.tailBytes);
    const pieces = [
      ring.subarray(this.#oldest),
      ring.subarray(0, this.#oldest),
    ];
    const start = pieces.flatMap((it) => [...it.subarray(0, MOST_OF_A_PART)]);
    let part = 0;
    while (part < MOST_OF_A_PART && isContinuation(start[part] ?? 0)) part++;
    return pieces.map((it) => {
      const cut = Math.min(part, it.length);
      part -= cut;
      return it.subarray(cut);
    });
  }

  /** Hands what is kept on as well, unless that is no longer wanted. */
  async handOn(signal: AbortSignal): Promise<void> {
    if (this.omittedBytes > 0) this.#head.cut?.();
    for (const piece of this.tail()) {
      for (
        let at = 0;
        at < piece.length && !signal.aborted;
        at += PIECE_BYTES
      ) {
        await this.#head.write(piece.subarray(at, at + PIECE_BYTES));
      }
    }
  }

  /** Lets go of what is kept, but not of what it costs; returns that. */
  surrender(): number {
    return this.#rest.surrender();
  }

  #keep(bytes: Uint8Array): boolean {
    const { maxBytes, headBytes, tailBytes } = this.#options;
    this.#behind += bytes.length;
    if (this.#behind <= maxBytes - headBytes) return this.#rest.append(bytes);
    if (this.#oldest === undefined) {
      if (!this.#rest.keepLast(tailBytes)) return false;
      this.#oldest = this.#rest.bytes.length % tailBytes || 0;
    }
    if (tailBytes === 0) return true;
    const last = bytes.subarray(Math.max(0, bytes.length - tailBytes));
    const ring = this.#rest.room(tailBytes);
    const before = last.subarray(0, tailBytes - this.#oldest);
    ring.set(before, this.#oldest);
    ring.set(last.subarray(before.length));
    this.#oldest = (this.#oldest + last.length) % tailBytes;
    return true;
  }
}

interface HeadAndTailOptions {
  /** Up to here, in bytes, nothing is left out. */
  readonly maxBytes: number;
  /** How many bytes are handed on. */
  readonly headBytes: number;
  /** How many are kept once there are more than `maxBytes`. */
  readonly tailBytes: number;
  /** Pays for what is kept. */
  readonly budget: ByteBudget;
}
