import { messageOf } from "../../shared/errors.ts";
import { readLines } from "../../shared/lines.ts";
import { formatMessage, parseMessage, type RpcMessage } from "./rpc_message.ts";

const encoder = new TextEncoder();

/** JSON-RPC messages, one a line, over two byte streams. */
export class LineTransport {
  readonly #readable: ReadableStream<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #options: TransportOptions;
  #unsent = 0;
  #badLines = 0;
  #failed: Error | undefined;

  constructor(streams: LineStreams, options: TransportOptions = {}) {
    this.#readable = streams.readable;
    this.#writer = streams.writable.getWriter();
    // A broken pipe is told by the write that meets it.
    this.#writer.closed.catch(() => {});
    this.#options = options;
  }

  /**
   * Queues a message.
   * @throws {Error} when the other side has stopped reading or is gone
   */
  send(message: RpcMessage): void {
    if (this.#failed !== undefined) throw this.#failed;
    const line = formatMessage(message);
    const bytes = encoder.encode(line + "\n");
    const limit = this.#options.maxUnsentBytes ?? 67_108_864;
    if (this.#unsent + bytes.length > limit) {
      throw new Error(
        `Cannot send "${labelOf(message)}": ${this.#unsent} bytes wait unread`,
      );
    }
    this.#unsent += bytes.length;
    this.#options.onLine?.("out", line, message);
    this.#writer.write(bytes).then(
      () => {
        this.#unsent -= bytes.length;
      },
      (error) => {
        this.#failed = new Error(`Cannot send: ${messageOf(error)}`);
      },
    );
  }

  /**
   * Yields what comes in, the messages of one read together; ends with the
   * stream or when `signal` aborts.
   * @throws {Error} for a line over the limit and for a flood of lines that are no message
   */
  async *receive(
    signal?: AbortSignal,
  ): AsyncGenerator<readonly RpcMessage[]> {
    const { maxLineChars: maxChars = 67_108_864 } = this.#options;
    const options = { maxChars, ...(signal && { signal }) };
    for await (const lines of readLines(this.#readable, options)) {
      const messages: RpcMessage[] = [];
      for (const line of lines) {
        const message = parseMessage(line);
        this.#options.onLine?.("in", line, message);
        if (message === undefined) this.#countBad(line);
        else {
          this.#badLines = 0;
          messages.push(message);
        }
      }
      if (messages.length > 0) yield messages;
    }
  }

  /** Closes the outgoing side: for a child that is the end of its standard input. */
  async close(): Promise<void> {
    this.#failed ??= new Error("Cannot send: the transport is closed");
    await this.#writer.close().catch(() => {});
  }

  #countBad(line: string): void {
    const limit = this.#options.maxBadLines ?? 100;
    if (++this.#badLines < limit) return;
    throw new Error(
      `Cannot read messages: ${limit} lines in a row are none, the last is ` +
        JSON.stringify(line.slice(0, 80)),
    );
  }
}

/** The two streams that a child process gives. */
export interface LineStreams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

interface TransportOptions {
  /** A longer line ends the transport. Default 67 108 864. */
  readonly maxLineChars?: number;
  /** So many lines in a row that are no message end it. Default 100. */
  readonly maxBadLines?: number;
  /** Bytes that the other side has not taken yet. Default 67 108 864. */
  readonly maxUnsentBytes?: number;
  /** Sees every line in either direction; `message` is undefined when it is none. */
  onLine?(
    direction: "in" | "out",
    line: string,
    message: RpcMessage | undefined,
  ): void;
}

function labelOf(message: RpcMessage): string {
  return "method" in message ? message.method : `answer ${message.id}`;
}
