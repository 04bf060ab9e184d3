import type { ByteBudget } from "../shared/byte_budget.ts";

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
