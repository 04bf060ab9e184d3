import { join } from "@std/path";
import type { Clock } from "../../shared/clock.ts";
import { readLines } from "../../shared/lines.ts";
import { type EventLine, parseEventLine } from "./event_line.ts";

/** Where the segments are, and how much of them is kept. */
export interface SegmentOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Of all segments. Default 134 217 728. */
  readonly maxBytes?: number;
  /** A segment that is full is followed by another. Default 8 388 608. */
  readonly segmentBytes?: number;
  readonly maxAgeMs: number;
  /** Events; whole segments are removed, so a few more may be kept. */
  readonly maxEvents: number;
}

interface Segment {
  readonly path: string;
  /** The number of its first event. */
  readonly first: number;
  bytes: number;
}

/** Longer than any event can be: the app-server's own lines have a lower limit. */
const MAX_LINE_CHARS = 268_435_456;
/** So that events of a quiet time become too old one day, too. */
const MAX_SEGMENT_AGE_MS = 86_400_000;
const NAME = /^events-(\d{16})\.jsonl$/;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The files of the event log: one event a line, each file named by its first number. */
export class EventSegments implements Disposable {
  readonly #options: SegmentOptions;
  readonly #segments: Segment[] = [];
  #file: Deno.FsFile | undefined;
  #lastSeq = 0;
  #startedAt: number;

  constructor(options: SegmentOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    const { folder } = options;
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const { name } of Deno.readDirSync(folder)) {
      const first = Number(NAME.exec(name)?.[1] ?? NaN);
      if (Number.isNaN(first)) continue;
      const path = join(folder, name);
      this.#segments.push({ path, first, bytes: Deno.statSync(path).size });
    }
    this.#segments.sort((a, b) => a.first - b.first);
    const newest = this.#segments.at(-1);
    if (newest !== undefined) this.#reopen(newest);
    this.removeOld();
  }

  /** Of the newest event on disk; 0 when there never was one. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Of the oldest event on disk; the next one's when there is none. */
  get firstSeq(): number {
    return this.#segments[0]?.first ?? this.#lastSeq + 1;
  }

  /** Writes events; they are with the kernel when this returns. */
  append(events: readonly EventLine[]): void {
    const [first] = events;
    if (first === undefined) return;
    const text = events.map((event) => event.json + "\n").join("");
    const bytes = encoder.encode(text);
    const segment = this.#segmentFor(first.seq);
    try {
      for (let at = 0; at < bytes.length;) {
        at += this.#file?.writeSync(bytes.subarray(at)) ?? bytes.length;
      }
    } catch (error) {
      // The last line may be there in part: the next one needs a new file.
      this.#file?.close();
      this.#file = undefined;
      throw error;
    }
    segment.bytes += bytes.length;
    this.#lastSeq = events.at(-1)?.seq ?? this.#lastSeq;
  }

  /** Yields the events on disk behind `after`, oldest first. */
  async *read(after: number): AsyncGenerator<readonly EventLine[]> {
    const index = this.#segments.findLastIndex((it) => it.first <= after + 1);
    for (const { path } of this.#segments.slice(Math.max(index, 0))) {
      let file: Deno.FsFile;
      try {
        file = await Deno.open(path);
      } catch (error) {
        // Retention took it away.
        if (error instanceof Deno.errors.NotFound) return;
        throw error;
      }
      // The stream closes the file, at its end and when it is left early.
      const batches = readLines(file.readable, { maxChars: MAX_LINE_CHARS });
      for await (const lines of batches) {
        const events = lines.map(parseEventLine)
          .filter((it) => it !== undefined && it.seq > after);
        if (events.length > 0) yield events as EventLine[];
      }
    }
  }

  /** Removes whole segments beyond the limits; never the one that is written. */
  removeOld(): void {
    const { maxBytes = 134_217_728, maxAgeMs, maxEvents, clock } =
      this.#options;
    let bytes = this.#segments.reduce((sum, it) => sum + it.bytes, 0);
    while (this.#segments.length > 1) {
      const [oldest, next] = this.#segments;
      if (oldest === undefined || next === undefined) return;
      const keep = bytes <= maxBytes &&
        this.#lastSeq - next.first < maxEvents &&
        clock.now() - modified(oldest.path) <= maxAgeMs;
      if (keep) return;
      this.#segments.shift();
      bytes -= oldest.bytes;
      try {
        Deno.removeSync(oldest.path);
      } catch {
        // Somebody else removed it.
      }
    }
  }

  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #segmentFor(seq: number): Segment {
    const newest = this.#segments.at(-1);
    const now = this.#options.clock.now();
    const { segmentBytes = 8_388_608 } = this.#options;
    const isFull = (newest?.bytes ?? 0) >= segmentBytes ||
      now - this.#startedAt >= MAX_SEGMENT_AGE_MS;
    if (newest !== undefined && !isFull && this.#file !== undefined) {
      return newest;
    }
    this.#startedAt = now;
    const name = `events-${String(seq).padStart(16, "0")}.jsonl`;
    const path = join(this.#options.folder, name);
    const file = Deno.openSync(path, {
      create: true,
      append: true,
      mode: 0o600,
    });
    this.#file?.close();
    this.#file = file;
    const segment = { path, first: seq, bytes: 0 };
    this.#segments.push(segment);
    this.removeOld();
    return segment;
  }

  /** Goes on in the newest segment, without a line that was cut by a kill. */
  #reopen(segment: Segment): void {
    const bytes = Deno.readFileSync(segment.path);
    const end = bytes.lastIndexOf(0x0a) + 1;
    this.#lastSeq = lastSeqOf(bytes.subarray(0, end)) ?? segment.first - 1;
    if (end < bytes.length) Deno.truncateSync(segment.path, end);
    segment.bytes = end;
    this.#file = Deno.openSync(segment.path, { append: true });
  }
}

/** The number of the last event in a file that can be read. */
function lastSeqOf(bytes: Uint8Array): number | undefined {
  let end = bytes.length;
  while (end > 0) {
    const start = end < 2 ? 0 : bytes.lastIndexOf(0x0a, end - 2) + 1;
    const event = parseEventLine(decoder.decode(bytes.subarray(start, end)));
    if (event !== undefined) return event.seq;
    end = start;
  }
  return undefined;
}

function modified(path: string): number {
  try {
    return Deno.statSync(path).mtime?.getTime() ?? 0;
  } catch {
    return 0;
  }
}
