import type { ByteBudget, Hold } from "../../../shared/byte_budget.ts";
import { AppError } from "../../../shared/errors.ts";
import type { AnswerMessage } from "../contract.ts";
import { protocolBroken } from "../failures.ts";
import { joinBytes } from "../extension/mod.js";
import { BROWSER_LIMITS } from "../limits.ts";
import { headOf, type Receiver, type ResponseHead } from "./receiver.ts";

/** Puts a response together that is answered in one piece. */
export class BufferedReceiver implements Receiver {
  readonly #url: string;
  readonly #budget: ByteBudget;
  readonly #answer = Promise.withResolvers<BufferedResponse>();
  #head: ResponseHead | undefined;
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;
  #taken = 0;

  constructor(url: string, budget: ByteBudget) {
    this.#url = url;
    this.#budget = budget;
    // The failure is for whoever asks for the answer, if anybody still does.
    this.#answer.promise.catch(() => {});
  }

  /** Resolves with the whole response. */
  get answer(): Promise<BufferedResponse> {
    return this.#answer.promise;
  }

  get status(): number | undefined {
    return this.#head?.status;
  }

  get url(): string {
    return this.#head?.url ?? this.#url;
  }

  /** Gives back what the answer took of the budget, once it is passed on. Harmless twice. */
  release(hold?: Hold): void {
    this.#budget.giveWhenPassedOn(this.#taken, hold);
    this.#taken = 0;
    this.#chunks = [];
  }

  take(message: AnswerMessage): boolean {
    if (message.type === "api_response") return this.#response(message);
    if (message.type === "body_chunk") return this.#chunk(message);
    throw protocolBroken(`"${message.type}" came for a buffered request`);
  }

  fail(error: AppError): void {
    this.release();
    this.#answer.reject(error);
  }

  #response(message: AnswerMessage & { type: "api_response" }): boolean {
    const { status } = message;
    if (this.#head !== undefined) throw protocolBroken("a second response");
    if (status === undefined) throw protocolBroken("the status is missing");
    this.#head = headOf({ ...message, status }, this.#url);
    if (message.chunked) return false;
    const body = message.body ?? message.bodyBase64 ?? "";
    this.#hold(body.length);
    this.#finish(this.#head, body);
    return true;
  }

  #chunk(message: AnswerMessage & { type: "body_chunk" }): boolean {
    if (this.#head === undefined || message.seq !== this.#chunks.length) {
      throw protocolBroken(`chunk ${message.seq} came out of turn`);
    }
    this.#hold(message.data.length);
    this.#chunks.push(message.data);
    if (!message.last) return false;
    this.#finish(this.#head, joinBytes(this.#chunks));
    return true;
  }

  #hold(bytes: number): void {
    const { maxResponseBytes } = BROWSER_LIMITS;
    this.#bytes += bytes;
    if (this.#bytes > maxResponseBytes) {
      throw new AppError(
        "UPSTREAM_FAILED",
        `Cannot buffer the response: it is larger than ${maxResponseBytes} bytes; use response_mode "sse"`,
        {
          details: { reason: "body_too_large", limit_bytes: maxResponseBytes },
          retryable: false,
        },
      );
    }
    if (!this.#budget.take(bytes)) {
      throw new AppError(
        "TOO_MANY_REQUESTS",
        "Cannot buffer the response: too many bytes are being held already",
        { details: { reason: "memory_budget" } },
      );
    }
    this.#taken += bytes;
  }

  #finish(head: ResponseHead, body: string | Uint8Array): void {
    this.#chunks = [];
    this.#answer.resolve({ ...head, body });
  }
}

interface BufferedResponse extends ResponseHead {
  /** Text where the browser sent text, else the bytes. */
  readonly body: string | Uint8Array;
}
