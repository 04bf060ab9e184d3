import { isLoopback } from "../authority.ts";
import type { Clock } from "../clock.ts";
import { AppError, messageOf } from "../errors.ts";
import { failure, ReaderStalled, type RequestInfo } from "../http/mod.ts";
import type { Logger } from "../log.ts";
import { InFlight, sleep } from "../wait.ts";

/** Another process holds the port, or it may not be used. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

const RETRY_MS = 2000;

/**
 * Listens on `base`; when that is no loopback address, on 127.0.0.1 with the
 * same port as well, and an address that is not there yet is tried again while
 * loopback already serves.
 * @throws {ListenError} when a port is in use or not permitted
 */
export function listen(
  base: URL,
  handle: Handle,
  ports: { readonly clock: Clock; readonly log: Logger },
): Listening {
  const hostname = base.hostname.replace(/^\[|\]$/g, "");
  const port = base.port === "" ? 80 : Number(base.port);
  const stop = new AbortController();
  /** Requests, from their head to the last byte of their answer. */
  const inFlight = new InFlight();
  const servers = new Map<Deno.HttpServer, AbortController>();
  const coversLoopback = isLoopback(base.hostname) || hostname === "0.0.0.0" ||
    hostname === "::";
  if (!coversLoopback) open("127.0.0.1");
  const name = hostname === "localhost" ? "127.0.0.1" : hostname;
  const first = openUnlessAway();
  if (first === undefined) void openWhenThere();

  function open(host: string): Deno.HttpServer<Deno.NetAddr> {
    const cut = new AbortController();
    try {
      const server = Deno.serve({
        hostname: host,
        port,
        signal: cut.signal,
        onListen() {},
        onError: (error) => {
          // An app never rejects: this is a body that broke, or a fault of ours.
          const stalled = error instanceof ReaderStalled;
          const level = stalled ? "debug" : "error";
          ports.log[level]("Cannot finish an answer", { error });
          return failure(new AppError("INTERNAL"), ports.log);
        },
      }, (request, { remoteAddr, completed }) => {
        inFlight.track(completed);
        return handle(request, {
          remoteAddress: "hostname" in remoteAddr ? remoteAddr.hostname : "",
        });
      });
      servers.set(server, cut);
      return server;
    } catch (cause) {
      const reason = cause instanceof Deno.errors.AddrInUse
        ? "the port is already in use"
        : messageOf(cause);
      throw new ListenError(
        `Cannot listen on ${host}:${port}: ${reason}`,
        { cause },
      );
    }
  }

  function openUnlessAway(): Deno.HttpServer<Deno.NetAddr> | undefined {
    try {
      return open(name);
    } catch (error) {
      if (coversLoopback || !mayCome(error)) {
        for (const cut of servers.values()) cut.abort();
        throw error;
      }
      ports.log.warn("Cannot listen yet; trying again", {
        address: `${name}:${port}`,
        error,
      });
      return undefined;
    }
  }

  async function openWhenThere(): Promise<void> {
    while (true) {
      await sleep(ports.clock, RETRY_MS, stop.signal);
      if (stop.signal.aborted) return;
      try {
        open(name);
      } catch {
        continue;
      }
      ports.log.info("Listening", { address: `${name}:${port}` });
      return;
    }
  }

  const real = new URL(base);
  if (first !== undefined) real.port = String(first.addr.port);
  return {
    base: real,
    drained: () => inFlight.idle(),
    async close() {
      stop.abort();
      await Promise.all(servers.keys().map((server) => server.shutdown()));
    },
    async abort() {
      stop.abort();
      for (const cut of servers.values()) cut.abort();
      await Promise.all(servers.keys().map((server) => server.finished));
    },
  };
}

/** Answers one request; never rejects. */
export type Handle = (
  request: Request,
  info: RequestInfo,
) => Promise<Response> | Response;

/** The open listeners of a daemon. */
export interface Listening {
  /** The base with the port that is really used. */
  readonly base: URL;
  /** Resolves when no request is being answered. Sockets do not count. */
  drained(): Promise<void>;
  /** Stops accepting; resolves when every running request is answered. */
  close(): Promise<void>;
  /**
   * Stops accepting and drops what is open. Not after `close()`: Deno cannot
   * cut a server that is shutting down, and throws where nothing catches it.
   */
  abort(): Promise<void>;
}

/** Tells whether a later attempt may succeed: the network may come up, a name become known. */
function mayCome(error: unknown): boolean {
  const cause = error instanceof ListenError ? error.cause : error;
  return !(cause instanceof Deno.errors.AddrInUse) &&
    !(cause instanceof Deno.errors.NotCapable) &&
    !(cause instanceof Deno.errors.PermissionDenied);
}
