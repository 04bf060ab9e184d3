const encoder = new TextEncoder();

/**
 * A file, private to its owner, that lines are appended to. A line that was
 * cut, by a full disk or by a kill, does not spoil the one behind it.
 */
export class LineFile implements Disposable {
  readonly #file: Deno.FsFile;
  #isTorn: boolean;

  /** Makes the file when it is not there. `isTorn`: its last line has no end. */
  constructor(path: string, { isTorn = false } = {}) {
    this.#file = Deno.openSync(path, {
      create: true,
      append: true,
      mode: 0o600,
    });
    this.#isTorn = isTorn;
  }

  /** Hands all lines to the kernel; returns how many bytes they took. */
  write(lines: readonly string[]): number {
    const text = lines.join("\n") + "\n";
    const bytes = encoder.encode(this.#isTorn ? "\n" + text : text);
    this.#isTorn = true;
    for (let at = 0; at < bytes.length;) {
      at += this.#file.writeSync(bytes.subarray(at));
    }
    this.#isTorn = false;
    return bytes.length;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
