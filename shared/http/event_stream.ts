import { Channel } from "../channel.ts";
import type { Clock, Timer } from "../clock.ts";
import type { StreamEvent } from "./route.ts";

const encoder = new TextEncoder();
/** A comment is sent this often while nothing else is. */
const HEARTBEAT_MS = 15_000;
const HEARTBEAT = encoder.encode(": heartbeat\n\n");

/** The bytes between the events and a reader who takes them when it likes. */
export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #chunks: Channel<Uint8Array>;
  #isAwaited = false;
  /** How the events ended, once they have. */
  #outcome: "done" | "failed" | undefined;
  #ended = false;
  #heartbeat: Timer | undefined;
  #stall: Timer | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#chunks = new Channel({ limit: options.maxBufferedBytes ?? 262_144 });
    this.#beat();
  }

  /** Whether nothing more can be put. */
  get ended(): boolean {
    return this.#ended || this.#outcome !== undefined;
  }

  get hasRoom(): boolean {
    return this.#chunks.hasRoom;
  }

  /** Resolves when the reader has taken what was queued, or the stream is over. */
  room(): Promise<void> {
    return this.#chunks.room();
  }

  put(chunk: Uint8Array): void {
    if (this.ended) return;
    this.#chunks.push(chunk, chunk.byteLength);
    this.#beat();
    this.#watch();
  }

  /** Closes the stream once the reader has taken everything. */
  finish(outcome: "done" | "failed"): void {
    if (this.ended) return;
    this.#outcome = outcome;
    this.#heartbeat?.cancel();
    this.#chunks.end();
    this.#watch();
  }

  /** The reader waits for bytes: gives it all that there are. */
  async pull(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    this.#stall?.cancel();
    this.#stall = undefined;
    this.#isAwaited = true;
    const { value } = await this.#chunks.next();
    this.#isAwaited = false;
    if (this.#ended) return;
    if (value !== undefined) {
      controller.enqueue(this.#withWhatFollows(value));
      if (this.#outcome !== undefined) this.#watch();
    } else if (this.#outcome !== undefined) {
      this.#end(this.#outcome);
      controller.close();
    }
  }

  /** The reader has gone. */
  left(): void {
    this.#end(this.#outcome ?? "left");
    void this.#chunks.return();
  }

  #withWhatFollows(first: Uint8Array): Uint8Array {
    const { waiting } = this.#chunks;
    if (waiting === 0) return first;
    const bytes = new Uint8Array(first.byteLength + waiting);
    let at = 0;
    let next: Uint8Array | undefined = first;
    while (next !== undefined) {
      bytes.set(next, at);
      at += next.byteLength;
      next = this.#chunks.take();
    }
    return bytes;
  }

  #end(reason: StreamEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#heartbeat?.cancel();
    this.#stall?.cancel();
    this.#options.onEnd(reason);
  }

  /** Gives the reader time to take what is there for it. */
  #watch(): void {
    if (this.#isAwaited) return;
    const { clock, stallMs = 30_000 } = this.#options;
    this.#stall ??= clock.after(stallMs, () => {
      this.#end("stalled");
      this.#chunks.fail(
        new ReaderStalled("The reader of a stream takes nothing"),
      );
    });
  }

  #beat(): void {
    this.#heartbeat?.cancel();
    this.#heartbeat = this.#options.clock.after(HEARTBEAT_MS, () => {
      // Queued bytes tell the reader as much as a comment would.
      if (this.#chunks.waiting === 0) this.put(HEARTBEAT);
      else this.#beat();
    });
  }
}

/** Limits and ports of the reader's side of a stream. */
export interface EventStreamOptions {
  readonly clock: Clock;
  /** Called once, however the stream ends: the reader left, it was over, it failed. */
  readonly onEnd: (reason: StreamEnd) => void;
  /** A reader that takes nothing for this long is closed. Default 30 000. */
  readonly stallMs?: number;
  /** Bytes kept for a reader that is behind. Default 262 144. */
  readonly maxBufferedBytes?: number;
}

export type StreamEnd = "done" | "left" | "failed" | "stalled";

/**
 * The reader of a stream takes nothing. Deno hears of it through the broken
 * body, and cuts the connection as soon as its own write returns.
 */
export class ReaderStalled extends Error {
  override readonly name = "ReaderStalled";
}

/**
 * Returns an event in the form of `text/event-stream`. JSON holds no line break;
 * a name may be somebody else's.
 */
export function encodeEvent({ event, data, id }: StreamEvent): Uint8Array {
  const idLine = id === undefined ? "" : `id: ${oneLine(id)}\n`;
  return encoder.encode(
    `event: ${oneLine(event)}\n${idLine}data: ${
      JSON.stringify(data ?? null)
    }\n\n`,
  );
}

function oneLine(text: string | number): string {
  return String(text).replace(/[\r\n]+/g, " ");
}
