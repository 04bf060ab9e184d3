/**
 * What a request holds until its answer was sent. A `DisposableStack` would do,
 * at ten times the cost, which every request pays.
 */
export class Held implements Disposable {
  #releases: (() => void)[] = [];

  /** Has `release` called at the end, after those that come later. It must not throw. */
  defer(release: () => void): void {
    this.#releases.push(release);
  }

  /** Hands over all that is held: this lets go of nothing any more. */
  move(): Held {
    const held = new Held();
    held.#releases = this.#releases;
    this.#releases = [];
    return held;
  }

  /** Lets go of it, once. */
  [Symbol.dispose](): void {
    for (let next; (next = this.#releases.pop()) !== undefined;) next();
  }
}
