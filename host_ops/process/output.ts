/** Takes the output of a command, piece by piece. */
export interface OutputSink {
  /**
   * Takes a copy of what it wants of `bytes`, which are used again. Resolves to
   * false when there is no memory for them.
   */
  write(bytes: Uint8Array): boolean | Promise<boolean>;
  /** Says that what comes next does not follow on what came. */
  cut?(): void;
}

/** Why output was dropped: the caller's limit, or the daemon's memory. */
export type OutputLimit = "maxBufferBytes" | "budget";

/** Most output is short; who prints more gets a larger buffer. */
const FIRST_READ_BYTES = 16_384;
const NEXT_READ_BYTES = 65_536;

/** Reads one output of a command to its end, keeping at most its first `max` bytes. */
export class OutputPump {
  /** Settles at the end of the output, or after `cancel()`. Never rejects. */
  readonly done: Promise<void>;
  /** Settles when it is known whether the mark came. Never rejects. */
  readonly begun: Promise<boolean>;
  readonly #reader: ReadableStreamBYOBReader;
  readonly #options: OutputPumpOptions;
  #total = 0;
  #dropped: OutputLimit | undefined;
  #canceled = false;

  constructor(stream: ReadableStream<Uint8Array>, options: OutputPumpOptions) {
    this.#reader = stream.getReader({ mode: "byob" });
    this.#options = options;
    const marked = this.#skipTo(options.mark ?? "");
    // a broken pipe is its end
    this.begun = marked.then((it) => it || this.#canceled, () => false);
    this.done = marked.then((it) => it ? this.#run() : undefined)
      .catch(() => {});
  }

  /** Bytes that came, kept or not. */
  get total(): number {
    return this.#total;
  }

  /** Why output was dropped, if it was. */
  get dropped(): OutputLimit | undefined {
    return this.#dropped;
  }

  /** Stops reading, whoever still writes. */
  async cancel(): Promise<void> {
    this.#canceled = true;
    await this.#reader.cancel().catch(() => {});
  }

  async #run(): Promise<void> {
    const { max, sink } = this.#options;
    let buffer = new ArrayBuffer(FIRST_READ_BYTES);
    while (true) {
      const { done, value } = await this.#reader.read(new Uint8Array(buffer));
      if (done) return;
      const room = max - this.#total;
      this.#total += value.length;
      // what comes after the limit is read too: a full pipe would block the end
      if (this.#dropped === undefined) {
        const kept = room < value.length ? value.subarray(0, room) : value;
        const taken = sink.write(kept);
        if (!(typeof taken === "boolean" ? taken : await taken)) {
          this.#drop("budget");
        } else if (kept.length < value.length) this.#drop("maxBufferBytes");
      }
      buffer = value.length === FIRST_READ_BYTES
        ? new ArrayBuffer(NEXT_READ_BYTES)
        : value.buffer;
    }
  }

  /** Reads to the end of the mark and no further; tells whether it came. */
  async #skipTo(mark: string): Promise<boolean> {
    let seen = "";
    while (!seen.endsWith(mark)) {
      // what a shell prints at its start may stand before it
      const size = seen === "" ? mark.length : 1;
      const { done, value } = await this.#reader.read(new Uint8Array(size));
      if (done) return false;
      seen = (seen + String.fromCharCode(...value)).slice(-mark.length);
    }
    return true;
  }

  #drop(limit: OutputLimit): void {
    this.#dropped = limit;
    this.#options.onDrop(limit);
  }
}

interface OutputPumpOptions {
  /** Bytes that the sink gets. */
  readonly max: number;
  /** The output begins after this text, in ASCII. Default: at once. */
  readonly mark?: string | undefined;
  readonly sink: OutputSink;
  /** Called once, when the first byte is dropped. */
  readonly onDrop: (limit: OutputLimit) => void;
}
