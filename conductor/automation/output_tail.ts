import type { OutputBytes, OutputStream, RunOutputs } from "./run_outputs.ts";

/** Bytes told at once, between which everybody else has a turn, and passed over. */
const PIECE_BYTES = 32_768;
const SKIPPED_BYTES = 262_144;
/** Who is further behind than this skips all but the last of it. */
const MAX_BEHIND_BYTES = 4_194_304;
const LAST_BYTES = 524_288;
/** A line is told in pieces that is longer. */
const MAX_LINE_BYTES = 65_536;
const NEWLINE = 10;

/** Reads an output as it grows, and tells it a line at a time. */
export class OutputTail {
  readonly #options: OutputTailOptions;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** What has come of a line that has not ended. */
  #rest = new Uint8Array(0);
  /** The byte after it. */
  #place: number;

  constructor(options: OutputTailOptions) {
    this.#options = options;
    this.#place = options.from;
  }

  /** The beginning of a line that has not ended. */
  get unfinished(): string {
    return this.#decoder.decode(this.#rest);
  }

  /** Reads on to `size`; tells whether something has come. */
  async readTo(size: number): Promise<boolean> {
    const from = this.#place;
    if (size - from > MAX_BEHIND_BYTES) await this.#skipTo(size - LAST_BYTES);
    while (this.#place < size) {
      const read = await this.#read(PIECE_BYTES);
      if (read === undefined || read.bytes.length === 0) break;
      this.#take(read.bytes);
    }
    return this.#place > from;
  }

  /** Tells what is left. */
  end(): void {
    this.#tell(this.#rest);
    this.#rest = new Uint8Array(0);
  }

  /** Passes over whole lines: a log that told them all would never be there. */
  async #skipTo(place: number): Promise<void> {
    let lines = 0;
    while (this.#place < place) {
      const read = await this.#read(SKIPPED_BYTES);
      if (read === undefined || read.bytes.length === 0) break;
      const { bytes } = read;
      // For very short lines many times as fast as asking for each.
      for (let at = 0; at < bytes.length; at++) {
        if (bytes[at] === NEWLINE) lines++;
      }
      this.#place += bytes.length;
      this.#rest = bytes.slice(bytes.lastIndexOf(NEWLINE) + 1);
    }
    if (this.#rest.length > MAX_LINE_BYTES) this.#rest = new Uint8Array(0);
    this.#options.onSkipped(Math.max(lines, 1));
  }

  #read(maxBytes: number): Promise<OutputBytes | undefined> {
    const { outputs, runId, stream } = this.#options;
    return outputs.read(runId, { stream, offset: this.#place, maxBytes });
  }

  #take(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    this.#place -= this.#rest.length;
    let from = 0;
    while (from < all.length) {
      const newline = all.indexOf(NEWLINE, from);
      let to = newline + 1;
      if (newline === -1) {
        if (all.length - from <= MAX_LINE_BYTES) break;
        to = beforeCutCharacter(all, from + MAX_LINE_BYTES);
      }
      const line = all.subarray(from, to);
      this.#place += line.length;
      this.#tell(line);
      from = to;
    }
    this.#rest = all.slice(from);
    this.#place += this.#rest.length;
  }

  #tell(line: Uint8Array): void {
    if (line.length === 0) return;
    this.#options.onLine(this.#decoder.decode(line), this.#place);
  }
}

interface OutputTailOptions {
  readonly outputs: Pick<RunOutputs, "read">;
  readonly runId: string;
  readonly stream: OutputStream;
  /** The byte to begin at. */
  readonly from: number;
  /** Takes a line with its end, and the byte that comes after it. */
  readonly onLine: (text: string, place: number) => void;
  /** Told how many lines are left out. */
  readonly onSkipped: (lines: number) => void;
}

/** Returns the end of the last whole character before a place. */
function beforeCutCharacter(bytes: Uint8Array, place: number): number {
  let at = place;
  while (at > place - 4 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--;
  return at;
}
