/*
 * How a response travels to conductor: in one message when it is small, in
 * pieces when it is not, or as a stream of text. What waits is bounded: each
 * piece is only done when the socket has room for the next.
 */

/** A failure that conductor is told by its code. */
export class RequestFailure extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message = "") {
    super(message);
    this.code = code;
  }
}

/**
 * Returns what carries the response of `message` over `link`.
 * @param {Pick<ApiRequest, "id" | "responseMode">} message
 * @param {AnswerPort} link
 * @param {AnswerLimits} limits
 * @returns {Answer}
 */
export function answerTo({ id, responseMode }, link, limits) {
  const parts = { id, link, limits };
  return responseMode === "sse"
    ? new StreamAnswer(parts)
    : new BufferedAnswer(parts);
}

class BufferedAnswer {
  #parts;
  /** @type {ResponseHead | undefined} */
  #head;
  /** @type {Uint8Array[]} */
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

  /** @param {Uint8Array} bytes */
  async piece(bytes) {
    this.#bytes += bytes.length;
    const { chunkBytes, maxResponseBytes } = this.#parts.limits;
    if (this.#bytes > maxResponseBytes) {
      throw new RequestFailure(
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
    this.#parts.link.send({
      type: "api_response",
      id: this.#parts.id,
      ...this.#head,
      bodyBase64: this.#take(this.#heldBytes).toBase64(),
    });
  }

  /** @type {(code: string, message: string) => void} */
  fail(code, message) {
    const error = { code, message };
    this.#parts.link.send({ type: "api_response", id: this.#parts.id, error });
  }

  /** @type {(size: number, last: boolean) => Promise<void>} */
  async #chunk(size, last) {
    if (this.#seq === 0) {
      this.#parts.link.send({
        type: "api_response",
        id: this.#parts.id,
        ...this.#head,
        chunked: true,
      });
    }
    this.#parts.link.send({
      type: "body_chunk",
      id: this.#parts.id,
      seq: this.#seq,
      last,
      data: this.#take(size).toBase64(),
    });
    this.#seq += 1;
    await this.#parts.link.room();
  }

  /**
   * Takes the first `size` of the bytes that are held.
   * @param {number} size
   */
  #take(size) {
    const bytes = new Uint8Array(size);
    let at = 0;
    while (at < size) {
      const first = this.#held.shift();
      if (first === undefined) throw new Error("Cannot take what is not held");
      const part = first.subarray(0, size - at);
      bytes.set(part, at);
      at += part.length;
      if (part.length < first.length) {
        this.#held.unshift(first.subarray(part.length));
      }
    }
    this.#heldBytes -= size;
    return bytes;
  }
}

class StreamAnswer {
  #parts;
  #decoder = new TextDecoder();
  #seq = 0;

  /** @param {AnswerParts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** @param {ResponseHead} head */
  head(head) {
    this.#parts.link.send({ type: "stream_open", id: this.#parts.id, ...head });
  }

  /** @param {Uint8Array} bytes */
  piece(bytes) {
    return this.#text(this.#decoder.decode(bytes, { stream: true }));
  }

  async end() {
    await this.#text(this.#decoder.decode());
    this.#parts.link.send({ type: "stream_end", id: this.#parts.id });
  }

  /** @type {(code: string, message: string) => void} */
  fail(code, message) {
    this.#parts.link.send({
      type: "stream_error",
      id: this.#parts.id,
      code,
      message,
    });
  }

  /** @param {string} text */
  async #text(text) {
    const { chunkBytes } = this.#parts.limits;
    for (let at = 0; at < text.length; at += chunkBytes) {
      this.#parts.link.send({
        type: "stream_event",
        id: this.#parts.id,
        seq: this.#seq,
        chunk: text.slice(at, at + chunkBytes),
      });
      this.#seq += 1;
      await this.#parts.link.room();
    }
  }
}
