import { Channel } from "../../shared/channel.ts";
import type { CodexEvent } from "../../shared/contracts/mod.ts";
import { messageOf } from "../../shared/errors.ts";

/** Characters of events that may wait for who reads them. */
const MAX_WAITING_CHARS = 4_194_304;

/**
 * One connection to codexd's event stream, read at the reader's own pace. When
 * too much waits it hangs up: what was missed is read by a later connection.
 */
export class EventSocket {
  readonly #socket: WebSocket | undefined;
  readonly #events: Channel<CodexEvent>;
  #end: string | undefined;

  /** `open` may throw: the connection has ended then, for that reason. */
  constructor(open: () => WebSocket, maxChars = MAX_WAITING_CHARS) {
    this.#events = new Channel({
      limit: maxChars,
      onLeave: () => this.close(),
    });
    let socket: WebSocket;
    try {
      socket = open();
    } catch (error) {
      this.close(messageOf(error));
      return;
    }
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take(data));
    socket.addEventListener("error", (event) => {
      // Without a listener Deno would end the process. A close event follows.
      event.preventDefault();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.close(reason === "" ? `closed with ${code}` : reason);
    });
  }

  /** The events, in order, until the connection ends. */
  [Symbol.asyncIterator](): AsyncIterator<CodexEvent> {
    return this.#events;
  }

  get endReason(): string {
    return this.#end ?? "it has not ended";
  }

  /** Ends the connection; what has come can still be read. */
  close(reason = "closed"): void {
    this.#end ??= reason;
    this.#events.end();
    const socket = this.#socket;
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close();
  }

  #take(data: unknown): void {
    if (typeof data !== "string") return;
    const event = parse(data);
    if (event === undefined) return;
    this.#events.push(event, data.length);
    if (!this.#events.hasRoom) this.close("the reader is behind");
  }
}

/**
 * Returns the event in a frame; replies, and whatever is none, are passed over.
 * Checked by hand: thousands may come in a second.
 */
function parse(text: string): CodexEvent | undefined {
  try {
    const value: Partial<CodexEvent> = JSON.parse(text);
    const isEvent = typeof value.seq === "number" &&
      typeof value.type === "string" && typeof value.at === "string" &&
      typeof value.data === "object" && value.data !== null;
    return isEvent ? value as CodexEvent : undefined;
  } catch {
    return undefined;
  }
}
