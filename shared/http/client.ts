import type { z } from "zod";
import { type Clock, systemClock } from "../clock.ts";
import { AppError, type ErrorCode } from "../errors.ts";
import {
  parseAnswer,
  type ReadResponse,
  upstreamFailed,
} from "./read_answer.ts";
import type { ParamNames, RouteFacts, RouteInfo, Schema } from "./route.ts";

/** Calls the routes of another daemon by their `contract()`. */
export class ApiClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /**
   * Sends a request and returns the `data` of its answer, parsed.
   * @throws {AppError} the server's own code, message and details; the
   * `unreachable` code; UPSTREAM_TIMEOUT; UPSTREAM_FAILED for an answer that is
   * not what the contract says. The caller's own reason when its signal aborts.
   */
  async request<P extends `/${string}`, Q, B, D extends Schema>(
    contract: RouteFacts<P, Q, B, D>,
    input: CallInput<P, Q, B>,
    options: RequestOptions = {},
  ): Promise<z.output<D>> {
    const { timeoutMs = this.#options.timeoutMs ?? 30_000, signal } = options;
    const { clock = systemClock } = this.#options;
    const deadline = new AbortController();
    const timer = clock.after(timeoutMs, () => {
      deadline.abort(new AppError("UPSTREAM_TIMEOUT"));
    });
    const either = signal === undefined
      ? deadline.signal
      : AbortSignal.any([deadline.signal, signal]);
    try {
      const answer = await this.#send(contract, input as LooseInput, {
        ...options,
        signal: either,
      });
      return parseAnswer(contract, answer);
    } catch (error) {
      // What fetch says of an abort names neither the deadline nor the caller.
      if (either.aborted) throw either.reason;
      throw error;
    } finally {
      timer.cancel();
    }
  }

  async #send(
    contract: Pick<RouteInfo, "method" | "path">,
    { params = {}, query = {}, body }: LooseInput,
    { signal, requestId, headers }: RequestOptions & {
      readonly signal: AbortSignal;
    },
  ): Promise<ReadResponse> {
    const { base, token, unreachable, fetch: send = fetch } = this.#options;
    const url = new URL(fillPath(contract.path, params), base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    let response: Response;
    try {
      response = await send(url, {
        method: contract.method,
        // A redirect would carry the token to somebody else.
        redirect: "error",
        signal,
        headers: {
          accept: "application/json",
          ...(body !== undefined && { "content-type": "application/json" }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(requestId !== undefined && { "x-request-id": requestId }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw new AppError(unreachable, undefined, { cause });
    }
    try {
      return { response, text: await this.#readText(response) };
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw upstreamFailed("the answer broke off", { cause });
    }
  }

  async #readText(response: Response): Promise<string> {
    const { maxAnswerBytes = 67_108_864 } = this.#options;
    let size = 0;
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > maxAnswerBytes) throw upstreamFailed("the answer is too long");
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  }
}

/** How a client reaches its server. */
export interface ClientOptions {
  readonly base: URL;
  readonly token?: string | undefined;
  /** What a server that cannot be reached is called, e.g. `CODEXD_UNAVAILABLE`. */
  readonly unreachable: ErrorCode;
  /** From the request to the last byte of the answer. Default 30 000. */
  readonly timeoutMs?: number;
  /** A longer answer is given up. Default 67 108 864. */
  readonly maxAnswerBytes?: number;
  /** Takes the place of the global one; may itself throw an `AppError`. */
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
}

/** What one call may say beside its input. */
export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** Replaces the client's own. */
  readonly timeoutMs?: number;
  /** Passed on, so that both logs tell of the same request. */
  readonly requestId?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The path parameters, query and body of a call, as the route's schemas take them. */
export type CallInput<P extends string, Q, B> =
  & ([ParamNames<P>] extends [never] ? unknown
    : { readonly params: Readonly<Record<ParamNames<P>, string>> })
  & (Q extends Schema ? { readonly query?: z.input<Q> } : unknown)
  & (B extends Schema ? { readonly body: z.input<B> } : unknown);

interface LooseInput {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** Puts parameters into a path; a URL would fold one that is a dot segment. */
function fillPath(
  path: string,
  params: Readonly<Record<string, string>>,
): string {
  return path.replace(/:(\w+)/g, (_, name: string) => {
    const value = params[name] ?? "";
    if (/^\.{0,2}$/.test(value)) {
      throw new AppError(
        "INVALID_INPUT",
        `Cannot request ${path}: "${value}" cannot be its ${name}`,
      );
    }
    return encodeURIComponent(value);
  });
}
