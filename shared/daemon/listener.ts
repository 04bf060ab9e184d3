import { AppError } from "../errors.ts";
import {
  failure,
  OVER_SOCKET,
  ReaderStalled,
  type RequestInfo,
} from "../http/mod.ts";
import type { Logger } from "../log.ts";
import type { InFlight } from "../wait.ts";
import { type ListenAddress, ListenError } from "./listen_error.ts";

/** One address that is listened on. */
export class Listener {
  readonly address: ListenAddress;
  readonly #ports: ListenerPorts;
  #cut = new AbortController();
  #server: Deno.HttpServer | undefined;

  constructor(address: ListenAddress, ports: ListenerPorts) {
    this.address = address;
    this.#ports = ports;
  }

  /**
   * Starts listening; returns the port that is really used, 0 for a socket.
   * @throws {ListenError} when the address is in use, is not there, or is not permitted
   */
  open(): number {
    const { address } = this;
    this.#cut = new AbortController();
    try {
      if ("path" in address) {
        this.#server = Deno.serve(
          { ...this.#options, path: address.path },
          (request, info) => this.#answer(request, info, OVER_SOCKET),
        );
        // Nobody else can have come before: the folder is its owner's alone.
        Deno.chmodSync(address.path, 0o600);
        return 0;
      }
      const server = Deno.serve(
        { ...this.#options, ...address },
        (request, info) =>
          this.#answer(request, info, info.remoteAddr.hostname),
      );
      this.#server = server;
      return server.addr.port;
    } catch (cause) {
      this.#cut.abort();
      throw new ListenError(address, cause);
    }
  }

  /** Stops accepting; resolves when every running request is answered. */
  async close(): Promise<void> {
    await this.#server?.shutdown();
  }

  /** Stops accepting and drops what is open. */
  async abort(): Promise<void> {
    this.#cut.abort();
    await this.#server?.finished;
  }

  get #options() {
    return {
      signal: this.#cut.signal,
      onListen() {},
      onError: (error: unknown) => {
        // An app never rejects: this is a body that broke, or a fault of ours.
        const { log } = this.#ports;
        const stalled = error instanceof ReaderStalled;
        log[stalled ? "debug" : "error"]("Cannot finish an answer", { error });
        return failure(new AppError("INTERNAL"), log);
      },
    };
  }

  #answer(
    request: Request,
    { completed }: Pick<Deno.ServeHandlerInfo, "completed">,
    remoteAddress: string,
  ): Promise<Response> | Response {
    this.#ports.inFlight.track(completed);
    return this.#ports.handle(request, { remoteAddress });
  }
}

interface ListenerPorts {
  readonly handle: Handle;
  /** Requests, from their head to the last byte of their answer. */
  readonly inFlight: InFlight;
  readonly log: Logger;
}

/** Answers one request; never rejects. */
export type Handle = (
  request: Request,
  info: RequestInfo,
) => Promise<Response> | Response;
