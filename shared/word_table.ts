/** Whole words and what they mean, found in a text without a copy of the word. */
export class WordTable<T> {
  readonly #slots: (readonly [word: string, meaning: T] | undefined)[];

  constructor(words: Iterable<readonly [word: string, meaning: T]>) {
    const entries = [...words];
    // Half of the slots are empty, so that what is not there is seen soon.
    const size = 2 ** Math.ceil(Math.log2(2 * entries.length + 1));
    this.#slots = new Array(size).fill(undefined);
    for (const entry of entries) {
      let slot = this.#slotOf(entry[0], 0, entry[0].length);
      while (this.#slots[slot] !== undefined) slot = (slot + 1) & (size - 1);
      this.#slots[slot] = entry;
    }
  }

  /** What the word between two places means; undefined for others. */
  find(text: string, from: number, to: number): T | undefined {
    const last = this.#slots.length - 1;
    let slot = this.#slotOf(text, from, to);
    for (let entry; (entry = this.#slots[slot]) !== undefined;) {
      const [word, meaning] = entry;
      if (word.length === to - from && text.startsWith(word, from)) {
        return meaning;
      }
      slot = (slot + 1) & last;
    }
    return undefined;
  }

  #slotOf(text: string, from: number, to: number): number {
    const ends = text.charCodeAt(from) * 31 + text.charCodeAt(to - 1);
    return (ends * 31 + (to - from)) & (this.#slots.length - 1);
  }
}
