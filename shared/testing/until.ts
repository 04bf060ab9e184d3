/**
 * Asks until the answer is wanted, and returns it. A file that is not there yet
 * is no answer yet. Fails with the last answer when that takes longer than
 * `withinMs`.
 */
export async function until<T>(
  ask: () => T | Promise<T>,
  isWanted: (answer: T) => boolean = Boolean,
  { withinMs = 20_000, everyMs = 10 } = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: T | Error;
  do {
    last = await askOnce(ask);
    if (!(last instanceof Deno.errors.NotFound) && isWanted(last as T)) {
      return last as T;
    }
    await pause(everyMs);
  } while (performance.now() <= deadline);
  const told = last instanceof Error ? last.message : JSON.stringify(last);
  throw new Error(`It did not come: ${told}`);
}

async function askOnce<T>(ask: () => T | Promise<T>): Promise<T | Error> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return error;
    throw error;
  }
}

/** Waits for what cannot be asked for, such as that nothing happens. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
