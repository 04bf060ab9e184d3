/** Cuts what comes in pieces into lines; bytes that are no UTF-8 become U+FFFD. */
export class LineSplitter {
  readonly #limits: LineLimits;
  // Deno would drop a U+FEFF at the beginning of any piece.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #pieces: string[] = [];
  #held = 0;

  constructor(limits: LineLimits) {
    this.#limits = limits;
  }

  /**
   * Takes the next bytes or text and returns the lines that they complete,
   * without their line breaks.
   * @throws {LineTooLong}
   */
  push(piece: Uint8Array | string): string[] {
    const text = typeof piece === "string"
      ? piece
      : this.#decoder.decode(piece, { stream: true });
    const ended = text.split("\n");
    const open = ended.pop() ?? "";
    if (ended.length > 0) ended[0] = this.#take() + ended[0];
    const lines = ended.flatMap((it) =>
      this.#fit(it.endsWith("\r") ? it.slice(0, -1) : it)
    );
    this.#hold(open);
    // A CR at the end may belong to the line break.
    const last = this.#pieces.at(-1)?.endsWith("\r") ? "\r" : "";
    if (this.#held - last.length > this.#limits.maxChars) {
      const text = this.#take();
      const parts = this.#fit(text.slice(0, text.length - last.length));
      this.#hold((parts.pop() ?? "") + last);
      lines.push(...parts);
    }
    return lines;
  }

  /** What has come of a line that has not ended. */
  get open(): string {
    return this.#pieces.join("");
  }

  /** Returns what follows the last line break, at the end of the stream. */
  end(): string {
    this.#pieces.push(this.#decoder.decode());
    return this.#take();
  }

  /** Returns a line as it is, or in parts that are short enough. */
  #fit(line: string): string[] {
    const { maxChars, longLines } = this.#limits;
    if (line.length <= maxChars) return [line];
    if (longLines !== "cut") throw new LineTooLong(maxChars);
    const parts: string[] = [];
    let from = 0;
    while (line.length - from > maxChars) {
      // Two units may be one character.
      const splits = isHighSurrogate(line.charCodeAt(from + maxChars - 1));
      const to = from + maxChars - (splits ? 1 : 0);
      parts.push(line.slice(from, to));
      from = to;
    }
    return [...parts, line.slice(from)];
  }

  #hold(text: string): void {
    if (text === "") return;
    this.#pieces.push(text);
    this.#held += text.length;
  }

  #take(): string {
    const text = this.#pieces.join("");
    this.#pieces = [];
    this.#held = 0;
    return text;
  }
}

/** A line grew beyond what its reader accepts. */
export class LineTooLong extends Error {
  override readonly name = "LineTooLong";

  constructor(maxChars: number) {
    super(`Cannot read a line: it is longer than ${maxChars} characters`);
  }
}

interface LineLimits {
  /** In UTF-16 units; at least 2. */
  readonly maxChars: number;
  /** What becomes of a longer line: it is refused (default), or cut into several. */
  readonly longLines?: "refuse" | "cut";
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
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

interface ReadLinesOptions extends LineLimits {
  /** Ends the reading as the end of the stream would. */
  readonly signal?: AbortSignal;
}
