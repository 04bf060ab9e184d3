import type { Mutant } from "./mutants.ts";

/**
 * Mutants that no test can notice, because what they do is what the module does,
 * or cannot be had by a caller; each with the reason. A line may move: they go by
 * what they change, and in what.
 */
export const EQUIVALENTS: readonly Equivalent[] = [];

export interface Equivalent {
  readonly file: string;
  readonly within: string;
  readonly was: string;
  readonly is: string;
  readonly because: string;
}

/** Returns why a mutant of a file cannot be noticed; undefined when it can. */
export function whyEquivalent(
  file: string,
  { within, was, is }: Mutant,
): Equivalent | undefined {
  return EQUIVALENTS.find((it) =>
    it.file === file && it.within === within && it.was === was && it.is === is
  );
}
