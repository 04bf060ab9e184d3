import type { Clock, Timer } from "../clock.ts";
import type { StreamEvent } from "./route.ts";

/** How a stream ended. */
export type StreamEnd = "done" | "left" | "failed" | "stalled";

/** Limits and ports of the reader's side of a stream. */
export interface EventStreamOptions {
  readonly clock: Clock;
  /** Called once, however the stream ends: the reader left, it was over, it failed. */
  readonly onEnd: (reason: StreamEnd) => void;
  /** A comment is sent this often while nothing else is. Default 15 000. */
  readonly heartbeatMs?: number;
  /** A reader that takes nothing for this long is closed. Default 30 000. */
  readonly stallMs?: number;
  /** Bytes kept for a reader that is behind. Default 262 144. */
  readonly maxBufferedBytes?: number;
}

/**
 * The reader of a stream takes nothing. Deno hears of it through the broken
 * body, and cuts the connection as soon as its own write returns.
 */
export class ReaderStalled extends Error {
  override readonly name = "ReaderStalled";
}

const encoder = new TextEncoder();
const HEARTBEAT = encoder.encode(": heartbeat\n\n");

/** Returns an event in the form of `text/event-stream`. JSON holds no line break. */
export function encodeEvent({ event, data, id }: StreamEvent): Uint8Array {
  const idLine = id === undefined ? "" : `id: ${id}\n`;
  return encoder.encode(
    `event: ${event}\n${idLine}data: ${JSON.stringify(data ?? null)}\n\n`,
  );
}

/** The bytes between the events and a reader who takes them when it likes. */
export class EventStream {
  readonly #options: EventStreamOptions;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #readerWaits = false;
  /** How the events ended, once they have. */
  #outcome: "done" | "failed" | undefined;
  #ended = false;
  #heartbeat: Timer | undefined;
  #stall: Timer | undefined;
  #onRoom = () => {};

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  /** Whether nothing more can be put. */
  get ended(): boolean {
    return this.#ended || this.#outcome !== undefined;
  }

  get hasRoom(): boolean {
    return this.#queuedBytes < (this.#options.maxBufferedBytes ?? 262_144);
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#beat();
  }

  /** Resolves when the reader has taken what was queued, or the stream is over. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#onRoom = resolve);
  }

  put(chunk: Uint8Array): void {
    if (this.ended) return;
    this.#beat();
    if (this.#readerWaits) {
      this.#readerWaits = false;
      this.#controller?.enqueue(chunk);
      return;
    }
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.byteLength;
    this.#watch();
  }

  /** Closes the stream once the reader has taken everything. */
  finish(outcome: "done" | "failed"): void {
    if (this.ended) return;
    this.#outcome = outcome;
    this.#heartbeat?.cancel();
    if (this.#readerWaits) this.#close(outcome);
    else this.#watch();
  }

  /** The reader waits for bytes. */
  pulled(): void {
    if (this.#ended) return;
    this.#stall?.cancel();
    this.#stall = undefined;
    if (this.#queue.length > 0) {
      this.#controller?.enqueue(this.#takeQueue());
      this.#onRoom();
      if (this.#outcome !== undefined) this.#watch();
    } else if (this.#outcome !== undefined) this.#close(this.#outcome);
    else this.#readerWaits = true;
  }

  /** The reader has gone. */
  left(): void {
    this.#end(this.#outcome ?? "left");
  }

  #takeQueue(): Uint8Array {
    const [first] = this.#queue;
    const bytes = first !== undefined && this.#queue.length === 1
      ? first
      : new Uint8Array(this.#queuedBytes);
    if (this.#queue.length > 1) {
      let at = 0;
      for (const chunk of this.#queue) {
        bytes.set(chunk, at);
        at += chunk.byteLength;
      }
    }
    this.#queue = [];
    this.#queuedBytes = 0;
    return bytes;
  }

  #close(outcome: "done" | "failed"): void {
    this.#end(outcome);
    this.#controller?.close();
  }

  #end(reason: StreamEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue = [];
    this.#heartbeat?.cancel();
    this.#stall?.cancel();
    this.#onRoom();
    this.#options.onEnd(reason);
  }

  /** Gives the reader time to take what is there for it. */
  #watch(): void {
    this.#stall ??= this.#options.clock.after(
      this.#options.stallMs ?? 30_000,
      () => {
        this.#end("stalled");
        this.#controller?.error(
          new ReaderStalled("The reader of a stream takes nothing"),
        );
      },
    );
  }

  #beat(): void {
    this.#heartbeat?.cancel();
    this.#heartbeat = this.#options.clock.after(
      this.#options.heartbeatMs ?? 15_000,
      () => {
        // Queued bytes tell the reader as much as a comment would.
        if (this.#queue.length === 0) this.put(HEARTBEAT);
        else this.#beat();
      },
    );
  }
}
