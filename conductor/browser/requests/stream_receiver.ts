import { Channel } from "../../../shared/channel.ts";
import type { StreamEvent } from "../../../shared/http/mod.ts";
import { AppError } from "../../../shared/errors.ts";
import type { AnswerMessage } from "../contract.ts";
import { protocolBroken } from "../failures.ts";
import type { RequestOrder } from "./exchange.ts";
import { headOf, type Receiver, type ResponseHead } from "./receiver.ts";
import { SseParser } from "./sse_parser.ts";

/** Characters that may wait for a caller who reads slower than the site sends. */
const MAX_WAITING_CHARS = 8_388_608;

/**
 * Turns a browser's stream into the events of the HTTP answer: `stream_open`,
 * `stream_event` …, and exactly one of `stream_end` and `stream_error`.
 */
export class StreamReceiver implements Receiver {
  readonly #requestId: string;
  readonly #url: string;
  readonly #parser = new SseParser();
  /** In order; leaving them ends the request. */
  readonly events: Channel<StreamEvent>;
  /** Whether it ended with `stream_error`. */
  failed = false;
  #head: ResponseHead | undefined;
  #isSse = false;
  #chunks = 0;
  #events = 0;
  #chars = 0;

  constructor(order: RequestOrder, onLeave: () => void) {
    this.#requestId = order.id;
    this.#url = order.url;
    this.events = new Channel({ limit: MAX_WAITING_CHARS, onLeave });
  }

  get status(): number | undefined {
    return this.#head?.status;
  }

  /** What answered, or else what was asked. */
  get url(): string {
    return this.#head?.url ?? this.#url;
  }

  take(message: AnswerMessage): boolean {
    switch (message.type) {
      case "stream_open":
        return this.#open(message);
      case "stream_event":
        return this.#piece(message);
      case "stream_end":
        return this.#end();
      default:
        throw protocolBroken(`"${message.type}" came for a stream`);
    }
  }

  fail(error: AppError): void {
    this.failed = true;
    this.#last("stream_error", {
      code: error.code,
      message: error.message,
      retryable: error.retryable,
      ...(error.hint !== undefined && { hint: error.hint }),
      details: error.details ?? {},
    });
  }

  #open(message: AnswerMessage & { type: "stream_open" }): boolean {
    if (this.#head !== undefined) throw protocolBroken("a second stream_open");
    const head = headOf(message, this.#url);
    this.#head = head;
    this.#isSse = /^text\/event-stream\b/i.test(
      head.headers["content-type"] ?? "",
    );
    const format = this.#isSse ? "sse" : "text";
    this.#put("stream_open", { ...head, format });
    return false;
  }

  #piece(message: AnswerMessage & { type: "stream_event" }): boolean {
    const { chunk, seq } = message;
    if (this.#head === undefined || seq !== this.#chunks) {
      throw protocolBroken(`stream event ${seq} came out of turn`);
    }
    this.#chunks += 1;
    this.#chars += chunk.length;
    const events = this.#isSse
      ? this.#parse(chunk)
      : [{ event: "chunk", data: chunk }];
    for (const event of events) {
      const data = { seq: this.#events, ...event };
      this.#put("stream_event", data, event.data.length);
      this.#events += 1;
    }
    if (!this.events.hasRoom) {
      throw new AppError(
        "UPSTREAM_FAILED",
        "Cannot go on: the stream is read slower than it comes",
        { details: { reason: "slow_consumer" } },
      );
    }
    return false;
  }

  #parse(chunk: string) {
    try {
      return this.#parser.push(chunk);
    } catch (cause) {
      throw new AppError(
        "UPSTREAM_FAILED",
        "Cannot read the event stream: one event is too long",
        { cause, details: { reason: "event_too_large" }, retryable: false },
      );
    }
  }

  #end(): boolean {
    if (this.#head === undefined) throw protocolBroken("stream_end came first");
    this.#last("stream_end", { events: this.#events, chars: this.#chars });
    return true;
  }

  #put(event: string, facts: Readonly<Record<string, unknown>>, chars = 0) {
    const data = { request_id: this.#requestId, ...facts };
    this.events.push({ event, data }, chars);
  }

  #last(event: string, data: Readonly<Record<string, unknown>>): void {
    this.#put(event, data);
    this.events.end();
  }
}
