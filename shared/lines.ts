/** A line grew beyond what its reader accepts. */
export class LineTooLong extends Error {
  override readonly name = "LineTooLong";

  constructor(maxChars: number) {
    super(`Cannot read a line: it is longer than ${maxChars} characters`);
  }
}

/** Limits of a {@linkcode LineSplitter}. */
export interface LineLimits {
  readonly maxChars: number;
  /** What becomes of a longer line: it is refused (default), or cut into several. */
  readonly longLines?: "refuse" | "cut";
}

/** Cuts UTF-8 bytes into lines; bytes that are no UTF-8 become U+FFFD. */
export class LineSplitter {
  readonly #limits: LineLimits;
  readonly #decoder = new TextDecoder();
  #pieces: string[] = [];
  #held = 0;

  constructor(limits: LineLimits) {
    this.#limits = limits;
  }

  /**
   * Takes the next bytes and returns the lines that they complete, without
   * their line breaks.
   * @throws {LineTooLong}
   */
  push(bytes: Uint8Array): string[] {
    const lines = this.#decoder.decode(bytes, { stream: true }).split("\n");
    const open = lines.pop() ?? "";
    const { maxChars } = this.#limits;
    if (lines.length > 0) {
      lines[0] = this.#take() + lines[0];
      if (lines.some((line) => line.length > maxChars)) this.#refuse();
    }
    this.#pieces.push(open);
    this.#held += open.length;
    if (this.#held > maxChars) {
      this.#refuse();
      lines.push(this.#take());
    }
    return lines.map((line) => line.endsWith("\r") ? line.slice(0, -1) : line);
  }

  /** Returns what follows the last line break, at the end of the stream. */
  end(): string {
    this.#pieces.push(this.#decoder.decode());
    return this.#take();
  }

  #refuse(): void {
    const { maxChars, longLines } = this.#limits;
    if (longLines !== "cut") throw new LineTooLong(maxChars);
  }

  #take(): string {
    const text = this.#pieces.join("");
    this.#pieces = [];
    this.#held = 0;
    return text;
  }
}

/** Limits of {@linkcode readLines}, and what ends it early. */
export interface ReadLinesOptions extends LineLimits {
  /** Ends the reading as the end of the stream would. */
  readonly signal?: AbortSignal;
}

/**
 * Reads a byte stream line by line: yields the lines that each chunk completed,
 * together, and at the end what follows the last line break.
 * @throws {LineTooLong}
 */
export async function* readLines(
  stream: ReadableStream<Uint8Array>,
  options: ReadLinesOptions,
): AsyncGenerator<readonly string[]> {
  const splitter = new LineSplitter(options);
  const reader = stream.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  options.signal?.addEventListener("abort", cancel, { once: true });
  if (options.signal?.aborted) cancel();
  try {
    for (
      let read = await reader.read();
      !read.done;
      read = await reader.read()
    ) {
      const lines = splitter.push(read.value);
      if (lines.length > 0) yield lines;
    }
    const rest = splitter.end();
    if (rest !== "") yield [rest];
  } finally {
    options.signal?.removeEventListener("abort", cancel);
    await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}
