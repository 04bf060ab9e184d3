import type { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import { isTooDeep, MAX_NESTING } from "../nesting.ts";
import { sleep } from "../wait.ts";

/**
 * A WebSocket that speaks JSON text frames of one schema. Nothing that a frame
 * does can throw out of it: in Deno that would end the process.
 */
export class JsonSocket<In> {
  readonly #socket: SocketPort;
  readonly #options: JsonSocketOptions<In>;
  readonly #gone = new AbortController();

  constructor(socket: SocketPort, options: JsonSocketOptions<In>) {
    this.#socket = socket;
    this.#options = options;
    socket.addEventListener("open", () => {
      this.#safely(() => options.onOpen?.());
    });
    socket.addEventListener("message", (event) => {
      this.#safely(() => this.#receive(event.data));
    });
    socket.addEventListener("close", (event) => {
      this.#ended(event.code === 0 ? 1006 : event.code, event.reason);
    });
    socket.addEventListener("error", (event) => {
      // A close event follows; without a listener Deno would end the process.
      event.preventDefault();
    });
  }

  get isOpen(): boolean {
    return !this.#closed && this.#socket.readyState === WebSocket.OPEN;
  }

  /**
   * Resolves once at most `maxBytes` wait for the other side to take them; with
   * false when the socket closes first, or more than that wait for too long.
   */
  async room({ maxBytes, stallMs, clock }: RoomOptions): Promise<boolean> {
    const until = clock.monotonic() + stallMs;
    while (this.#socket.bufferedAmount > maxBytes) {
      if (clock.monotonic() >= until) return false;
      await sleep(clock, POLL_MS, this.#gone.signal);
      if (this.#closed) return false;
    }
    return true;
  }

  /** Sends a message; false when the socket is closed or its reader too slow. */
  send(message: unknown): boolean {
    try {
      return this.sendText(JSON.stringify(message));
    } catch (error) {
      this.#options.log.error("A message could not be sent", { error });
      return false;
    }
  }

  /** As `send`, for a message that is JSON already: one text serves many readers. */
  sendText(json: string): boolean {
    if (!this.isOpen) return false;
    const limit = this.#options.maxBufferedBytes ?? 4_194_304;
    if (this.#socket.bufferedAmount > limit) {
      this.close(CLOSE.slowConsumer, "too slow a reader");
      return false;
    }
    try {
      this.#socket.send(json);
      return true;
    } catch (error) {
      this.#options.log.error("A message could not be sent", { error });
      return false;
    }
  }

  /** Closes the socket; harmless when it is closed already. */
  close(code: number, reason: string): void {
    if (this.#closed) return;
    try {
      this.#socket.close(code, cutReason(reason));
    } catch (error) {
      this.#options.log.debug("A socket was gone before it was closed", {
        error,
      });
    }
    this.#ended(code, reason);
  }

  #receive(data: unknown): void {
    if (this.#closed) return;
    if (typeof data !== "string") return this.#invalid("not a text frame");
    const limit = this.#options.maxMessageChars ?? 1_048_576;
    if (data.length > limit) {
      return this.close(CLOSE.tooBig, `a message may have ${limit} characters`);
    }
    if (isTooDeep(data)) {
      return this.#invalid(`nested more than ${MAX_NESTING} levels deep`);
    }
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch {
      return this.#invalid("not JSON");
    }
    const result = this.#options.schema.safeParse(value);
    if (result.success) {
      const handled = this.#options.onMessage(result.data);
      handled?.catch((error: unknown) => this.#fault(error));
      return;
    }
    const [issue] = result.error.issues;
    this.#invalid(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
  }

  get #closed(): boolean {
    return this.#gone.signal.aborted;
  }

  #invalid(reason: string): void {
    if (this.#options.onInvalid === undefined) {
      this.close(CLOSE.policy, reason);
    } else this.#options.onInvalid(reason);
  }

  #ended(code: number, reason: string): void {
    if (this.#closed) return;
    this.#gone.abort();
    try {
      this.#options.onClose(code, reason);
    } catch (error) {
      this.#options.log.error("A socket's close handler failed", { error });
    }
  }

  #safely(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fault(error);
    }
  }

  #fault(error: unknown): void {
    this.#options.log.error("A socket's message handler failed", { error });
    this.close(CLOSE.internal, "internal error");
  }
}

/** Close codes that the product uses (RFC 6455, 7.4). */
export const CLOSE = {
  goingAway: 1001,
  policy: 1008,
  tooBig: 1009,
  internal: 1011,
  slowConsumer: 1013,
} as const;

/** The part of a `WebSocket` that is used, so that tests need no network. */
export type SocketPort = Pick<
  WebSocket,
  "send" | "close" | "bufferedAmount" | "readyState" | "addEventListener"
>;

/** What a JSON socket does with what comes in, and its limits. */
export interface JsonSocketOptions<In> {
  readonly schema: z.ZodType<In>;
  readonly log: Logger;
  onOpen?(): void;
  /** A message that its schema accepts. May fail: the socket is then closed 1011. */
  onMessage(message: In): void | Promise<void>;
  /** A frame that is no JSON, or that the schema refuses. Default: closes 1008. */
  onInvalid?(reason: string): void;
  /** Called once. `code` 1006 stands for a connection that just went. */
  onClose(code: number, reason: string): void;
  /** A longer text frame closes the socket with 1009. Default 1 048 576. */
  readonly maxMessageChars?: number;
  /** More unsent bytes than this close the socket with 1013. Default 4 194 304. */
  readonly maxBufferedBytes?: number;
}

/** How far the other side may be behind, and for how long. */
interface RoomOptions {
  readonly maxBytes: number;
  readonly stallMs: number;
  readonly clock: Clock;
}

/** How often a full socket is looked at again: it has no event for that. */
const POLL_MS = 10;

/** RFC 6455 allows 123 bytes; a longer reason would leave the socket open. */
const MAX_REASON_BYTES = 123;
const encoder = new TextEncoder();

/** Cuts a reason at a character boundary so that a close frame can hold it. */
function cutReason(reason: string): string {
  const { read } = encoder.encodeInto(reason, new Uint8Array(MAX_REASON_BYTES));
  return reason.slice(0, read);
}
