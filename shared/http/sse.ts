import { Channel } from "../channel.ts";
import {
  encodeEvent,
  EventStream,
  type EventStreamOptions,
} from "./event_stream.ts";
import type { WireError } from "./route.ts";
import type { StreamEvent } from "./route.ts";

/**
 * Turns events into the body of an event stream. Events are pulled one by one
 * as the reader takes them, so memory stays bounded whatever the reader does.
 * A channel keeps what waits by itself: of its events only the next is here.
 */
export function sse(
  events: AsyncIterable<StreamEvent>,
  options: SseOptions,
): ReadableStream<Uint8Array> {
  const source = events[Symbol.asyncIterator]();
  const stream = new EventStream({
    ...options,
    ...(events instanceof Channel && { maxBufferedBytes: 1 }),
  });
  return new ReadableStream<Uint8Array>({
    start: () => void pump(source, stream, options),
    pull: (controller) => stream.pull(controller),
    cancel() {
      stream.left();
      stop(source);
    },
    // Nothing is buffered by the stream itself: a pull means a reader that waits.
  }, { highWaterMark: 0 });
}

/** What ends a stream early, and how its end is told. */
interface SseOptions extends EventStreamOptions {
  /** Ends the stream when it aborts; its reason is told to the reader. */
  readonly signal: AbortSignal;
  /** Turns what ended the stream into its last event. */
  readonly describeError: (thrown: unknown) => WireError;
}

/** Moves events from their source to the stream, one at a time. Never rejects. */
async function pump(
  source: AsyncIterator<StreamEvent>,
  stream: EventStream,
  { signal, describeError }: SseOptions,
): Promise<void> {
  let onAbort = (_reason: unknown) => {};
  const abort = () => onAbort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  // A race with one promise for the whole stream would keep something of every event.
  const unlessAborted = <T>(work: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      onAbort = reject;
      if (signal.aborted) abort();
      work.then(resolve, reject);
    });
  try {
    while (!stream.ended) {
      const next = await unlessAborted(source.next());
      if (next.done) return stream.finish("done");
      stream.put(encodeEvent(next.value));
      if (!stream.hasRoom) await unlessAborted(stream.room());
    }
    stop(source);
  } catch (error) {
    stop(source);
    if (stream.ended) return;
    stream.put(lastEvent(describeError, error));
    stream.finish("failed");
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Tells the source that nobody wants more; what it says to that is lost. */
function stop(source: AsyncIterator<StreamEvent>): void {
  try {
    void source.return?.().then(undefined, () => {});
  } catch { /* an iterator that is no generator may throw at once */ }
}

function lastEvent(
  describeError: (thrown: unknown) => WireError,
  thrown: unknown,
): Uint8Array {
  try {
    return encodeEvent({ event: "error", data: describeError(thrown) });
  } catch (error) {
    // Its details may be what no JSON can hold.
    return encodeEvent({ event: "error", data: describeError(error) });
  }
}
