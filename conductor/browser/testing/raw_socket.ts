/** One frame as it goes over the wire. */
export interface RawFrame {
  /** 0 continuation, 1 text, 2 binary, 8 close, 9 ping. */
  readonly opcode: number;
  readonly last: boolean;
  readonly payload: Uint8Array;
}

/** A WebSocket client without manners: it sends frames as it is told, and need not read. */
export class RawSocket implements Disposable {
  readonly #connection: Deno.TcpConn;
  /** The status line of the upgrade's answer. */
  readonly status: string;

  private constructor(connection: Deno.TcpConn, status: string) {
    this.#connection = connection;
    this.status = status;
  }

  /** Sends an upgrade with further header lines; reads the head of the answer. */
  static async open(
    origin: string,
    lines: readonly string[] = [],
  ): Promise<RawSocket> {
    const { hostname, port, host } = new URL(origin);
    const connection = await Deno.connect({ hostname, port: Number(port) });
    const head = [
      "GET /ws/firefox HTTP/1.1",
      `Host: ${host}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      ...lines,
      "",
      "",
    ].join("\r\n");
    await connection.write(new TextEncoder().encode(head));
    const piece = new Uint8Array(65_536);
    const count = await connection.read(piece) ?? 0;
    const answer = new TextDecoder().decode(piece.subarray(0, count));
    return new RawSocket(connection, answer.split("\r\n")[0] ?? "");
  }

  text(text: string): Promise<void> {
    return this.send({
      opcode: 1,
      last: true,
      payload: new TextEncoder().encode(text),
    });
  }

  /** Sends a frame, masked with zeros. Resolves when the kernel has taken it. */
  async send({ opcode, last, payload }: RawFrame): Promise<void> {
    const { length } = payload;
    const head = length < 126
      ? [0x80 | length]
      : length < 65_536
      ? [0xfe, length >> 8, length & 255]
      : [
        0xff,
        0,
        0,
        0,
        0,
        length >>> 24,
        (length >> 16) & 255,
        (length >> 8) & 255,
        length & 255,
      ];
    const frame = new Uint8Array([
      (last ? 0x80 : 0) | opcode,
      ...head,
      0,
      0,
      0,
      0,
    ]);
    await this.#write(frame);
    await this.#write(payload);
  }

  /** Reads until the other side ends the connection. */
  async ended(): Promise<void> {
    const piece = new Uint8Array(65_536);
    try {
      while (await this.#connection.read(piece) !== null);
    } catch {
      // A reset is an end, too.
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let sent = 0;
    while (sent < bytes.length) {
      sent += await this.#connection.write(bytes.subarray(sent));
    }
  }

  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch {
      // Closed already.
    }
  }
}
