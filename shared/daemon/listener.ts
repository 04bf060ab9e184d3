import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import { sleep } from "../wait.ts";
import { freeSocket } from "./free_socket.ts";
import { type Handle, HttpServer } from "./http_server.ts";
import { type ListenAddress, ListenError, nameOf } from "./listen_error.ts";

/**
 * One address that is listened on, by one server after the other: since a server
 * can neither name its connections nor end a single one, it is turned over when
 * strangers hold too many, and when it could not accept one.
 */
export class Listener {
  #address: ListenAddress;
  readonly #ports: ListenerPorts;
  /** All that still have connections; the last one listens. */
  readonly #servers = new Set<HttpServer>();
  #server: HttpServer | undefined;
  #turning: Promise<void> | undefined;
  #isClosed = false;
  /** Why it does not listen now, and since when it could not. */
  #lost: { readonly error: unknown; readonly since: number } | undefined;
  #openedAt = -Infinity;
  #toldAt = -Infinity;

  constructor(address: ListenAddress, ports: ListenerPorts) {
    this.#address = address;
    this.#ports = ports;
  }

  get address(): ListenAddress {
    return this.#address;
  }

  /** Whether it listens now: while it does, nobody else answers at its address. */
  get isOpen(): boolean {
    return this.#server !== undefined;
  }

  /** Who else may answer at its address now: another process took it when it was free. */
  get trouble(): string | undefined {
    if (this.#lost === undefined || !this.#isTaken) return undefined;
    // Its own last server needs some milliseconds to leave.
    const lostMs = this.#ports.clock.monotonic() - this.#lost.since;
    return lostMs >= LEAVING_MS
      ? `another process listens on ${nameOf(this.address)}: what is sent ` +
        "there reaches it"
      : undefined;
  }

  /** Why nobody answers at its address now: the machine does not have it, say. */
  get absence(): string | undefined {
    if (this.#lost === undefined || this.#isTaken) return undefined;
    return `${nameOf(this.address)} is not served: ` +
      `${messageOf(this.#lost.error)}; it is tried again`;
  }

  get #isTaken(): boolean {
    const error = this.#lost?.error;
    return error instanceof ListenError &&
      error.cause instanceof Deno.errors.AddrInUse;
  }

  /** Whether no request is being answered. Sockets do not count. */
  get isIdle(): boolean {
    return [...this.#servers].every((it) => it.isIdle);
  }

  /** Resolves when no request is being answered. */
  async idle(): Promise<void> {
    await Promise.all([...this.#servers].map((it) => it.idle()));
  }

  /**
   * Starts listening; returns the port that is really used, 0 for a socket.
   * @throws {ListenError} when the address is in use, is not there, or is not permitted
   */
  open(): number {
    const { clock } = this.#ports;
    const server = this.#serve();
    // It listens anew where it listened.
    if ("port" in this.address) {
      this.#address = { ...this.address, port: server.port };
    }
    if (this.#lost !== undefined) this.#found();
    this.#server = server;
    this.#servers.add(server);
    this.#openedAt = clock.monotonic();
    return server.port;
  }

  /**
   * Listens anew. Connections that ask for nothing end, WebSockets among them;
   * running requests and streams finish. Never rejects.
   */
  turnOver(): Promise<void> {
    return this.#turning ??= this.#turn().finally(() => {
      this.#turning = undefined;
    });
  }

  /** Stops accepting; resolves when every running request is answered. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#turning;
    await Promise.all([...this.#servers].map((it) => it.end()));
  }

  /** Stops accepting and drops what is open. */
  async abort(): Promise<void> {
    this.#isClosed = true;
    await this.#turning;
    await Promise.all([...this.#servers].map((it) => it.cut()));
  }

  #serve(): HttpServer {
    const { handle, log } = this.#ports;
    try {
      return new HttpServer(this.address, {
        handle,
        log,
        onFailed: (error) => {
          this.#tell(error);
          void this.turnOver();
        },
      });
    } catch (error) {
      const since = this.#lost?.since ?? this.#ports.clock.monotonic();
      this.#lost = { error, since };
      throw error;
    }
  }

  #found(): void {
    if (this.trouble !== undefined) {
      const address = nameOf(this.address);
      this.#ports.log.warn("Listening again where another process did", {
        address,
      });
    }
    this.#lost = undefined;
  }

  /** An attack makes it fail many times a second. */
  #tell(error: unknown): void {
    const { clock, log } = this.#ports;
    const now = clock.monotonic();
    if (now - this.#toldAt < TELL_MS) return;
    this.#toldAt = now;
    log.warn("Cannot accept a connection; listening anew", {
      address: nameOf(this.address),
      error,
    });
  }

  async #turn(): Promise<void> {
    const { clock, log } = this.#ports;
    const left = this.#server;
    this.#server = undefined;
    this.#leave(left);
    // Where nothing could be ended it fails again at once.
    const rest = this.#openedAt + LEAST_MS - clock.monotonic();
    if (rest > 0) await sleep(clock, rest);
    for (let tries = 0; !this.#isClosed; tries++) {
      try {
        // Its file goes with its listener, as a rule.
        if ("path" in this.address && tries > TRIES_TO_TELL) {
          await freeSocket(this.address.path);
        }
        this.open();
        return;
      } catch (error) {
        const address = nameOf(this.address);
        if (tries === TRIES_TO_TELL) {
          log.error("Cannot listen", { address, error });
        }
        this.#ports.relieve();
      }
      await sleep(clock, tries < QUICK_TRIES ? QUICK_MS : RETRY_MS);
    }
  }

  /** Ends a server as gently as what it does asks for. */
  #leave(server: HttpServer | undefined): void {
    this.#ports.relieve();
    if (server === undefined) return;
    const { log, isWorking } = this.#ports;
    const isBusy = !server.isIdle && (isWorking?.() ?? true);
    // While a request runs, connections that wait for the rest of a body, or
    // speak HTTP/2, are out of reach. While none does, all of them are ended.
    const ended = isBusy ? server.end() : server.cut();
    ended.catch((error) => log.warn("Cannot end a listener", { error }))
      .finally(() => this.#servers.delete(server));
  }
}

/** A port is free again some milliseconds after its listener was ended. */
const RETRY_MS = 10;
/** At first it is asked for more often: a stranger may wait for it, too. */
const QUICK_MS = 1;
const QUICK_TRIES = 20;
/** It is not turned over more often than this. */
const LEAST_MS = 20;
const TELL_MS = 1000;
const LEAVING_MS = 250;
const TRIES_TO_TELL = 40;

interface ListenerPorts {
  readonly handle: Handle;
  readonly clock: Clock;
  readonly log: Logger;
  /** Refuses requests that keep descriptors and do not go on. */
  readonly relieve: () => void;
  readonly isWorking?: (() => boolean) | undefined;
}
