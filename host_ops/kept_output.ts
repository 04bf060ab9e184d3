import type { ByteBudget, Hold } from "../shared/byte_budget.ts";
import { type HeldText, lossyText } from "../shared/held_text.ts";
import type { OutputSink } from "./process/mod.ts";

const FIRST_BLOCK_BYTES = 4_096;
const MOST_BLOCK_BYTES = 1_048_576;

/** Keeps `most` bytes of output as it came, paid for from the budget. */
export class KeptOutput implements OutputSink {
  readonly #budget: ByteBudget;
  readonly #most: number;
  /** Never copied, as one buffer that grows would be. */
  #blocks: Uint8Array<ArrayBuffer>[] = [];
  #cost = 0;
  #length = 0;

  constructor(budget: ByteBudget, most: number) {
    this.#budget = budget;
    this.#most = most;
  }

  write(bytes: Uint8Array): boolean {
    const room = this.#cost - this.#length;
    const last = this.#blocks.at(-1);
    last?.set(bytes.subarray(0, room), last.length - room);
    const rest = bytes.subarray(room);
    if (rest.length > 0) {
      const good = Math.max(FIRST_BLOCK_BYTES, this.#cost);
      const wanted = Math.min(good, MOST_BLOCK_BYTES, this.#most - this.#cost);
      const size = [Math.max(wanted, rest.length), rest.length]
        .find((it) => this.#budget.take(it));
      if (size === undefined) return false;
      const block = new Uint8Array(size);
      block.set(rest);
      this.#blocks.push(block);
      this.#cost += size;
    }
    this.#length += bytes.length;
    return true;
  }

  /**
   * Returns what was kept, and what stands `behind` it, as text, with
   * replacement characters. When it was `isCut` off, the character that the cut
   * divided is left out.
   */
  text(
    { isCut, behind = [], hold }: {
      readonly isCut: boolean;
      readonly behind?: readonly Uint8Array<ArrayBuffer>[];
      readonly hold?: Hold | undefined;
    },
  ): string | HeldText {
    const last = this.#blocks.length - 1;
    const unused = this.#cost - this.#length;
    const kept = this.#blocks.map((it, index) =>
      index < last ? it : it.subarray(0, it.length - unused)
    );
    const cutAt = isCut ? kept.length : undefined;
    return lossyText([...kept, ...behind], { cutAt, hold });
  }

  /** Lets go of the bytes, but not of what they cost; returns that. */
  surrender(): number {
    const cost = this.#cost;
    this.#blocks = [];
    this.#cost = this.#length = 0;
    return cost;
  }
}
