import {
  encodeEvent,
  EventStream,
  type EventStreamOptions,
} from "./event_stream.ts";
import type { WireError } from "./respond.ts";
import type { StreamEvent } from "./route.ts";

/** Limits and ports of one event stream. */
export interface SseOptions extends EventStreamOptions {
  /** Ends the stream when it aborts; its reason is told to the reader. */
  readonly signal: AbortSignal;
  /** Turns what ended the stream into its last event. */
  readonly describeError: (thrown: unknown) => WireError;
}

/**
 * Turns events into the body of an event stream. Events are pulled one by one
 * as the reader takes them, so memory stays bounded whatever the reader does.
 */
export function sse(
  events: AsyncIterable<StreamEvent>,
  options: SseOptions,
): ReadableStream<Uint8Array> {
  const stream = new EventStream(options);
  const pump = new EventPump(events[Symbol.asyncIterator](), stream, options);
  return new ReadableStream<Uint8Array>({
    start(controller) {
      stream.start(controller);
      void pump.run();
    },
    pull: () => stream.pulled(),
    cancel() {
      stream.left();
      pump.stop();
    },
    // Nothing is buffered by the stream itself: a pull means a reader that waits.
  }, { highWaterMark: 0 });
}

/** Moves events from their source to the stream, one at a time. */
class EventPump {
  readonly #events: AsyncIterator<StreamEvent>;
  readonly #stream: EventStream;
  readonly #options: SseOptions;
  #onAbort = (_reason: unknown) => {};

  constructor(
    events: AsyncIterator<StreamEvent>,
    stream: EventStream,
    options: SseOptions,
  ) {
    this.#events = events;
    this.#stream = stream;
    this.#options = options;
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const stream = this.#stream;
    const abort = () => this.#onAbort(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      while (!stream.ended) {
        const next = await this.#orAborted(this.#events.next());
        if (next.done) return stream.finish("done");
        stream.put(encodeEvent(next.value));
        if (!stream.hasRoom) {
          await this.#orAborted(stream.room());
        }
      }
      this.stop();
    } catch (error) {
      this.stop();
      if (stream.ended) return;
      stream.put(this.#lastEvent(error));
      stream.finish("failed");
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /**
   * Settles as `promise` does, or rejects when the signal aborts. A race with
   * one promise for the whole stream would keep something of every event.
   */
  #orAborted<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onAbort = reject;
      const { signal } = this.#options;
      if (signal.aborted) reject(signal.reason);
      promise.then(resolve, reject);
    });
  }

  /** Tells the source that nobody wants more; what it says to that is lost. */
  stop(): void {
    try {
      void this.#events.return?.().then(undefined, () => {});
    } catch { /* an iterator that is no generator may throw at once */ }
  }

  #lastEvent(thrown: unknown): Uint8Array {
    const { describeError } = this.#options;
    const data = describeError(thrown);
    try {
      return encodeEvent({ event: "error", data });
    } catch (error) {
      return encodeEvent({ event: "error", data: describeError(error) });
    }
  }
}
