import { createParser } from "eventsource-parser";

/** Characters of one event that are kept; a site that sends more is cut off. */
const MAX_EVENT_CHARS = 4_194_304;

/**
 * Reads `text/event-stream` whatever the pieces in which the text arrives. What
 * it holds of a stream is bounded, whatever a site sends.
 */
export class SseParser {
  readonly #parser = createParser({
    maxBufferSize: MAX_EVENT_CHARS,
    // No `onError`: an error object for every line of junk would take seconds.
    onId: (id) => this.#lastId = id,
    onEvent: ({ event = "message", data }) => {
      mustFit(data.length);
      const id = this.#lastId;
      this.#events.push({ event, data, ...(id !== undefined && { id }) });
    },
  });
  readonly #events: SiteEvent[] = [];
  #lastId: string | undefined;
  /** Characters since the last line end. */
  #lineChars = 0;

  /**
   * Takes the next piece; returns the events that it completes.
   * @throws when a single event is too long.
   */
  push(piece: string): SiteEvent[] {
    const end = Math.max(piece.lastIndexOf("\n"), piece.lastIndexOf("\r"));
    this.#lineChars = piece.length - 1 - end + (end < 0 ? this.#lineChars : 0);
    mustFit(this.#lineChars);
    if (piece !== "") {
      this.#parser.feed(piece);
      // It says that its buffer was too small when it is fed again.
      this.#parser.feed("");
    }
    return this.#events.splice(0);
  }
}

/** One event of a site's event stream. */
export interface SiteEvent {
  readonly event: string;
  readonly data: string;
  readonly id?: string;
}

function mustFit(chars: number): void {
  if (chars <= MAX_EVENT_CHARS) return;
  throw new RangeError(
    `Cannot read the event stream: an event is longer than ${MAX_EVENT_CHARS} characters`,
  );
}
