import type { ByteBudget } from "../shared/byte_budget.ts";
import { PaidBytes } from "./paid_bytes.ts";
import type { OutputSink } from "./process/mod.ts";

/** Keeps `most` bytes of output as it came, paid for from the budget. */
export class KeptOutput implements OutputSink {
  readonly #kept: PaidBytes;

  constructor(budget: ByteBudget, most: number) {
    this.#kept = new PaidBytes(budget, most);
  }

  write(bytes: Uint8Array): boolean {
    return this.#kept.append(bytes);
  }

  /**
   * Returns what was kept, and what stands `behind` it, as text, with
   * replacement characters. When it was `cut` off, the character that the cut
   * divided is left out.
   */
  text(cut: boolean, behind: readonly Uint8Array[] = []): string {
    const options = { ignoreBOM: true };
    const decoder = new TextDecoder("utf-8", options);
    const isLast = behind.length === 0;
    const text = decoder.decode(this.#kept.bytes, { stream: cut || !isLast });
    if (isLast) return text;
    const next = cut ? new TextDecoder("utf-8", options) : decoder;
    return behind.reduce(
      (sum, it) => sum + next.decode(it, { stream: true }),
      text,
    ) + next.decode();
  }

  /** Lets go of the bytes, but not of what they cost; returns that. */
  surrender(): number {
    return this.#kept.surrender();
  }
}
