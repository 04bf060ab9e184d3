/** How many bytes all running operations together may still hold in memory. */
export class ByteBudget {
  readonly limit: number;
  #used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes that are taken now. */
  get used(): number {
    return this.#used;
  }

  /** Takes `bytes`; tells whether they were there. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limit) return false;
    this.#used += bytes;
    return true;
  }

  /** Gives back what was taken. */
  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/** Results smaller than this are given back at once: they pass on quickly. */
const LEAST_HELD_BYTES = 65_536;

/** Gives `cost` back when whoever holds the result says so, or at once. */
export function holdCost(
  budget: ByteBudget,
  cost: number,
  hold: ((release: () => void) => void) | undefined,
): void {
  if (hold === undefined || cost < LEAST_HELD_BYTES) return budget.give(cost);
  let held = true;
  hold(() => {
    if (held) budget.give(cost);
    held = false;
  });
}
