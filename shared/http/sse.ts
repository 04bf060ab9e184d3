import type { Clock, Timer } from "../clock.ts";
import type { WireError } from "./respond.ts";
import type { StreamEvent } from "./route.ts";

/** Limits and ports of one event stream. */
export interface SseOptions {
  readonly clock: Clock;
  /** Ends the stream when it aborts; its reason is told to the reader. */
  readonly signal: AbortSignal;
  /** Turns what ended the stream into its last event. */
  readonly describeError: (thrown: unknown) => WireError;
  /** Called once, however the stream ends: the reader left, it was over, it failed. */
  readonly onEnd: (reason: "done" | "left" | "failed" | "stalled") => void;
  /** A comment is sent this often while nothing else is. Default 15 000. */
  readonly heartbeatMs?: number;
  /** A reader that takes nothing for this long is closed. Default 30 000. */
  readonly stallMs?: number;
  /** Bytes kept for a reader that is behind. Default 262 144. */
  readonly maxBufferedBytes?: number;
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

/**
 * Turns events into the body of an event stream. Events are pulled one by one
 * as the reader takes them, so memory stays bounded whatever the reader does.
 */
export function sse(
  events: AsyncIterable<StreamEvent>,
  options: SseOptions,
): ReadableStream<Uint8Array> {
  const writer = new SseWriter(events[Symbol.asyncIterator](), options);
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => writer.start(controller),
      pull: () => writer.resume(),
      cancel: () => writer.leave(),
    },
    {
      highWaterMark: options.maxBufferedBytes ?? 262_144,
      size: (chunk) => chunk?.byteLength ?? 0,
    },
  );
}

class Stalled extends Error {}

class SseWriter {
  readonly #events: AsyncIterator<StreamEvent>;
  readonly #options: SseOptions;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #heartbeat: Timer | undefined;
  #resume = () => {};
  #ended = false;

  constructor(events: AsyncIterator<StreamEvent>, options: SseOptions) {
    this.#events = events;
    this.#options = options;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#beat();
    void this.#run();
  }

  resume(): void {
    this.#resume();
  }

  leave(): void {
    this.#end("left");
    void this.#events.return?.().then(undefined, () => {});
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    const aborted = new Promise<never>((_, reject) => {
      const abort = () => reject(signal.reason);
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    });
    aborted.catch(() => {});
    try {
      while (!this.#ended) {
        const next = await Promise.race([this.#events.next(), aborted]);
        if (this.#ended) return;
        if (next.done) return this.#close("done");
        this.#controller.enqueue(encodeEvent(next.value));
        this.#beat();
        await this.#room(aborted);
      }
    } catch (error) {
      if (this.#ended) return;
      void this.#events.return?.().then(undefined, () => {});
      this.#fail(error);
    }
  }

  /** Waits until the reader has taken enough; rejects when it takes nothing for too long. */
  async #room(aborted: Promise<never>): Promise<void> {
    while (!this.#ended && (this.#controller.desiredSize ?? 0) <= 0) {
      let timer: Timer | undefined;
      const taken = new Promise<void>((resolve, reject) => {
        this.#resume = resolve;
        timer = this.#options.clock.after(
          this.#options.stallMs ?? 30_000,
          () => reject(new Stalled()),
        );
      });
      try {
        await Promise.race([taken, aborted]);
      } finally {
        timer?.cancel();
      }
    }
  }

  #fail(error: unknown): void {
    if (error instanceof Stalled) {
      // What is queued would wait for the reader for ever: give the connection up.
      this.#end("stalled");
      this.#controller.error(
        new Error("The reader of this stream is too slow"),
      );
      return;
    }
    const data = this.#options.describeError(error);
    this.#controller.enqueue(encodeEvent({ event: "error", data }));
    this.#close("failed");
  }

  #close(reason: "done" | "failed"): void {
    this.#end(reason);
    this.#controller.close();
  }

  #end(reason: "done" | "left" | "failed" | "stalled"): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#heartbeat?.cancel();
    this.#resume();
    this.#options.onEnd(reason);
  }

  #beat(): void {
    this.#heartbeat?.cancel();
    this.#heartbeat = this.#options.clock.after(
      this.#options.heartbeatMs ?? 15_000,
      () => {
        if ((this.#controller.desiredSize ?? 0) > 0) {
          this.#controller.enqueue(HEARTBEAT);
        }
        this.#beat();
      },
    );
  }
}
