/** A receiver of notifications on loopback, which answers as a test says. */
export class Receiver implements AsyncDisposable {
  /** What came, whatever was answered. */
  readonly received: Received[] = [];
  /** How it answers; by default it takes everything. */
  answer: (received: Received) => Response | Promise<Response> = () =>
    new Response(null, { status: 204 });
  readonly #port: number;
  #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(port = 0) {
    this.#server = this.#listen(port);
    this.#port = this.#server.addr.port;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#port}/hook`);
  }

  get ids(): string[] {
    return this.received.map(({ id }) => id);
  }

  /** Refuses connections until {@linkcode comeBack}. */
  async goAway(): Promise<void> {
    await this.#server.shutdown();
  }

  comeBack(): void {
    this.#server = this.#listen(this.#port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  #listen(port: number) {
    return Deno.serve(
      { hostname: "127.0.0.1", port, onListen() {} },
      async (request) => {
        const body = await request.text();
        const received = { request, body, ...readBody(body, request) };
        this.received.push(received);
        return await this.answer(received);
      },
    );
  }
}

/** One that came. */
export interface Received {
  readonly request: Request;
  readonly body: string;
  readonly id: string;
  readonly json: Readonly<Record<string, string>>;
}

function readBody(body: string, { headers }: Request) {
  const id = headers.get("x-baa-notification-id");
  if (id !== null) return { id, json: {} };
  const json = JSON.parse(body);
  return { id: String(json.id), json };
}
