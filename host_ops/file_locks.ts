import { identityAt } from "./real_path.ts";

/** How often to begin again when others exchange the file meanwhile. */
const MOST_TRIES = 10;

/** Lets one at a time do something to a file, by whichever of its names. */
export class FileLocks {
  readonly #last = new Map<string, Promise<unknown>>();

  /**
   * Runs `action` once all that was given before for the file at a real path
   * has settled. What it does may put another file there.
   */
  run<T>(path: string, action: () => Promise<T>): Promise<T> {
    return this.#inTurn(path, async () => {
      for (let tries = MOST_TRIES; tries > 0; tries--) {
        const identity = identityAt(path);
        if (identity === undefined) break;
        const done = await this.#inTurn(
          identity,
          async () =>
            identityAt(path) === identity
              ? { result: await action() }
              : undefined,
        );
        if (done !== undefined) return done.result;
      }
      return await action();
    });
  }

  async #inTurn<T>(key: string, action: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const mine = before === undefined ? action() : before.then(action);
    const settled = mine.catch(() => {});
    this.#last.set(key, settled);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }
}
