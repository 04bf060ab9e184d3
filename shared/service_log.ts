import { join } from "@std/path";
import { PLACE_BYTES, placePattern } from "./rotating_file.ts";

/**
 * The log of one service as it lies in its files, which are read in pieces. A
 * place in it is a number of bytes, from the first line that was ever written.
 */
export class ServiceLog {
  readonly #folder: string;
  readonly #pattern: RegExp;

  /** Reads the files `<logsDir>/<service>/<service>.*`, where there are any. */
  constructor(logsDir: string, service: string) {
    this.#folder = join(logsDir, service);
    this.#pattern = placePattern(service);
  }

  /** Where what is kept of it begins. */
  async begin(): Promise<number> {
    return (await this.#files())[0]?.begin ?? 0;
  }

  /** Where it ends now. */
  async end(): Promise<number> {
    const last = (await this.#files()).at(-1);
    return last === undefined ? 0 : last.begin + last.bytes;
  }

  /**
   * Yields the lines that begin at `place` or behind it, oldest first. One that
   * has not ended is not yet a line.
   * @throws {Deno.errors.NotFound} when a file goes before it is read
   */
  async *forward(place: number): AsyncGenerator<readonly LogFileLine[]> {
    const files = await this.#files();
    const at = files.findLastIndex(({ begin }) => begin <= place);
    for (const { path, begin } of files.slice(Math.max(0, at))) {
      using file = await Deno.open(path);
      // One byte earlier: a line begins behind the end of another.
      const skipped = Math.max(0, place - begin - 1);
      await file.seek(skipped, Deno.SeekMode.Start);
      const piece = new Piece();
      let lineBegin = begin + skipped;
      const block = new Uint8Array(BLOCK_BYTES);
      for (let read; (read = await file.read(block)) !== null;) {
        const lines: LogFileLine[] = [];
        let from = 0;
        const bytes = block.subarray(0, read);
        for (let to; (to = bytes.indexOf(LINE_BREAK, from)) >= 0;) {
          piece.append(bytes.subarray(from, to));
          const end = lineBegin + piece.length + 1;
          if (lineBegin >= place) {
            lines.push({ begin: lineBegin, end, text: piece.text });
          }
          piece.clear();
          lineBegin = end;
          from = to + 1;
        }
        piece.append(bytes.subarray(from));
        yield lines;
      }
    }
  }

  /** Yields the lines before `end`, newest first. */
  async *backward(end: number): AsyncGenerator<readonly LogFileLine[]> {
    const files = (await this.#files()).filter(({ begin }) => begin < end);
    for (const { path, begin, bytes } of files.reverse()) {
      using file = await Deno.open(path);
      const piece = new Piece();
      // What follows the last line break is not yet a line.
      let lineEnd: number | undefined;
      const block = new Uint8Array(BLOCK_BYTES);
      for (let to = Math.min(bytes, end - begin); to > 0;) {
        const from = Math.max(0, to - BLOCK_BYTES);
        await file.seek(from, Deno.SeekMode.Start);
        const read = await readFully(file, block.subarray(0, to - from));
        const lines: LogFileLine[] = [];
        const finish = (rest: Uint8Array, lineBegin: number) => {
          if (lineEnd !== undefined) {
            piece.prepend(rest);
            lines.push({ begin: lineBegin, end: lineEnd, text: piece.text });
          }
          piece.clear();
          lineEnd = lineBegin;
        };
        let open = read.length;
        while (open > 0) {
          const at = read.lastIndexOf(LINE_BREAK, open - 1);
          if (at < 0) break;
          finish(read.subarray(at + 1, open), begin + from + at + 1);
          open = at;
        }
        if (from === 0) finish(read.subarray(0, open), begin);
        else if (lineEnd !== undefined) piece.prepend(read.subarray(0, open));
        to = from;
        yield lines;
      }
    }
  }

  async #files(): Promise<readonly LogFile[]> {
    const files: LogFile[] = [];
    try {
      for await (const { name } of Deno.readDir(this.#folder)) {
        const place = this.#pattern.exec(name)?.[1];
        if (place === undefined) continue;
        const path = join(this.#folder, name);
        const bytes = await sizeOf(path);
        const begin = Number(place) * PLACE_BYTES;
        if (bytes !== undefined) files.push({ path, begin, bytes });
      }
    } catch (error) {
      // The service has never run.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return files.sort((a, b) =>
      a.begin - b.begin || a.path.localeCompare(b.path)
    );
  }
}

/** A line of a log file, and where it lies. */
export interface LogFileLine {
  readonly begin: number;
  /** Where the next line begins. */
  readonly end: number;
  /** Undefined when it is longer than any that a daemon writes. */
  readonly text: string | undefined;
}

interface LogFile {
  readonly path: string;
  readonly begin: number;
  readonly bytes: number;
}

const BLOCK_BYTES = 65_536;
const MAX_LINE_BYTES = 262_144;
const LINE_BREAK = 10;
const decoder = new TextDecoder();

/** What has been read of a line; of too long a one its length alone is kept. */
class Piece {
  #parts: Uint8Array[] = [];
  length = 0;

  append(part: Uint8Array): void {
    if (this.#hasRoom(part)) this.#parts.push(part.slice());
  }

  prepend(part: Uint8Array): void {
    if (this.#hasRoom(part)) this.#parts.unshift(part.slice());
  }

  get text(): string | undefined {
    if (this.length > MAX_LINE_BYTES) return undefined;
    return this.#parts.map((it, index) =>
      decoder.decode(it, { stream: index < this.#parts.length - 1 })
    ).join("");
  }

  clear(): void {
    this.#parts = [];
    this.length = 0;
  }

  #hasRoom(part: Uint8Array): boolean {
    this.length += part.length;
    if (this.length > MAX_LINE_BYTES) this.#parts = [];
    return part.length > 0 && this.length <= MAX_LINE_BYTES;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    // It was among the oldest.
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function readFully(
  file: Deno.FsFile,
  into: Uint8Array,
): Promise<Uint8Array> {
  let length = 0;
  while (length < into.length) {
    const read = await file.read(into.subarray(length));
    if (read === null) break;
    length += read;
  }
  return into.subarray(0, length);
}
