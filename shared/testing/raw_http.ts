const encoder = new TextEncoder();
const decoder = new TextDecoder();
const READ_LIMIT_MS = 20_000;

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Lower-case names; what came twice is joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A TCP connection that says exactly what a test tells it to. */
export class RawConnection implements Disposable {
  readonly #conn: Deno.Conn;
  #bytes = new Uint8Array();

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  static async open(
    port: number,
    hostname = "127.0.0.1",
  ): Promise<RawConnection> {
    return new RawConnection(await Deno.connect({ port, hostname }));
  }

  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    for (let at = 0; at < bytes.length;) {
      at += await this.#conn.write(bytes.subarray(at));
    }
  }

  /** Reads one answer; `hasBody: false` for the answer to a HEAD. */
  async answer(options: { readonly hasBody?: boolean } = {}) {
    const head = await this.readUntil("\r\n\r\n");
    const [first = "", ...lines] = head.split("\r\n").filter((it) => it !== "");
    const headers = new Map<string, string>();
    for (const line of lines) {
      const at = line.indexOf(":");
      const name = line.slice(0, at).toLowerCase();
      const value = line.slice(at + 1).trim();
      const other = headers.get(name);
      headers.set(name, other === undefined ? value : `${other}, ${value}`);
    }
    const status = Number(first.split(" ")[1]);
    const answer: RawAnswer = { status, headers, body: "" };
    if (options.hasBody === false || status === 101 || status === 204) {
      return answer;
    }
    if (headers.get("transfer-encoding") === "chunked") return answer;
    const length = Number(headers.get("content-length") ?? 0);
    return { ...answer, body: decoder.decode(await this.read(length)) };
  }

  /** Reads up to and with `mark`. */
  async readUntil(mark: string): Promise<string> {
    while (true) {
      // One byte is one character here, so that the index is one of bytes.
      const at = new TextDecoder("latin1").decode(this.#bytes).indexOf(mark);
      if (at >= 0) return decoder.decode(this.#take(at + mark.length));
      if (!await this.#fill()) {
        const rest = decoder.decode(this.#bytes);
        throw new Error(`The connection ended before "${mark}": "${rest}"`);
      }
    }
  }

  /** Reads `length` bytes. */
  async read(length: number): Promise<Uint8Array> {
    while (this.#bytes.length < length) {
      if (!await this.#fill()) throw new Error("The connection ended early");
    }
    return this.#take(length);
  }

  /** Reads until the other side ends the connection; returns what came. */
  async rest(): Promise<string> {
    try {
      while (await this.#fill());
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
    return decoder.decode(this.#take(this.#bytes.length));
  }

  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch { /* closed by a test, or by the read limit */ }
  }

  #take(length: number): Uint8Array {
    const taken = this.#bytes.slice(0, length);
    this.#bytes = this.#bytes.slice(length);
    return taken;
  }

  async #fill(): Promise<boolean> {
    const chunk = new Uint8Array(65_536);
    const timer = setTimeout(() => this[Symbol.dispose](), READ_LIMIT_MS);
    try {
      const count = await this.#conn.read(chunk);
      if (count === null) return false;
      const grown = new Uint8Array(this.#bytes.length + count);
      grown.set(this.#bytes);
      grown.set(chunk.subarray(0, count), this.#bytes.length);
      this.#bytes = grown;
      return true;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A request line and headers, in order; a header may come twice. */
export interface RawRequest {
  /** Method, target and version. Default `GET /open HTTP/1.1`. */
  readonly line?: string;
  /** Each `name: value`. */
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** Returns a request as it goes over the wire; a body brings its length. */
export function rawRequest(request: RawRequest): string {
  const { line = "GET /open HTTP/1.1", headers = [], body } = request;
  const length = body === undefined
    ? []
    : [`content-length: ${encoder.encode(body).length}`];
  return [line, ...headers, ...length, "", body ?? ""].join("\r\n");
}

/** Sends one request over a connection of its own and reads the answer. */
export async function exchange(
  port: number,
  request: RawRequest,
): Promise<RawAnswer> {
  using connection = await RawConnection.open(port);
  await connection.send(rawRequest(request));
  const hasBody = !(request.line ?? "").startsWith("HEAD");
  return await connection.answer({ hasBody });
}
