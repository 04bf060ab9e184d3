import { AppError } from "../errors.ts";
import {
  failure,
  LastAnswer,
  lastAnswer,
  OVER_SOCKET,
  ReaderStalled,
  type RequestInfo,
} from "../http/mod.ts";
import type { Logger } from "../log.ts";
import { InFlight } from "../wait.ts";
import { type ListenAddress, ListenError } from "./listen_error.ts";

/**
 * A server on one address. It shows nobody its connections; all that can be
 * done about them is to end it in one of two ways.
 */
export class HttpServer {
  /** The port that is really used; 0 for a socket. */
  readonly port: number;
  readonly #server: Deno.HttpServer;
  readonly #cut = new AbortController();
  /** Requests, from their head to the last byte of their answer. */
  readonly #inFlight = new InFlight();
  #ended: Promise<void> | undefined;

  /** @throws {ListenError} when the address is in use, is not there, or is not permitted */
  constructor(address: ListenAddress, ports: ServerPorts) {
    const options = {
      signal: this.#cut.signal,
      onListen() {},
      onError(error: unknown) {
        // An app never rejects: this is a body that broke, or a fault of ours.
        const isMeant = error instanceof ReaderStalled ||
          error instanceof LastAnswer;
        const level = isMeant ? "debug" : "error";
        ports.log[level]("Cannot finish an answer", { error });
        return failure(new AppError("INTERNAL"), ports.log);
      },
    };
    const answer = (
      request: Request,
      { completed }: Pick<Deno.ServeHandlerInfo, "completed">,
      remoteAddress: string,
    ) => {
      this.#inFlight.track(completed);
      return ports.handle(request, { remoteAddress, last: lastAnswer });
    };
    try {
      if ("path" in address) {
        const umask = Deno.umask(0o177);
        try {
          this.#server = Deno.serve(
            { ...options, path: address.path },
            (request, info) => answer(request, info, OVER_SOCKET),
          );
        } finally {
          Deno.umask(umask);
        }
        this.port = 0;
      } else {
        const server = Deno.serve(
          { ...options, ...address, tcpBacklog: BACKLOG },
          (request, info) => answer(request, info, info.remoteAddr.hostname),
        );
        this.#server = server;
        this.port = server.addr.port;
      }
    } catch (cause) {
      this.#cut.abort();
      throw new ListenError(address, cause);
    }
    this.#server.finished.catch(ports.onFailed);
  }

  /** Whether no request is being answered. Sockets do not count. */
  get isIdle(): boolean {
    return this.#inFlight.isIdle;
  }

  /** Resolves when no request is being answered. */
  idle(): Promise<void> {
    return this.#inFlight.idle();
  }

  /**
   * Stops accepting; ends connections that are idle or have sent a part of a
   * head, and sockets; resolves when every running request is answered.
   */
  end(): Promise<void> {
    return this.#ended ??= this.#server.shutdown();
  }

  /** Stops accepting and drops what is open; too late once it is ending. */
  cut(): Promise<void> {
    // Deno cannot cut what is ending, and throws where nothing catches it.
    if (this.#ended === undefined) this.#cut.abort();
    return this.end();
  }
}

/** Connections that wait to be accepted; a client tries again only after 1 s where there is no room. */
const BACKLOG = 4096;

interface ServerPorts {
  readonly handle: Handle;
  readonly log: Logger;
  /** It can accept no more, but was not ended; its connections go on. */
  readonly onFailed: (error: unknown) => void;
}

/** Answers one request; never rejects. */
export type Handle = (
  request: Request,
  info: RequestInfo,
) => Promise<Response> | Response;
