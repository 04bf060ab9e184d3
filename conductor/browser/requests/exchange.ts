import type { Clock, Timer } from "../../../shared/clock.ts";
import { AppError } from "../../../shared/errors.ts";
import {
  BRIDGE_CLOSE,
  type Connection,
  type RunningRequest,
} from "../bridge/mod.ts";
import type { AnswerMessage, FromConductor } from "../contract.ts";
import {
  browserLost,
  requestCanceled,
  siteVerdict,
  toAppError,
} from "../failures.ts";
import { BROWSER_LIMITS } from "../limits.ts";
import { isSiteFailure, type Permit } from "./policy.ts";
import type { Receiver } from "./receiver.ts";
import type { Targets } from "./targets.ts";

/** How long a browser may take to confirm a cancel. */
const CONFIRM_MS = 5_000;

/**
 * One request in flight. It ends exactly once for its caller; for the browser
 * it ends when the browser says so, since until then its fetch still runs.
 */
export class Exchange implements RunningRequest {
  readonly order: RequestOrder;
  readonly connection: Connection;
  readonly #options: ExchangeOptions;
  readonly #confirmed = Promise.withResolvers<boolean>();
  #state: "running" | "canceling" | "over" = "running";
  #timer: Timer;

  constructor(options: ExchangeOptions) {
    this.order = options.order;
    this.connection = options.connection;
    this.#options = options;
    const { clock, order } = options;
    this.#timer = clock.after(order.timeoutMs, () => this.#late());
  }

  /** Resolves when the browser is known (or given up) to be done with it. */
  get over(): Promise<unknown> {
    return this.#confirmed.promise;
  }

  /** Sends the request; a body that is large goes in pieces, as there is room. */
  async send(): Promise<void> {
    const { id } = this.order;
    const { head, chunks } = framesOf(this.order);
    if (!this.connection.send(head)) return;
    for (const [seq, chunk] of chunks.entries()) {
      const hasRoom = await this.connection.room();
      if (this.#state !== "running") return;
      if (!hasRoom) {
        const { slowConsumer } = BRIDGE_CLOSE;
        return this.connection.close(slowConsumer, "the browser does not read");
      }
      const last = seq === chunks.length - 1;
      const data = chunk.toBase64();
      this.connection.send({ type: "body_chunk", id, seq, last, data });
    }
  }

  /** Takes what the browser answers. */
  receive(message: AnswerMessage): void {
    const failure = failureOf(message);
    if (this.#state === "canceling") {
      if (failure !== undefined) this.#finish(failure.code === "canceled");
      else if (isLast(message)) this.#finish(false);
      return;
    }
    if (failure !== undefined) {
      this.#options.receiver.fail(toAppError(failure));
      return this.#finish(failure.code === "canceled", siteVerdict(failure));
    }
    try {
      this.#judge(message);
      if (!this.#options.receiver.take(message)) return;
    } catch (thrown) {
      const error = thrown instanceof AppError
        ? thrown
        : new AppError("INTERNAL", undefined, { cause: thrown });
      void this.stop(error);
      return;
    }
    const { permit, receiver, targets } = this.#options;
    const ok = !isSiteFailure(receiver.status ?? 0);
    permit.release(ok, targets.platformOf(receiver.url));
    this.#finish(false);
  }

  /** The browser reports on the cancel itself: it may not know the request. */
  cancelReported(aborted: boolean): void {
    if (this.#state === "canceling") this.#finish(aborted);
  }

  /**
   * Ends it for the caller with `error` and has the browser abort its fetch.
   * Resolves with whether the browser confirmed that.
   */
  stop(error: AppError = requestCanceled()): Promise<boolean> {
    if (this.#state === "running") {
      const { clock, receiver } = this.#options;
      const { id } = this.order;
      const reason = String(error.details?.reason ?? error.code);
      this.#state = "canceling";
      receiver.fail(error);
      this.#timer.cancel();
      this.#timer = clock.after(CONFIRM_MS, () => this.#finish(false));
      this.connection.send({ type: "request_cancel", id, reason });
    }
    return this.#confirmed.promise;
  }

  /** The browser is gone, and its fetch with it. */
  lose(): void {
    if (this.#state === "running") this.#options.receiver.fail(browserLost());
    this.#finish(false);
  }

  /** A redirect may have led where no request may go; its answer goes nowhere. */
  #judge(message: AnswerMessage): void {
    const url = "url" in message ? message.url : undefined;
    if (url === undefined) return;
    const why = this.#options.targets.whyRefused(url);
    if (why === undefined) return;
    throw new AppError(
      "UPSTREAM_FAILED",
      `Cannot pass the answer on: the site redirected, and ${why}`,
      { details: { reason: "target_refused" }, retryable: false },
    );
  }

  #late(): void {
    const { timeoutMs } = this.order;
    void this.stop(
      new AppError(
        "UPSTREAM_TIMEOUT",
        `Cannot finish the request: no complete answer within ${timeoutMs} ms`,
        { details: { reason: "timeout", timeout_ms: timeoutMs } },
      ),
    );
    this.#options.permit.release(false);
  }

  /** `ok` is what the end says of the site. */
  #finish(confirmed: boolean, ok?: boolean): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#timer.cancel();
    this.#options.permit.release(ok);
    this.#confirmed.resolve(confirmed);
    this.#options.over();
  }
}

/** A request to send through the browser, judged and complete. */
export interface RequestOrder
  extends Omit<ApiRequest, "type" | "chunked" | "body" | "bodyBase64"> {
  /** The platform's name, or the host where the target belongs to none. */
  readonly platform: string;
  readonly body: string | Uint8Array | undefined;
}

type ApiRequest = FromConductor<"api_request">;

export interface ExchangeOptions {
  readonly connection: Connection;
  readonly order: RequestOrder;
  readonly receiver: Receiver;
  readonly permit: Permit;
  readonly clock: Clock;
  readonly targets: Targets;
  /** Runs once, when the browser is known (or given up) to be done with it. */
  readonly over: () => void;
}

/** Cuts an order into the messages that carry it: what is too large for the first follows. */
function framesOf({ body, ...order }: RequestOrder) {
  const { chunkBytes } = BROWSER_LIMITS;
  const head = { type: "api_request", ...order, chunked: false } as const;
  const chunks: Uint8Array[] = [];
  if (body === undefined) return { head, chunks };
  const isText = typeof body === "string";
  const bytes = isText ? new TextEncoder().encode(body) : body;
  if (bytes.length <= chunkBytes) {
    const inline = isText ? { body } : { bodyBase64: bytes.toBase64() };
    return { head: { ...head, ...inline }, chunks };
  }
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    chunks.push(bytes.subarray(at, at + chunkBytes));
  }
  return { head: { ...head, chunked: true }, chunks };
}

function failureOf(message: AnswerMessage) {
  if (message.type === "api_response") return message.error;
  return message.type === "stream_error" ? message : undefined;
}

function isLast(message: AnswerMessage): boolean {
  return message.type === "stream_end" ||
    (message.type === "api_response" && !message.chunked) ||
    (message.type === "body_chunk" && message.last);
}
