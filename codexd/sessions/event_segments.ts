import { join } from "@std/path";
import type { Clock } from "../../shared/clock.ts";
import { LineFile } from "../../shared/line_file.ts";
import { readLines } from "../../shared/lines.ts";
import { type EventLine, parseEventLine } from "./event_line.ts";

/** Longer than any event can be: the app-server's own lines have a lower limit. */
const MAX_LINE_CHARS = 268_435_456;
/** So that events of a quiet time become too old one day, too. */
const MAX_SEGMENT_AGE_MS = 86_400_000;
const NAME = /^events-(\d{16})\.jsonl$/;

/** The files of the event log: one event a line, each file named by its first number. */
export class EventSegments implements Disposable {
  readonly #options: SegmentOptions;
  readonly #segments: Segment[];
  #file: LineFile | undefined;
  #lastSeq = 0;
  #startedAt: number;

  constructor(options: SegmentOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    const { folder } = options;
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#segments = [...Deno.readDirSync(folder)].flatMap(({ name }) => {
      const [, first] = NAME.exec(name) ?? [];
      if (first === undefined) return [];
      const path = join(folder, name);
      const { size: bytes, mtime } = Deno.statSync(path);
      const writtenAt = mtime?.getTime() ?? 0;
      return [{ path, first: Number(first), bytes, writtenAt }];
    }).sort((a, b) => a.first - b.first);
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
    const segment = this.#segmentFor(first.seq);
    segment.bytes += this.#file?.write(events.map((it) => it.json)) ?? 0;
    segment.writtenAt = this.#options.clock.now();
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
        clock.now() - oldest.writtenAt <= maxAgeMs;
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
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }

  #segmentFor(seq: number): Segment {
    const newest = this.#segments.at(-1);
    const { clock, folder, segmentBytes = 8_388_608 } = this.#options;
    const now = clock.now();
    const isOpen = this.#file !== undefined && newest !== undefined &&
      newest.bytes < segmentBytes && now - this.#startedAt < MAX_SEGMENT_AGE_MS;
    if (isOpen) return newest;
    const name = `events-${String(seq).padStart(16, "0")}.jsonl`;
    const path = join(folder, name);
    const file = new LineFile(path);
    this.#file?.[Symbol.dispose]();
    this.#file = file;
    this.#startedAt = now;
    const segment = { path, first: seq, bytes: 0, writtenAt: now };
    this.#segments.push(segment);
    this.removeOld();
    return segment;
  }

  /** Goes on in the newest segment, also behind a line that a kill has cut. */
  #reopen({ path, first }: Segment): void {
    const text = Deno.readTextFileSync(path);
    let last: EventLine | undefined;
    for (let end = text.length; end > 0 && last === undefined;) {
      const start = text.lastIndexOf("\n", end - 1) + 1;
      last = parseEventLine(text.slice(start, end));
      end = start - 1;
    }
    this.#lastSeq = last?.seq ?? first - 1;
    const isTorn = text !== "" && !text.endsWith("\n");
    this.#file = new LineFile(path, { isTorn });
  }
}

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
  /** Milliseconds since the epoch. */
  writtenAt: number;
}
