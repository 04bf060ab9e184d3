import fc from "fast-check";

/** What a parser may take for one input. */
export const MOST_MS = 10;

/**
 * Gives a parser so many inputs and tells how it did. The same seed gives the
 * same inputs; `path` goes straight to the one that failed.
 */
export async function runParser(
  { name, open }: Parser,
  { inputs, seed, path }: FuzzOptions,
): Promise<Outcome> {
  const stopwatch = new Stopwatch();
  await using opened = await open();
  const property = fc.asyncProperty(
    opened.inputs,
    (input) => opened.check(input, stopwatch),
  );
  const details = await fc.check(property, {
    numRuns: inputs,
    seed,
    ...(path !== undefined && { path }),
  });
  const { slowestMs } = stopwatch;
  if (!details.failed) return { name, inputs: details.numRuns, slowestMs };
  const { counterexample, counterexamplePath, errorInstance } = details;
  return {
    name,
    inputs: details.numRuns,
    slowestMs,
    failure: {
      input: fc.stringify(counterexample?.[0]),
      reason: errorInstance instanceof Error
        ? errorInstance.stack ?? errorInstance.message
        : String(errorInstance),
      replay:
        `deno task proof fuzz --only ${name} --seed ${seed} --path ${counterexamplePath}`,
    },
  };
}

/** A part of the product that reads what others wrote. */
export interface Parser {
  readonly name: string;
  open(): OpenParser | Promise<OpenParser>;
}

/** Makes a parser of inputs of one type, and of what is checked with each. */
export function parser<T>(
  name: string,
  open: () => Opened<T> | Promise<Opened<T>>,
): Parser {
  return {
    name,
    async open() {
      const { inputs, check, close } = await open();
      return {
        inputs,
        check: async (input, stopwatch) => await check(input as T, stopwatch),
        [Symbol.asyncDispose]: async () => await close?.(),
      };
    },
  };
}

interface Opened<T> {
  readonly inputs: fc.Arbitrary<T>;
  /** Reads an input; throws when a promise about it is broken. */
  check(input: T, stopwatch: Stopwatch): void | Promise<void>;
  close?(): void | Promise<void>;
}

interface OpenParser extends AsyncDisposable {
  readonly inputs: fc.Arbitrary<unknown>;
  check(input: unknown, stopwatch: Stopwatch): Promise<void>;
}

export interface FuzzOptions {
  readonly inputs: number;
  readonly seed: number;
  /** Of an input that failed. */
  readonly path?: string | undefined;
}

/** How a parser did. */
export interface Outcome {
  readonly name: string;
  /** Those that it was given until one failed. */
  readonly inputs: number;
  readonly slowestMs: number;
  readonly failure?: {
    readonly input: string;
    readonly reason: string;
    /** The command that shows it again. */
    readonly replay: string;
  };
}

/** Measures what the product does with an input, and nothing else. */
export class Stopwatch {
  slowestMs = 0;

  /**
   * Returns what a call returns, which can be made again. Of one that is slower
   * than those before the quickest of three counts: the others waited for memory
   * or for other programs.
   * @throws {TooSlow}
   */
  time<R>(call: () => R): R {
    let from = performance.now();
    const result = call();
    let least = performance.now() - from;
    for (let again = 0; again < 2 && least > this.slowestMs; again++) {
      from = performance.now();
      call();
      least = Math.min(least, performance.now() - from);
    }
    this.#note(least);
    return result;
  }

  /** As `time`, for what waits. */
  async timeAsync<R>(call: () => Promise<R>): Promise<R> {
    let from = performance.now();
    const result = await call();
    let least = performance.now() - from;
    for (let again = 0; again < 2 && least > this.slowestMs; again++) {
      from = performance.now();
      await call();
      least = Math.min(least, performance.now() - from);
    }
    this.#note(least);
    return result;
  }

  #note(ms: number): void {
    this.slowestMs = Math.max(this.slowestMs, ms);
    if (ms > MOST_MS) throw new TooSlow(ms);
  }
}

class TooSlow extends Error {
  override readonly name = "TooSlow";

  constructor(ms: number) {
    super(`It took ${ms.toFixed(1)} ms, and more than ${MOST_MS} each time`);
  }
}
