/** One event of a site's event stream. */
export interface SiteEvent {
  readonly event: string;
  readonly data: string;
  readonly id?: string;
}

/** Characters of one event that are kept; a site that sends more is cut off. */
const MAX_EVENT_CHARS = 4_194_304;

/**
 * Parses `text/event-stream` as the HTML standard has it, whatever the pieces
 * in which the text arrives.
 */
export class SseParser {
  #rest = "";
  #afterReturn = false;
  #started = false;
  #event = "";
  #data: string[] = [];
  #chars = 0;
  #lastId: string | undefined;

  /**
   * Takes the next piece; returns the events that it completes.
   * @throws {RangeError} when a single event is too long.
   */
  push(piece: string): SiteEvent[] {
    const events: SiteEvent[] = [];
    let text = piece;
    if (!this.#started && text !== "") {
      this.#started = true;
      text = text.replace(/^\uFEFF/, "");
    }
    // A "\r\n" that was cut in two is still one line end.
    if (this.#afterReturn && text !== "") {
      this.#afterReturn = false;
      if (text.startsWith("\n")) text = text.slice(1);
    }
    const ends = /\r\n|\r|\n/g;
    let start = 0;
    for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
      const line = this.#rest + text.slice(start, end.index);
      this.#rest = "";
      start = ends.lastIndex;
      this.#afterReturn = end[0] === "\r" && start === text.length;
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
    this.#rest += text.slice(start);
    this.#check(this.#rest.length);
    return events;
  }

  #line(line: string): SiteEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return undefined;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event = value;
    if (field === "id" && !value.includes("\0")) this.#lastId = value;
    if (field === "data") {
      this.#data.push(value);
      this.#chars += value.length + 1;
      this.#check(0);
    }
    return undefined;
  }

  #dispatch(): SiteEvent | undefined {
    const data = this.#data;
    const event = this.#event || "message";
    this.#data = [];
    this.#event = "";
    this.#chars = 0;
    if (data.length === 0) return undefined;
    return {
      event,
      data: data.join("\n"),
      ...(this.#lastId === undefined ? {} : { id: this.#lastId }),
    };
  }

  #check(waiting: number): void {
    if (this.#chars + waiting > MAX_EVENT_CHARS) {
      throw new RangeError(
        `Cannot read the event stream: an event is longer than ${MAX_EVENT_CHARS} characters`,
      );
    }
  }
}
