import type { Clock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log.ts";
import { PendingCalls } from "../../shared/pending.ts";
import type {
  RpcFailure,
  RpcId,
  RpcMessage,
  RpcNotification,
  RpcRequest,
} from "./rpc_message.ts";
import type { LineTransport } from "./line_transport.ts";

/** Standard code for a method that the callee does not have. */
export const METHOD_NOT_FOUND = -32601;

const OUTPUT_CLOSED = new Error("the other side closed its output");

/**
 * Calls and notifications over a transport. When the other side goes, whatever
 * the way, every call that waits fails at once with the reason.
 */
export class RpcConnection {
  readonly #transport: LineTransport;
  readonly #options: ConnectionOptions;
  readonly #calls: PendingCalls<RpcId, RpcMessage>;
  readonly #queue: (() => void)[] = [];
  readonly #closed = Promise.withResolvers<Error>();
  #lastId = 0;
  #inFlight = 0;
  #gone: Error | undefined;

  constructor(transport: LineTransport, options: ConnectionOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#calls = new PendingCalls(options.clock);
  }

  /** Resolves with the reason when the connection has ended. */
  get closed(): Promise<Error> {
    return this.#closed.promise;
  }

  /** Reads until the other side ends, or `signal` aborts. */
  async run(signal?: AbortSignal): Promise<void> {
    try {
      for await (const batch of this.#transport.receive(signal)) {
        this.#dispatch(batch);
      }
      this.close(await this.#options.endReason?.() ?? OUTPUT_CLOSED);
    } catch (error) {
      this.close(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /**
   * Calls a method and returns its result.
   * @throws {RpcError} the other side's refusal
   * @throws {RpcTimeout} no answer in time
   * @throws {RpcBusy} too many calls wait already
   * @throws {Error} the reason why the connection ended
   */
  async call(
    method: string,
    params: unknown,
    options: RpcCallOptions = {},
  ): Promise<unknown> {
    await this.#takePlace(method);
    try {
      if (this.#gone !== undefined) throw this.#gone;
      const id = ++this.#lastId;
      const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs ?? 30_000;
      const answer = this.#calls.wait(id, {
        ...options,
        timeoutMs,
        onTimeout: () =>
          new RpcTimeout(`no answer to ${method} within ${timeoutMs} ms`),
      });
      try {
        this.#transport.send({ kind: "request", id, method, params });
      } catch (error) {
        this.#calls.fail(id, error as Error);
      }
      answer.catch((error) => {
        if (error instanceof RpcTimeout) this.#options.onTimeout?.(method);
      });
      const message = await answer;
      if (message.kind === "error") throw new RpcError(method, message.error);
      return message.kind === "result" ? message.result : undefined;
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#inFlight--;
      else next();
    }
  }

  notify(method: string, params?: unknown): void {
    this.#send({ kind: "notification", method, params });
  }

  /** Answers a request of the other side. */
  answer(id: RpcId, answer: { result: unknown } | { error: RpcFailure }): void {
    this.#send(
      "error" in answer
        ? { kind: "error", id, error: answer.error }
        : { kind: "result", id, result: answer.result },
    );
  }

  /** Ends the connection: every call that waits fails with `reason`. */
  close(reason: Error): void {
    if (this.#gone !== undefined) return;
    this.#gone = reason;
    this.#calls.failAll(reason);
    for (const start of this.#queue.splice(0)) start();
    void this.#transport.close();
    this.#closed.resolve(reason);
  }

  #dispatch(batch: readonly RpcMessage[]): void {
    const notifications: RpcNotification[] = [];
    for (const message of batch) {
      switch (message.kind) {
        case "notification":
          notifications.push(message);
          break;
        case "request":
          // What was told before the question is known before it is answered.
          this.#tell(notifications.splice(0));
          this.#options.onRequest(message);
          break;
        default:
          if (!this.#calls.settle(message.id, message)) {
            this.#options.log.debug("An answer came that nobody waits for", {
              id: message.id,
            });
          }
      }
    }
    this.#tell(notifications);
  }

  #tell(notifications: readonly RpcNotification[]): void {
    if (notifications.length > 0) this.#options.onNotifications(notifications);
  }

  #send(message: RpcMessage): void {
    try {
      this.#transport.send(message);
    } catch (error) {
      this.#options.log.debug("A message could not be sent", {
        reason: messageOf(error),
      });
    }
  }

  /** Waits for a place among the calls in flight; one that ends hands its own on. */
  async #takePlace(method: string): Promise<void> {
    const { maxInFlight = 64, maxQueued = 1024 } = this.#options;
    if (this.#gone !== undefined) throw this.#gone;
    if (this.#inFlight < maxInFlight) {
      this.#inFlight++;
      return;
    }
    if (this.#queue.length >= maxQueued) {
      throw new RpcBusy(
        `Cannot call ${method}: ${maxQueued} calls wait already`,
      );
    }
    await new Promise<void>((resolve) => this.#queue.push(resolve));
  }
}

/** The other side answered a call with an error. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  readonly data: unknown;
  readonly method: string;

  constructor(method: string, failure: RpcFailure) {
    super(failure.message);
    this.code = failure.code;
    this.data = failure.data;
    this.method = method;
  }
}

/** The other side did not answer a call in time. */
export class RpcTimeout extends Error {
  override readonly name = "RpcTimeout";
}

/** Too many calls wait for their turn already. */
export class RpcBusy extends Error {
  override readonly name = "RpcBusy";
}

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes the notifications of one read, in order. Must not throw. */
  onNotifications(notifications: readonly RpcNotification[]): void;
  /** Answers a request of the other side, now or later, by {@linkcode RpcConnection.answer}. */
  onRequest(request: RpcRequest): void;
  /** Words why the other side closed its output, where that can be known. */
  endReason?(): Promise<Error>;
  /** Told when a call was not answered in time. */
  onTimeout?(method: string): void;
  /** Calls in flight; further ones wait their turn. Default 64. */
  readonly maxInFlight?: number;
  /** Calls that may wait for their turn. Default 1024. */
  readonly maxQueued?: number;
  /** Default 30 000. */
  readonly timeoutMs?: number;
}

export interface RpcCallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}
