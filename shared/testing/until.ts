/**
 * Asks until the answer is wanted, and returns it. Fails with the last answer
 * when that takes longer than `withinMs`.
 */
export async function until<T>(
  ask: () => T | Promise<T>,
  isWanted: (answer: T) => boolean = Boolean,
  { withinMs = 20_000, everyMs = 10 } = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  while (true) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (performance.now() > deadline) {
      throw new Error(`It did not come: ${JSON.stringify(answer)}`);
    }
    await pause(everyMs);
  }
}

/** Waits for what cannot be asked for, such as that nothing happens. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
