import { isLoopback } from "../authority.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import { InFlight, sleep } from "../wait.ts";
import { freeSocket } from "./free_socket.ts";
import { ListenError, nameOf } from "./listen_error.ts";
import { type Handle, Listener } from "./listener.ts";

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
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Listening {
  const stop = new AbortController();
  const inFlight = new InFlight();
  const listeners: Listener[] = [];
  const add = (address: Listener["address"]) => {
    const listener = new Listener(address, { handle, inFlight, log });
    listeners.push(listener);
    return listener;
  };
  const abort = async () => {
    stop.abort();
    await Promise.all(listeners.map((it) => it.abort()));
  };
  const real = new URL(base);
  const hostname = base.hostname.replace(/^\[|\]$/g, "");
  const port = base.port === "" ? 80 : Number(base.port);
  const coversLoopback = isLoopback(base.hostname) || hostname === "0.0.0.0" ||
    hostname === "::";
  const name = hostname === "localhost" ? "127.0.0.1" : hostname;
  try {
    if (!coversLoopback) add({ hostname: "127.0.0.1", port }).open();
    openOrWait(add({ hostname: name, port }));
  } catch (error) {
    void abort();
    throw error;
  }

  function openOrWait(first: Listener): void {
    try {
      real.port = String(first.open());
    } catch (error) {
      if (coversLoopback || !mayCome(error)) throw error;
      log.warn("Cannot listen yet; trying again", {
        address: nameOf(first.address),
        error,
      });
      void openWhenThere(first);
    }
  }

  async function openWhenThere(first: Listener): Promise<void> {
    while (true) {
      await sleep(clock, RETRY_MS, stop.signal);
      if (stop.signal.aborted) return;
      try {
        first.open();
      } catch {
        continue;
      }
      log.info("Listening", { address: nameOf(first.address) });
      return;
    }
  }

  return {
    base: real,
    async openSocket(path) {
      await freeSocket(path);
      add({ path }).open();
    },
    drained: () => inFlight.idle(),
    async close() {
      stop.abort();
      await Promise.all(listeners.map((it) => it.close()));
    },
    abort,
  };
}

/** The open listeners of a daemon. */
export interface Listening {
  /** The base with the port that is really used. */
  readonly base: URL;
  /**
   * Serves a Unix socket as well, with mode 0600, in a folder of mode 0700.
   * Comes after the address: of two processes that start at once, one has lost by then.
   * @throws {ListenError} when the socket is in use or not permitted
   */
  openSocket(path: string): Promise<void>;
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
