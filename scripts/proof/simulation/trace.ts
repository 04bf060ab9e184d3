/** What happened, in order: as a digest always, as lines when somebody reads. */
export class Trace {
  readonly lines: string[] | undefined;
  #a = 0xdeadbeef;
  #b = 0x41c6ce57;

  constructor({ keep }: { readonly keep: boolean }) {
    this.lines = keep ? [] : undefined;
  }

  add(at: number, who: string, what: string): void {
    this.mix(at);
    for (const text of [who, what]) {
      for (let i = 0; i < text.length; i++) this.mix(text.charCodeAt(i));
    }
    this.note(at, who, what);
  }

  /** Is shown only. */
  note(at: number, who: string, what: string): void {
    this.lines?.push(`${String(at).padStart(8)} ${who.padEnd(8)} ${what}`);
  }

  /** Counts towards the digest only. */
  mix(value: number): void {
    this.#a = Math.imul(this.#a ^ value, 2654435761);
    this.#b = Math.imul(this.#b ^ value, 1597334677) ^ (this.#a >>> 13);
  }

  get digest(): string {
    return [this.#a, this.#b]
      .map((it) => (it >>> 0).toString(16).padStart(8, "0")).join("");
  }
}
