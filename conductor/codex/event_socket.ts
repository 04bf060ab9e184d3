import type { CodexEvent } from "../../shared/contracts/mod.ts";

/** Characters of events that may wait for who reads them. */
const MAX_QUEUED_CHARS = 4_194_304;

/** How an event socket ended, or that nothing has come yet. */
type Item =
  | { readonly kind: "event"; readonly event: CodexEvent }
  | { readonly kind: "end"; readonly reason: string };

/**
 * One connection to codexd's event stream, read at the reader's own pace. When
 * too much waits it hangs up: what was missed is read by a later connection.
 */
export class EventSocket {
  readonly #socket: WebSocket;
  readonly #queue: { readonly event: CodexEvent; readonly chars: number }[] =
    [];
  readonly #maxChars: number;
  #queued = 0;
  #end: string | undefined;
  #arrival = Promise.withResolvers<void>();

  constructor(socket: WebSocket, maxChars = MAX_QUEUED_CHARS) {
    this.#socket = socket;
    this.#maxChars = maxChars;
    socket.addEventListener("message", ({ data }) => this.#take(data));
    socket.addEventListener("error", (event) => {
      // Without a listener Deno would end the process. A close event follows.
      event.preventDefault();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.#over(reason === "" ? `closed with ${code}` : reason);
    });
  }

  /** The next event, in order; at last how the connection ended. */
  async next(): Promise<Item> {
    while (true) {
      const first = this.#queue.shift();
      if (first !== undefined) {
        this.#queued -= first.chars;
        return { kind: "event", event: first.event };
      }
      if (this.#end !== undefined) return { kind: "end", reason: this.#end };
      await this.#arrival.promise;
    }
  }

  /** Ends the connection. */
  close(): void {
    this.#over("closed");
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close();
  }

  #take(data: unknown): void {
    if (this.#end !== undefined || typeof data !== "string") return;
    const event = parse(data);
    if (event === undefined) return;
    this.#queue.push({ event, chars: data.length });
    this.#queued += data.length;
    if (this.#queued > this.#maxChars) {
      this.#over("the reader is behind");
      this.#socket.close();
    }
    this.#wake();
  }

  #over(reason: string): void {
    this.#end ??= reason;
    this.#wake();
  }

  #wake(): void {
    const { resolve } = this.#arrival;
    this.#arrival = Promise.withResolvers();
    resolve();
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
