const encoder = new TextEncoder();
const LINE_BREAK = 10;

/**
 * A file, private to its owner, that lines are appended to. A line that was
 * cut, by a full disk or by a kill, does not spoil the one behind it.
 */
export class LineFile implements Disposable {
  readonly #file: Deno.FsFile;
  #bytes: number;
  #isTorn: boolean;

  /** Makes the file when it is not there. */
  constructor(path: string) {
    this.#file = Deno.openSync(path, {
      create: true,
      append: true,
      read: true,
      mode: 0o600,
    });
    this.#bytes = this.#file.statSync().size;
    const last = Uint8Array.of(LINE_BREAK);
    if (this.#bytes > 0) {
      this.#file.seekSync(-1, Deno.SeekMode.End);
      this.#file.readSync(last);
    }
    this.#isTorn = last[0] !== LINE_BREAK;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Hands all lines to the kernel. */
  write(lines: readonly string[]): void {
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
}
