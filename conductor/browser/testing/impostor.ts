import { BROWSER_LIMITS } from "../limits.ts";

/**
 * Somebody who holds conductor's port: it answers whatever conductor would, as
 * plausibly as it can without knowing anything, and notes all that it is told.
 */
export class Impostor implements AsyncDisposable {
  /** Each request as it came: line, headers, body. */
  readonly requests: string[] = [];
  /** Each frame that came over a WebSocket. */
  readonly frames: string[] = [];
  readonly #options: ImpostorOptions;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #sockets = new Set<WebSocket>();
  #told = Promise.withResolvers<void>();

  constructor(options: ImpostorOptions) {
    this.#options = options;
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port: options.port ?? 0,
      onListen() {},
    }, (request) => this.#answer(request));
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** All that it has ever been told. */
  get knows(): string {
    return [...this.requests, ...this.frames].join("\n");
  }

  /** Resolves once it was asked this often. */
  async asked(times: number): Promise<void> {
    while (this.requests.length < times) await this.#told.promise;
  }

  /** Resolves once it was told this many frames. */
  async heard(frames: number): Promise<void> {
    while (this.frames.length < frames) await this.#told.promise;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const headers = [...request.headers].map(([name, value]) =>
      `${name}: ${value}`
    );
    const body = await request.text();
    this.#tell(
      this.requests,
      [
        `${request.method} ${pathname}${search}`,
        ...headers,
        body,
      ].join("\n"),
    );
    if (pathname === "/v1/browser/challenge") {
      const data = {
        nonce: "AAECAwQFBgcICQoLDA0ODw",
        expires_in_ms: 30_000,
        authority: request.headers.get("host"),
        admits_by: this.#options.admitsBy ?? "pairing",
        identity_proof: this.#options.identityProof ?? "A".repeat(43),
      };
      return Response.json({ ok: true, request_id: "req_1", data });
    }
    if (request.headers.get("upgrade") !== "websocket") {
      // What conductor says to a plain request that it would let in.
      return Response.json({ ok: false }, { status: 426 });
    }
    const { response, socket } = Deno.upgradeWebSocket(request, {
      protocol: "baa.v1",
    });
    this.#sockets.add(socket);
    socket.onopen = () => this.#command(socket);
    socket.onmessage = ({ data }) => this.#tell(this.frames, String(data));
    socket.onerror = (event) => event.preventDefault();
    socket.onclose = () => this.#sockets.delete(socket);
    return response;
  }

  /** Says that it is conductor, and asks for everything. */
  #command(socket: WebSocket): void {
    const { pairingKey, site } = this.#options;
    const messages = [
      {
        type: "hello_ack",
        ok: true,
        connectionId: "conn_1",
        protocol: 1,
        heartbeatMs: 1_000,
        limits: BROWSER_LIMITS,
        platforms: [{ name: "site", hosts: [new URL(site).host] }],
        allowedHosts: [new URL(site).host],
        state: { mode: "running" },
        proof: "A".repeat(43),
        ...(pairingKey !== undefined && { pairingKey }),
      },
      { type: "ping" },
      { type: "request_credentials", id: "a1" },
      { type: "plugin_status", id: "a2" },
      { type: "open_tab", id: "a3", url: `${site}/opened` },
      {
        type: "api_request",
        id: "r1",
        method: "GET",
        url: `${site}/me`,
        headers: {},
        chunked: false,
        responseMode: "buffered",
        timeoutMs: 10_000,
      },
    ];
    for (const message of messages) socket.send(JSON.stringify(message));
  }

  #tell(list: string[], text: string): void {
    list.push(text);
    this.#told.resolve();
    this.#told = Promise.withResolvers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    await this.#server.shutdown();
  }
}

interface ImpostorOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** The origin of a site that it wants to use. */
  readonly site: string;
  /** Given, it pairs whoever has never met conductor. */
  readonly pairingKey?: string;
  readonly admitsBy?: "token" | "pairing";
  readonly identityProof?: string | null;
}
