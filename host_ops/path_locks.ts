/** Lets one at a time do something to a path. */
export class PathLocks {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `action` once all that was given before for `path` has settled. */
  async run<T>(path: string, action: () => Promise<T>): Promise<T> {
    const before = this.#last.get(path);
    const mine = before === undefined ? action() : before.then(action);
    const settled = mine.catch(() => {});
    this.#last.set(path, settled);
    try {
      return await mine;
    } finally {
      if (this.#last.get(path) === settled) this.#last.delete(path);
    }
  }
}
