import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import { sleep } from "../wait.ts";
import type { Descriptors } from "./descriptors.ts";
import { freeSocket } from "./free_socket.ts";
import type { Handle } from "./http_server.ts";
import { ListenError, nameOf } from "./listen_error.ts";
import { Listener } from "./listener.ts";
import { watchDescriptors } from "./watch_descriptors.ts";

/**
 * Listens on `base`, and on 127.0.0.1 and [::1] with the same port, since a
 * daemon answers to their names; an address beyond loopback that is not there
 * yet is tried again while loopback already serves.
 * @throws {ListenError} when a port is in use or not permitted
 */
export function listen(
  base: URL,
  handle: Handle,
  ports: ListenPorts,
): Listening {
  const { clock, log, descriptors, relieve = () => {}, isWorking } = ports;
  const stop = new AbortController();
  const listeners: Listener[] = [];
  /** Strangers do not reach these, so that they are not turned over with the others. */
  const sockets: Listener[] = [];
  const all = () => [...listeners, ...sockets];
  const real = new URL(base);
  const name = base.hostname === "localhost"
    ? "127.0.0.1"
    : base.hostname.replace(/^\[|\]$/g, "");
  const loopback = loopbackBeside(name);
  const make = (address: Listener["address"]) =>
    new Listener(address, { handle, clock, log, relieve, isWorking });
  const abort = async () => {
    stop.abort();
    await Promise.all(all().map((it) => it.abort()));
  };
  try {
    openLoopback();
    if (!loopback.includes(name)) openOrWait();
  } catch (error) {
    void abort();
    throw error;
  }
  if (descriptors !== undefined) {
    const { signal } = stop;
    const watch = { descriptors, clock, log, relieve, signal };
    void watchDescriptors(listeners, watch);
  }

  function openLoopback(): void {
    for (let tries = 1;; tries++) {
      try {
        for (const hostname of loopback) open(hostname);
        return;
      } catch (error) {
        // The second address must get the port that the first one was given.
        if (base.port !== "0" || tries === MOST_TRIES) throw error;
        for (const listener of listeners.splice(0)) void listener.abort();
        real.port = "0";
      }
    }
  }

  function open(hostname: string): void {
    const listener = make({ hostname, port: portOf(real) });
    try {
      real.port = String(listener.open());
      listeners.push(listener);
    } catch (error) {
      if (hostname !== "::1" || hostname === name || !isAbsent(error)) {
        throw error;
      }
      log.info("This machine has no IPv6: [::1] is not answered for");
    }
  }

  function openOrWait(): void {
    const first = make({ hostname: name, port: portOf(real) });
    listeners.push(first);
    try {
      real.port = String(first.open());
    } catch (error) {
      if (!mayCome(error)) throw error;
      log.warn("Cannot listen yet; trying again", {
        address: nameOf(first.address),
        error,
      });
      void openWhenThere(first);
    }
  }

  async function openWhenThere(first: Listener): Promise<void> {
    // Every other reason than the last one is told, once.
    let told = first.absence;
    while (true) {
      await sleep(clock, RETRY_MS, stop.signal);
      if (stop.signal.aborted) return;
      try {
        first.open();
      } catch (error) {
        const reason = first.trouble ?? first.absence;
        if (reason !== told) {
          log.error("Cannot listen yet; trying again", {
            address: nameOf(first.address),
            error,
          });
        }
        told = reason;
        continue;
      }
      log.info("Listening", { address: nameOf(first.address) });
      return;
    }
  }

  return {
    base: real,
    hasIpv6: name === "::" ||
      listeners.some(({ address }) =>
        "hostname" in address && address.hostname === "::1"
      ),
    holds(host) {
      const names = host === "localhost"
        ? ["127.0.0.1", ...(this.hasIpv6 ? ["::1"] : [])]
        : [host.replace(/^\[|\]$/g, "")];
      return names.every((it) =>
        listeners.some((one) => one.isOpen && covers(one.address, it))
      );
    },
    get addresses() {
      return listeners.filter((it) => it.isOpen)
        .map((it) => nameOf(it.address));
    },
    get trouble() {
      return all().map((it) => it.trouble).find((it) => it !== undefined);
    },
    get absence() {
      return all().map((it) => it.absence).find((it) => it !== undefined);
    },
    async openSocket(path) {
      await freeSocket(path);
      const listener = make({ path });
      listener.open();
      sockets.push(listener);
    },
    async drained() {
      await Promise.all(all().map((it) => it.idle()));
    },
    async close() {
      stop.abort();
      await Promise.all(all().map((it) => it.close()));
    },
    abort,
  };
}

const RETRY_MS = 2000;
/** So often a port is looked for that is free on both loopback addresses. */
const MOST_TRIES = 20;

interface ListenPorts {
  readonly clock: Clock;
  readonly log: Logger;
  /** What is watched, so that listeners are turned over in time. */
  readonly descriptors?: Pick<Descriptors, "inUse" | "limit">;
  /** Refuses requests that keep descriptors and do not go on. */
  readonly relieve?: () => void;
  /** Whether any request is worked on, rather than waited for. Default: each that runs is. */
  readonly isWorking?: (() => boolean) | undefined;
}

/** The open listeners of a daemon. */
export interface Listening {
  /** The base with the port that is really used. */
  readonly base: URL;
  /** Whether [::1] is listened on: where the machine has no IPv6 it cannot be. */
  readonly hasIpv6: boolean;
  /** Whether nobody else can answer now at this name of the machine, as it stands in a URL. */
  holds(host: string): boolean;
  /** The addresses that are served now. */
  readonly addresses: readonly string[];
  /** Which address another process answers at in its place, if one does. */
  readonly trouble: string | undefined;
  /** Which address nobody answers at, and why: it is not this machine's, or not yet. */
  readonly absence: string | undefined;
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
  /** Stops accepting and drops what is open; waits for all that is closing already. */
  abort(): Promise<void>;
}

/** The loopback addresses that are held where `name` is listened on. */
function loopbackBeside(name: string): readonly string[] {
  if (name === "::") return [];
  return name === "0.0.0.0" ? ["::1"] : ["127.0.0.1", "::1"];
}

/** Tells whether nobody else can listen at `hostname` while this address is listened on. */
function covers(address: Listener["address"], hostname: string): boolean {
  if (!("hostname" in address)) return false;
  return address.hostname === hostname || address.hostname === "::" ||
    (address.hostname === "0.0.0.0" && !hostname.includes(":"));
}

function portOf({ port }: URL): number {
  return port === "" ? 80 : Number(port);
}

function causeOf(error: unknown): unknown {
  return error instanceof ListenError ? error.cause : error;
}

/** Tells whether the machine has no such address, or none of its family. */
function isAbsent(error: unknown): boolean {
  const cause = causeOf(error);
  return cause instanceof Deno.errors.AddrNotAvailable ||
    (cause instanceof Error && /os error (97|47)\b/.test(cause.message));
}

/** Tells whether a later attempt may succeed: the network may come up, a name become known. */
function mayCome(error: unknown): boolean {
  const cause = causeOf(error);
  return !(cause instanceof Deno.errors.AddrInUse) &&
    !(cause instanceof Deno.errors.NotCapable) &&
    !(cause instanceof Deno.errors.PermissionDenied);
}
