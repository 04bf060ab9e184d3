import { join } from "@std/path";

/** Folders that several daemons use at once or one after the other. */
export interface SharedState extends AsyncDisposable {
  readonly folder: string;
  readonly database: string;
  /** What a daemon is started with to use them. */
  readonly env: Readonly<Record<string, string>>;
}

/** Makes a state folder that outlives the daemons on it. */
export async function sharedState(): Promise<SharedState> {
  const folder = await Deno.realPath(
    await Deno.makeTempDir({ prefix: "state-" }),
  );
  return {
    folder,
    database: join(folder, "conductor", "conductor.db"),
    env: { BAA_STATE_DIR: folder },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Asks again until `test` likes the answer; throws after `ms`. */
export async function until<T>(
  ask: () => Promise<T>,
  test: (answer: T) => boolean,
  ms = 15_000,
): Promise<T> {
  const end = performance.now() + ms;
  while (true) {
    const answer = await ask();
    if (test(answer)) return answer;
    if (performance.now() > end) {
      throw new Error(`It did not come: ${JSON.stringify(answer)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
