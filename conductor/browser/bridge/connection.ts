import {
  type ConductorMessage,
  conductorMessage,
  type ExtensionMessage,
  extensionMessage,
  type FromExtension,
} from "../contract.ts";
import { BROWSER_LIMITS } from "../limits.ts";
import type { Clock, Timer } from "../../../shared/clock.ts";
import {
  CLOSE,
  JsonSocket,
  type SocketPort,
} from "../../../shared/http/mod.ts";
import type { Logger } from "../../../shared/log.ts";
import { browserLost } from "../failures.ts";
import type { Admitted } from "./door.ts";
import { TokenBucket } from "./token_bucket.ts";

/** How long a new socket may stay silent. */
const HELLO_MS = 5_000;

/** Frames that a client may get wrong before it is let go. */
const MAX_MISTAKES = 20;

/** How long a full socket may stay full. */
const STALL_MS = 10_000;

const { goingAway, policy, tooBig, slowConsumer } = CLOSE;

/** Why conductor closes a browser's socket. */
export const BRIDGE_CLOSE = {
  goingAway,
  policy,
  tooBig,
  slowConsumer,
  badHello: 4400,
  notPaired: 4403,
  noHello: 4408,
  replaced: 4409,
} as const;

/** Messages that answer nothing: their rate is limited. */
const CHATTER: ReadonlySet<string> = new Set<ExtensionMessage["type"]>([
  "client_info",
  "tabs",
  "credentials",
  "api_endpoints",
  "action_request",
  "client_log",
]);

export type Hello = FromExtension<"hello">;
export type HelloAck = Extract<ConductorMessage, { type: "hello_ack" }>;

/** One socket of one browser: its greeting, its heartbeat, its limits. */
export class Connection {
  readonly id: string;
  readonly admitted: Admitted;
  /** When it was made, in milliseconds since the epoch. */
  readonly openedAt: number;
  readonly #socket: JsonSocket<ExtensionMessage>;
  readonly #options: ConnectionOptions;
  readonly #log: Logger;
  readonly #chatter: TokenBucket;
  readonly #ended = new AbortController();
  #state: "greeting" | "open" | "closed" = "greeting";
  #hello: Hello | undefined;
  #knowsContainers = false;
  #heardAt: number;
  #mistakes = 0;
  #timers: Timer[] = [];

  constructor(socket: SocketPort, options: ConnectionOptions) {
    const { clock } = options;
    this.id = options.id;
    this.admitted = options.admitted;
    this.openedAt = clock.now();
    this.#options = options;
    this.#log = options.log.child({ connection_id: options.id });
    this.#chatter = new TokenBucket(clock, { burst: 200, perSecond: 20 });
    this.#heardAt = clock.monotonic();
    this.#socket = new JsonSocket(socket, {
      schema: extensionMessage,
      log: this.#log,
      maxMessageChars: BROWSER_LIMITS.maxMessageChars,
      maxBufferedBytes: 2 * BROWSER_LIMITS.highWaterBytes,
      onMessage: (message) => this.#receive(message),
      onInvalid: (reason) => this.#mistake("INVALID_MESSAGE", reason),
      onClose: () => this.#end(),
    });
    this.#later(HELLO_MS, () =>
      this.#refuse(refusal(
        "no_hello",
        `Cannot stay connected: no hello came within ${HELLO_MS} ms`,
      )));
  }

  /** What the client said of itself. Only a greeted connection is handed out. */
  get hello(): Hello {
    if (this.#hello === undefined) throw new Error("Cannot tell: no hello yet");
    return this.#hello;
  }

  get clientId(): string {
    return this.hello.clientId;
  }

  /** Whether the extension sends a request from the container that is asked for. */
  get knowsContainers(): boolean {
    return this.#knowsContainers;
  }

  /** Milliseconds since anything was heard. */
  get silentMs(): number {
    return this.#options.clock.monotonic() - this.#heardAt;
  }

  /** Aborts when the connection is over; its reason is for those who wait. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Sends; false when the client is gone, or is let go because it does not read. */
  send(message: ConductorMessage): boolean {
    return this.#socket.send(conductorMessage.parse(message));
  }

  /** Resolves once there is room for more: true; false when there is none for too long. */
  room(): Promise<boolean> {
    return this.#socket.room({
      maxBytes: BROWSER_LIMITS.highWaterBytes,
      stallMs: STALL_MS,
      clock: this.#options.clock,
    });
  }

  /** Closes, and ends at once whatever waits for the client. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  #receive(message: ExtensionMessage): void {
    this.#heardAt = this.#options.clock.monotonic();
    if (this.#state === "greeting") return this.#greet(message);
    if (message.type === "hello") {
      return this.#mistake("UNEXPECTED_HELLO", "hello was already said");
    }
    if (CHATTER.has(message.type) && !this.#chatter.take()) {
      return this.#mistake("TOO_MANY_MESSAGES", `"${message.type}" is dropped`);
    }
    if (message.type === "client_info") {
      this.#knowsContainers = message.capabilities.includes("containers");
    }
    this.#options.hooks.receive(this, message);
  }

  #greet(message: ExtensionMessage): void {
    if (message.type !== "hello") {
      const why = `Cannot greet: the first message was "${message.type}"`;
      return this.#refuse(refusal("bad_hello", why));
    }
    this.#hello = message;
    const answer = this.#options.hooks.greet(this, message);
    if (!answer.ok) return this.#refuse(answer);
    this.#cancelTimers();
    this.#state = "open";
    if (!this.send(answer)) return;
    this.#beat();
    this.#watch(2 * this.#options.heartbeatMs);
    this.#options.hooks.opened(this);
  }

  /** Answers a frame that cannot be used; too many of them end the connection. */
  #mistake(code: string, message: string): void {
    this.#heardAt = this.#options.clock.monotonic();
    if (this.#state === "greeting") {
      return this.#refuse(refusal("bad_hello", `Cannot greet: ${message}`));
    }
    this.#mistakes += 1;
    if (this.#mistakes > MAX_MISTAKES) {
      this.#log.warn("A browser sent too many unusable messages", { code });
      return this.close(BRIDGE_CLOSE.policy, "too many unusable messages");
    }
    this.send({ type: "error", code, message: message.slice(0, 1000) });
  }

  #refuse(answer: HelloAck & { readonly ok: false }): void {
    this.#log.warn("Refused a browser", {
      reason: answer.reason,
      origin: this.admitted.origin,
    });
    this.send(answer);
    this.close(answer.closeCode, answer.reason);
  }

  #beat(): void {
    this.#later(this.#options.heartbeatMs, () => {
      this.send({ type: "ping" });
      this.#beat();
    });
  }

  /** Ends the connection once nothing was heard for two heartbeats. */
  #watch(ms: number): void {
    this.#later(ms, () => {
      const left = 2 * this.#options.heartbeatMs - this.silentMs;
      if (left > 0) return this.#watch(left);
      this.#log.warn("Lost a browser: two heartbeats were missed");
      this.close(BRIDGE_CLOSE.goingAway, "no heartbeat");
    });
  }

  #later(ms: number, action: () => void): void {
    if (this.#state === "closed") return;
    const timer = this.#options.clock.after(ms, () => {
      this.#timers = this.#timers.filter((it) => it !== timer);
      action();
    });
    this.#timers.push(timer);
  }

  #cancelTimers(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }

  #end(): void {
    const wasOpen = this.#state === "open";
    this.#state = "closed";
    this.#cancelTimers();
    this.#ended.abort(browserLost());
    this.#options.hooks.gone(this, wasOpen);
  }
}

/** Who listens to a connection. */
interface ConnectionHooks {
  /** Judges a hello: what to answer. A refusal also closes the socket. */
  greet(connection: Connection, hello: Hello): HelloAck;
  /** Runs once the welcome is on its way. */
  opened(connection: Connection): void;
  receive(connection: Connection, message: ExtensionMessage): void;
  /** Runs once, however the connection ended; `opened`: whether it was greeted. */
  gone(connection: Connection, opened: boolean): void;
}

interface ConnectionOptions {
  readonly id: string;
  readonly admitted: Admitted;
  readonly heartbeatMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly hooks: ConnectionHooks;
}

const REFUSALS = {
  bad_hello: BRIDGE_CLOSE.badHello,
  not_paired: BRIDGE_CLOSE.notPaired,
  no_hello: BRIDGE_CLOSE.noHello,
} as const;

/** What turns a browser away. */
export function refusal(
  reason: keyof typeof REFUSALS,
  message: string,
): HelloAck & { readonly ok: false } {
  return {
    type: "hello_ack",
    ok: false,
    reason,
    message: message.slice(0, 1000),
    closeCode: REFUSALS[reason],
  };
}
