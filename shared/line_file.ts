const encoder = new TextEncoder();
const LINE_BREAK = 10;

/**
 * A file, private to its owner, that lines are appended to, by several
 * processes, too. A line that was cut, by a full disk or by a kill, does not
 * spoil the one behind it.
 */
export class LineFile implements Disposable {
  readonly #file: Deno.FsFile;
  /** As long as it was after the last look or write. */
  #bytes = 0;
  #isTorn = false;

  /** Makes the file when it is not there. */
  constructor(path: string) {
    this.#file = Deno.openSync(path, {
      create: true,
      append: true,
      read: true,
      mode: 0o600,
    });
    this.#look(this.bytes);
  }

  get bytes(): number {
    return this.#file.statSync().size;
  }

  /** Hands all lines to the kernel. */
  write(lines: readonly string[]): void {
    const size = this.bytes;
    if (size !== this.#bytes) this.#look(size);
    const text = lines.join("\n") + "\n";
    const bytes = encoder.encode(this.#isTorn ? "\n" + text : text);
    this.#isTorn = true;
    for (let at = 0; at < bytes.length;) {
      const written = this.#file.writeSync(bytes.subarray(at));
      at += written;
      this.#bytes += written;
    }
    this.#isTorn = false;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  /** Another process may have been killed within a line. */
  #look(size: number): void {
    const last = Uint8Array.of(LINE_BREAK);
    if (size > 0) {
      this.#file.seekSync(size - 1, Deno.SeekMode.Start);
      this.#file.readSync(last);
    }
    this.#isTorn = last[0] !== LINE_BREAK;
    this.#bytes = size;
  }
}
