/** One answer of Firefox: `[1, id, error, result]`. */
type Answer = readonly [
  1,
  number,
  { readonly message: string } | null,
  unknown,
];

/**
 * Firefox's own remote control: length-prefixed JSON over TCP. It needs no
 * driver program, and can install an unsigned add-on for the session.
 */
export class Marionette implements AsyncDisposable {
  readonly #connection: Deno.TcpConn;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #reading: Promise<void>;
  #lastId = 0;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    this.#reading = this.#read();
  }

  /** Connects and opens a session. */
  static async connect(port: number): Promise<Marionette> {
    const marionette = new Marionette(
      await Deno.connect({ hostname: "127.0.0.1", port }),
    );
    await marionette.send("WebDriver:NewSession", {});
    return marionette;
  }

  async send(
    name: string,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    const text = JSON.stringify([0, id, name, parameters]);
    const bytes = new TextEncoder().encode(text);
    const frame = new Uint8Array([
      ...new TextEncoder().encode(`${bytes.length}:`),
      ...bytes,
    ]);
    let sent = 0;
    while (sent < frame.length) {
      sent += await this.#connection.write(frame.subarray(sent));
    }
    return answer.promise;
  }

  async #read(): Promise<void> {
    let buffer = new Uint8Array();
    const piece = new Uint8Array(65_536);
    try {
      while (true) {
        const count = await this.#connection.read(piece);
        if (count === null) break;
        const joined = new Uint8Array(buffer.length + count);
        joined.set(buffer);
        joined.set(piece.subarray(0, count), buffer.length);
        buffer = this.#takeAnswers(joined);
      }
    } catch {
      // The connection was closed under the read: the same as its end.
    }
    for (const { reject } of this.#waiting.values()) {
      reject(new Error("Cannot hear Firefox: the connection ended"));
    }
    this.#waiting.clear();
  }

  /** Settles what is answered in `bytes`; returns what is left of them. */
  #takeAnswers(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    while (true) {
      const colon = bytes.indexOf(":".charCodeAt(0));
      if (colon < 0) return bytes;
      const length = Number(new TextDecoder().decode(bytes.subarray(0, colon)));
      const end = colon + 1 + length;
      if (bytes.length < end) return bytes;
      const text = new TextDecoder().decode(bytes.subarray(colon + 1, end));
      bytes = bytes.slice(end);
      const message: unknown = JSON.parse(text);
      // The greeting is an object; every answer is an array.
      if (Array.isArray(message)) this.#settle(message as unknown as Answer);
    }
  }

  #settle([, id, error, result]: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === null) waiting?.resolve(result);
    else waiting?.reject(new Error(error.message));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#connection.close();
    } catch {
      // Firefox was quicker.
    }
    await this.#reading;
  }
}
