import { type Clock, sleep } from "../clock.ts";
import { isLoopback } from "../http/authority.ts";
import type { RequestInfo } from "../http/dispatcher.ts";
import type { Logger } from "../log.ts";

/** Answers one request; never rejects. */
export type Handle = (request: Request, info: RequestInfo) => Promise<Response>;

/** Another process holds the port, or it may not be used. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** The open listeners of a daemon. */
export interface Listening {
  /** The base with the port that is really used. */
  readonly base: URL;
  /** Stops accepting; resolves when every running request is answered. */
  close(): Promise<void>;
  /** Drops what is still open. */
  abort(): void;
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
  const servers = new Map<Deno.HttpServer, AbortController>();
  const open = (name: string) => {
    const cut = new AbortController();
    const server = Deno.serve({
      hostname: name,
      port,
      signal: cut.signal,
      onListen() {},
      onError(error) {
        // The dispatcher never throws; what comes here is a fault of ours.
        ports.log.error("Cannot answer a request", { error });
        return new Response(null, { status: 500 });
      },
    }, (request, { remoteAddr }) =>
      handle(request, {
        remoteAddress: "hostname" in remoteAddr ? remoteAddr.hostname : "",
      }));
    servers.set(server, cut);
    return server;
  };
  const coversLoopback = isLoopback(base.hostname) || hostname === "0.0.0.0" ||
    hostname === "::";
  if (!coversLoopback) attempt(open, "127.0.0.1", port);
  const first = coversLoopback
    ? attempt(open, hostname === "localhost" ? "127.0.0.1" : hostname, port)
    : undefined;
  if (first === undefined) void openWhenThere();

  async function openWhenThere(): Promise<void> {
    let warned = false;
    while (!stop.signal.aborted) {
      try {
        open(hostname);
        ports.log.info("Listening", { address: `${hostname}:${port}` });
        return;
      } catch (error) {
        if (!warned) {
          ports.log.warn("Cannot listen yet; trying again", {
            address: `${hostname}:${port}`,
            error,
          });
        }
        warned = true;
      }
      await sleep(ports.clock, RETRY_MS, stop.signal);
    }
  }

  const real = new URL(base);
  if (first !== undefined) real.port = String(first.addr.port);
  return {
    base: real,
    async close() {
      stop.abort();
      await Promise.all(
        servers.keys().map(async (server) => {
          await server.shutdown();
          // Deno throws when a server is cut that has ended by itself.
          servers.delete(server);
        }),
      );
    },
    abort() {
      for (const cut of servers.values()) cut.abort();
    },
  };
}

function attempt(
  open: (hostname: string) => Deno.HttpServer<Deno.NetAddr>,
  hostname: string,
  port: number,
): Deno.HttpServer<Deno.NetAddr> {
  const where = `${hostname}:${port}`;
  try {
    return open(hostname);
  } catch (cause) {
    if (cause instanceof Deno.errors.AddrInUse) {
      throw new ListenError(
        `Cannot listen on ${where}: the port is already in use`,
        { cause },
      );
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ListenError(`Cannot listen on ${where}: ${reason}`, { cause });
  }
}
