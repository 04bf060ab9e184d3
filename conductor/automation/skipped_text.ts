/** How much of the newest text is kept, in UTF-16 units. */
const KEEP = 8192;

/**
 * Text that a log cannot take now: its newest whole lines are kept, the others
 * are counted and let go.
 */
export class SkippedText {
  #text: string;
  /** Whether `#text` goes on in a line whose beginning is gone. */
  #isTorn = false;
  #lines = 0;

  /** Begins with `open`, a line that has not ended. */
  constructor(open: string) {
    this.#text = open;
  }

  /** How many lines are gone. */
  get lines(): number {
    return this.#lines;
  }

  add(text: string): void {
    this.#text += text;
    if (this.#text.length <= 2 * KEEP) return;
    const kept = this.#text.indexOf("\n", this.#text.length - KEEP) + 1;
    this.#drop(kept === 0 ? this.#text.lastIndexOf("\n") + 1 : kept);
    if (this.#text.length <= 2 * KEEP) return;
    this.#text = "";
    this.#isTorn = true;
  }

  /** Returns what is kept from the begin of a line on; undefined while no line begins. */
  take(): string | undefined {
    if (this.#isTorn) {
      const end = this.#text.indexOf("\n") + 1;
      if (end === 0) return undefined;
      this.#drop(end);
    }
    return this.#text;
  }

  /** The same when no more text comes: a line whose beginning is gone has ended. */
  end(): string {
    const rest = this.take();
    if (rest === undefined) this.#lines++;
    return rest ?? "";
  }

  #drop(end: number): void {
    if (end === 0) return;
    for (
      let at = this.#text.indexOf("\n");
      at !== -1 && at < end;
      at = this.#text.indexOf("\n", at + 1)
    ) this.#lines++;
    this.#text = this.#text.slice(end);
    this.#isTorn = false;
  }
}
