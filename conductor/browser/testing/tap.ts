/** Relays connections to another port and keeps what goes through. */
export class Tap implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #target: Deno.ConnectOptions;
  readonly #connections: Deno.TcpConn[] = [];
  readonly #upward: Uint8Array[][] = [];
  readonly #downward: Uint8Array[][] = [];
  readonly #running: Promise<void>[] = [];

  constructor(target: Deno.ConnectOptions) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#running.push(this.#accept());
  }

  get host(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  /** The text frames of every WebSocket that went through, both ways. */
  frames(): string[] {
    return [...this.#upward, ...this.#downward].flatMap((pieces) =>
      textFrames(joined(pieces))
    );
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      this.#running.push(this.#relay(client));
    }
  }

  async #relay(client: Deno.TcpConn): Promise<void> {
    this.#connections.push(client);
    let server: Deno.TcpConn;
    try {
      server = await Deno.connect(this.#target);
    } catch {
      return close(client);
    }
    this.#connections.push(server);
    const up: Uint8Array[] = [];
    const down: Uint8Array[] = [];
    this.#upward.push(up);
    this.#downward.push(down);
    await Promise.all([pump(client, server, up), pump(server, client, down)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) close(connection);
    await Promise.all(this.#running);
  }
}

async function pump(
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  kept: Uint8Array[],
): Promise<void> {
  try {
    for await (const piece of from.readable) {
      kept.push(piece);
      for (let sent = 0; sent < piece.length;) {
        sent += await to.write(piece.subarray(sent));
      }
    }
  } catch {
    // Either end may go at any time.
  }
  close(to);
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, it) => sum + it.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Reads the frames that follow the head of an upgrade; none in plain HTTP. */
function textFrames(bytes: Uint8Array): string[] {
  const head = new TextDecoder("latin1").decode(bytes);
  const upgrade = /\r\nupgrade: websocket\r\n/i.exec(head);
  const start = upgrade === null ? -1 : head.indexOf("\r\n\r\n", upgrade.index);
  if (start < 0) return [];
  const texts: string[] = [];
  const view = new DataView(bytes.buffer);
  let at = start + 4;
  while (at + 2 <= bytes.length) {
    const opcode = view.getUint8(at) & 15;
    const masked = view.getUint8(at + 1) > 127;
    let length = view.getUint8(at + 1) & 127;
    at += 2;
    if (length === 126) {
      length = view.getUint16(at);
      at += 2;
    } else if (length === 127) {
      length = Number(view.getBigUint64(at));
      at += 8;
    }
    const mask = masked ? bytes.slice(at, at + 4) : new Uint8Array(4);
    at += masked ? 4 : 0;
    const payload = bytes.slice(at, at + length);
    at += length;
    if (opcode > 1) continue;
    texts.push(
      new TextDecoder().decode(
        payload.map((byte, i) => byte ^ (mask[i & 3] ?? 0)),
      ),
    );
  }
  return texts;
}
