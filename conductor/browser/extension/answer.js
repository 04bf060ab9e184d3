import { CodedError } from "./error_log.js";
import { joinBytes } from "./join_bytes.js";

/*
 * How a response travels to conductor: in one message when it is small, in
 * pieces when it is not, or as a stream of text. What waits is bounded: each
 * piece is only done when the socket has room for the next.
 */

/**
 * Returns what carries the response of `message` over `link`.
 * @param {Pick<ApiRequest, "id" | "responseMode">} message
 * @param {AnswerPort} link
 * @returns {Answer}
 */
export function answerTo({ id, responseMode }, link) {
  return responseMode === "sse"
    ? new StreamAnswer({ id, link })
    : new BufferedAnswer({ id, link });
}

class BufferedAnswer {
  #parts;
  /** @type {ResponseHead | undefined} */
  #head;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #held = [];
  #heldBytes = 0;
  #bytes = 0;
  #seq = 0;

  /** @param {AnswerParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** @param {ResponseHead} head */
  head(head) {
    this.#head = head;
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  async piece(bytes) {
    this.#bytes += bytes.length;
    const { chunkBytes, maxResponseBytes } = this.#parts.link.limits;
    if (this.#bytes > maxResponseBytes) {
      throw new CodedError(
        "body_too_large",
        `the response is larger than ${maxResponseBytes} bytes`,
      );
    }
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    while (this.#heldBytes > chunkBytes) await this.#chunk(chunkBytes, false);
  }

  async end() {
    if (this.#seq > 0) return await this.#chunk(this.#heldBytes, true);
    const { id, link } = this.#parts;
    const bodyBase64 = joinBytes(this.#held).toBase64();
    link.send({ type: "api_response", id, ...this.#head, bodyBase64 });
  }

  /** @param {Failure} error */
  fail(error) {
    this.#parts.link.send({ type: "api_response", id: this.#parts.id, error });
  }

  /** @type {(size: number, last: boolean) => Promise<void>} */
  async #chunk(size, last) {
    const { id, link } = this.#parts;
    if (this.#seq === 0) {
      link.send({ type: "api_response", id, ...this.#head, chunked: true });
    }
    const held = joinBytes(this.#held);
    this.#held = [held.subarray(size)];
    this.#heldBytes -= size;
    const data = held.subarray(0, size).toBase64();
    link.send({ type: "body_chunk", id, seq: this.#seq, last, data });
    this.#seq += 1;
    await link.room();
  }
}

class StreamAnswer {
  #parts;
  #decoder = new TextDecoder();
  #charset = "utf-8";
  #seq = 0;

  /** @param {AnswerParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** @param {ResponseHead} head says what text is to come */
  head(head) {
    const type = head.headers["content-type"] ?? "";
    const named = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(type)?.[1];
    // An event stream is UTF-8, whatever is wrong with it.
    const fatal = !/^text\/event-stream\b/i.test(type);
    if (fatal && named !== undefined) this.#charset = named;
    try {
      this.#decoder = new TextDecoder(this.#charset, { fatal });
    } catch {
      this.#decoder = new TextDecoder("utf-8", { fatal });
    }
    this.#parts.link.send({ type: "stream_open", id: this.#parts.id, ...head });
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  async piece(bytes) {
    await this.#text(this.#decode(bytes));
  }

  async end() {
    await this.#text(this.#decode());
    this.#parts.link.send({ type: "stream_end", id: this.#parts.id });
  }

  /** @param {Failure} failure */
  fail(failure) {
    const { id, link } = this.#parts;
    link.send({ type: "stream_error", id, ...failure });
  }

  /** @param {Uint8Array<ArrayBuffer>} [bytes] */
  #decode(bytes) {
    try {
      return this.#decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      throw new CodedError(
        "binary_body",
        `the response is no ${this.#charset} text: ask for it with response_mode "buffered"`,
      );
    }
  }

  /** @param {string} text */
  async #text(text) {
    const { id, link } = this.#parts;
    const { chunkBytes } = link.limits;
    for (let at = 0; at < text.length; at += chunkBytes) {
      const chunk = text.slice(at, at + chunkBytes);
      link.send({ type: "stream_event", id, seq: this.#seq, chunk });
      this.#seq += 1;
      await link.room();
    }
  }
}
