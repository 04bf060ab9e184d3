import {
  BRIDGE_PURPOSE,
  newNonce,
  proof,
  type ProofKey,
  proofKey,
} from "../../../shared/proof.ts";
import { type ConductorMessage, extensionMessage } from "../contract.ts";
import { proofProtocol, SUBPROTOCOL } from "../extension/sub_protocol.js";
import { tokenProtocol } from "./token_protocol.ts";

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
  /** Without an origin it is presented, as a program may; with one it is proven. */
  readonly token?: string;
  /** What conductor gave at the first connection: without a token this is proven. */
  readonly pairingKey?: string | undefined;
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
  readonly #pairingKey: string | undefined;
  readonly #closed = Promise.withResolvers<CloseEvent>();
  readonly #seen = new Map<string, number>();
  #answer: (message: ConductorMessage) => readonly Said[] = () => [];
  #wake = Promise.withResolvers<void>();

  private constructor(
    socket: WebSocket,
    { clientId, pairingKey }: ScriptOptions & { readonly clientId: string },
  ) {
    this.#socket = socket;
    this.clientId = clientId;
    this.#pairingKey = pairingKey;
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
    const key = provenKey(options);
    const presented = key === undefined && token !== undefined;
    const socket = new WebSocket(url, {
      protocols: [
        SUBPROTOCOL,
        ...(presented ? [tokenProtocol(token)] : []),
        ...(key === undefined ? [] : [await proven(origin, { clientId, key })]),
      ],
      ...(options.origin !== undefined && {
        headers: { origin: options.origin },
      }),
    });
    const client = new ScriptedClient(socket, { ...options, clientId });
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener(
        "error",
        () => reject(new Error("Cannot open the bridge: it was refused")),
      );
    });
    return client;
  }

  /** Opens a socket, says hello, waits for the welcome, and says what it is. */
  static async connect(
    origin: string,
    options: ScriptOptions = {},
  ): Promise<ScriptedClient> {
    const client = await ScriptedClient.open(origin, options);
    client.hello();
    const ack = await client.next("hello_ack");
    if (!ack.ok) throw new Error(`Cannot connect: ${ack.message}`);
    client.say({
      type: "client_info",
      extensionVersion: "0.0.0",
      browser: { name: "scripted", version: "0" },
      platform: { os: "none" },
      capabilities: ["api_request", "sse", "containers"],
    });
    return client;
  }

  /** Resolves with how the socket was closed. */
  get closed(): Promise<CloseEvent> {
    return this.#closed.promise;
  }

  hello(): void {
    this.say({ type: "hello", protocol: 1, clientId: this.clientId });
  }

  /** The key that it was given, as a profile remembers it. */
  get pairingKey(): string | undefined {
    return this.received.flatMap((it) =>
      it.type === "hello_ack" && it.ok ? it.pairingKey ?? [] : []
    )[0] ?? this.#pairingKey;
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

/** What a client proves: the token in place of a browser, or what it was paired with. */
function provenKey(options: ScriptOptions): ProofKey | undefined {
  const { origin, pairingKey, token } = options;
  if (token !== undefined) {
    return origin === undefined ? undefined : proofKey(BRIDGE_PURPOSE, token);
  }
  return pairingKey === undefined
    ? undefined
    : Uint8Array.fromBase64(pairingKey, { alphabet: "base64url" });
}

/** Asks for a nonce, and returns the sub-protocol that carries the proof. */
async function proven(
  conductor: string,
  { clientId, key }: { readonly clientId: string; readonly key: ProofKey },
): Promise<string> {
  const clientNonce = newNonce();
  const url = new URL("/v1/browser/challenge", conductor);
  url.searchParams.set("client_nonce", clientNonce);
  const { data } = await (await fetch(url)).json();
  const mac = proof(key, {
    role: "client",
    authority: url.host,
    nonces: [clientNonce, data.nonce],
  });
  return proofProtocol({ clientId, clientNonce, mac });
}
