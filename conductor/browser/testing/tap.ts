/**
 * Relays connections and keeps what goes through: as a SOCKS proxy, which the
 * two ends do not see, or to one target, whose address it does not have.
 */
export class Tap implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #options: TapOptions;
  readonly #connections: Deno.TcpConn[] = [];
  readonly #upward: Uint8Array[][] = [];
  readonly #downward: Uint8Array[][] = [];
  readonly #running: Promise<void>[] = [];

  constructor(options: TapOptions = {}) {
    this.#options = options;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#running.push(this.#accept());
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** All that went through, both ways, as text. */
  get text(): string {
    return [...this.#upward, ...this.#downward].map((pieces) =>
      new TextDecoder("latin1").decode(joined(pieces))
    ).join("\n");
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
    const { rewrite = (piece) => piece } = this.#options;
    let server: Deno.TcpConn;
    try {
      const target = this.#options.target ?? await socksTarget(client);
      server = await Deno.connect(target);
      if (this.#options.target === undefined) await client.write(SOCKS_OPEN);
    } catch {
      return close(client);
    }
    this.#connections.push(server);
    const up: Uint8Array[] = [];
    const down: Uint8Array[] = [];
    this.#upward.push(up);
    this.#downward.push(down);
    await Promise.all([
      pump(client, server, (piece) => {
        const sent = rewrite(piece);
        up.push(sent);
        return sent;
      }),
      pump(server, client, (piece) => {
        down.push(piece);
        return piece;
      }),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) close(connection);
    await Promise.all(this.#running);
  }
}

interface TapOptions {
  /** Default: whatever the client asks the proxy for. */
  readonly target?: Deno.ConnectOptions;
  /** Changes what the client sends. */
  readonly rewrite?: (piece: Uint8Array) => Uint8Array;
}

/** Says yes to a SOCKS 5 request (RFC 1928). */
const SOCKS_OPEN = new Uint8Array([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);

/** Reads what a SOCKS 5 client asks for: an IPv4 address, or a name. */
async function socksTarget(client: Deno.TcpConn): Promise<Deno.ConnectOptions> {
  const [, methods = 0] = await take(client, 2);
  await take(client, methods);
  await client.write(new Uint8Array([5, 0]));
  const [, , , type] = await take(client, 4);
  const length = type === 1 ? 4 : (await take(client, 1))[0] ?? 0;
  const address = await take(client, length);
  const hostname = type === 1
    ? address.join(".")
    : new TextDecoder().decode(address);
  const [high = 0, low = 0] = await take(client, 2);
  return { hostname, port: high * 256 + low };
}

async function take(client: Deno.TcpConn, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const read = await client.read(bytes.subarray(at));
    if (read === null) throw new Error("Cannot read: the client has gone");
    at += read;
  }
  return bytes;
}

async function pump(
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  passed: (piece: Uint8Array) => Uint8Array,
): Promise<void> {
  try {
    for await (const read of from.readable) {
      const piece = passed(read);
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
