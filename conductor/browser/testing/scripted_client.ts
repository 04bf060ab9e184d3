import { type ConductorMessage, extensionMessage } from "../contract.ts";
import { SUBPROTOCOL, tokenProtocol } from "../extension/sub_protocol.js";

type MessageOf<T extends ConductorMessage["type"]> = Extract<
  ConductorMessage,
  { readonly type: T }
>;

/** A message as a script writes it; the contract is checked when it is said. */
export type Said = Readonly<Record<string, unknown>> & {
  readonly type: string;
};

export interface ScriptOptions {
  readonly clientId?: string;
  readonly token?: string;
  /** `Origin` of the upgrade; none: a local program. */
  readonly origin?: string;
}

/**
 * A browser's end of the bridge without a browser: it says what a script lets
 * it say. It answers pings by itself.
 */
export class ScriptedClient implements AsyncDisposable {
  readonly clientId: string;
  readonly received: ConductorMessage[] = [];
  readonly #socket: WebSocket;
  readonly #closed = Promise.withResolvers<CloseEvent>();
  readonly #seen = new Map<string, number>();
  #answer: (message: ConductorMessage) => readonly Said[] = () => [];
  #wake = Promise.withResolvers<void>();

  private constructor(socket: WebSocket, clientId: string) {
    this.#socket = socket;
    this.clientId = clientId;
    socket.addEventListener("message", ({ data }) => this.#take(data));
    socket.addEventListener("error", (event) => event.preventDefault());
    socket.addEventListener("close", (event) => {
      this.#closed.resolve(event);
      this.#wake.resolve();
    });
  }

  /** Opens a socket to the conductor at `origin`; says nothing yet. */
  static async open(
    origin: string,
    options: ScriptOptions = {},
  ): Promise<ScriptedClient> {
    const url = new URL("/ws/firefox", origin);
    url.protocol = url.protocol.replace("http", "ws");
    const { clientId = "scripted-1", token } = options;
    const socket = new WebSocket(url, {
      protocols: [
        SUBPROTOCOL,
        ...(token === undefined ? [] : [tokenProtocol(token)]),
      ],
      ...(options.origin !== undefined && {
        headers: { origin: options.origin },
      }),
    });
    const client = new ScriptedClient(socket, clientId);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener(
        "error",
        () => reject(new Error("Cannot open the bridge: it was refused")),
      );
    });
    return client;
  }

  /** Opens a socket, says hello, and waits for the welcome. */
  static async connect(
    origin: string,
    options: ScriptOptions = {},
  ): Promise<ScriptedClient> {
    const client = await ScriptedClient.open(origin, options);
    client.hello();
    const ack = await client.next("hello_ack");
    if (!ack.ok) throw new Error(`Cannot connect: ${ack.message}`);
    return client;
  }

  /** Resolves with how the socket was closed. */
  get closed(): Promise<CloseEvent> {
    return this.#closed.promise;
  }

  hello(fields: Readonly<Record<string, unknown>> = {}): void {
    this.say({
      type: "hello",
      protocol: 1,
      clientId: this.clientId,
      extensionVersion: "0.0.0",
      browser: { name: "scripted", version: "0" },
      platform: { os: "none" },
      capabilities: ["api_request", "sse"],
      ...fields,
    });
  }

  /** Sends what the contract allows. */
  say(message: Said): void {
    extensionMessage.parse(message);
    this.frame(JSON.stringify(message));
  }

  /** Sends a frame, whatever is in it. */
  frame(data: string | ArrayBuffer): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(data);
  }

  /** Answers every message from now on with what `script` returns. */
  answerWith(script: (message: ConductorMessage) => readonly Said[]): void {
    this.#answer = script;
  }

  /** Waits for the next message of a type; each is given once. */
  async next<T extends ConductorMessage["type"]>(
    type: T,
  ): Promise<MessageOf<T>> {
    while (true) {
      const seen = this.#seen.get(type) ?? 0;
      const all = this.received.filter((it) => it.type === type);
      const message = all[seen];
      if (message !== undefined) {
        this.#seen.set(type, seen + 1);
        return message as MessageOf<T>;
      }
      if (this.#socket.readyState >= WebSocket.CLOSING) {
        throw new Error(`Cannot wait for "${type}": the socket is closed`);
      }
      await this.#wake.promise;
    }
  }

  close(): void {
    this.#socket.close(1000, "done");
  }

  #take(data: unknown): void {
    const message = JSON.parse(String(data)) as ConductorMessage;
    if (message.type === "ping") return this.say({ type: "pong" });
    this.received.push(message);
    for (const said of this.#answer(message)) this.say(said);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.readyState < WebSocket.CLOSING) this.close();
    await this.closed;
  }
}
