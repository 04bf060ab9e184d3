import { AppError } from "../errors.ts";
import type { Held } from "./held.ts";
import type { RouteInfo } from "./route.ts";
import { CLOSE } from "./socket.ts";
import { closeWhenOpen } from "./upgrade.ts";

/** What is being answered now, how much may be, and how all of it ends. */
export class Activity {
  readonly #maxConcurrent: number;
  readonly #quiesced = new AbortController();
  readonly #aborted = new AbortController();
  /** Aborts when nothing new may start: ends stored streams and sockets. */
  readonly quiet = this.#quiesced.signal;
  /** Aborts when what still runs has had its grace. */
  readonly abort = this.#aborted.signal;
  readonly #sockets = new Set<WebSocket>();
  readonly #leave = () => void this.#running--;
  #running = 0;
  #streams = 0;

  constructor(maxConcurrent: number) {
    this.#maxConcurrent = maxConcurrent;
  }

  /** Requests that are being answered now, streams and sockets included. */
  get running(): number {
    return this.#running;
  }

  /** Whether half of the places are taken. */
  get isCrowded(): boolean {
    return this.#running * 2 >= this.#maxConcurrent;
  }

  /**
   * Counts a request in, until `held` is disposed.
   * @throws {AppError} SHUTTING_DOWN, TOO_MANY_REQUESTS
   */
  enter(route: Entrance, held: Held): void {
    if (this.quiet.aborted && !isObservation(route)) {
      throw new AppError("SHUTTING_DOWN");
    }
    // Probes answer whatever else goes on: launchd and people depend on them.
    if (route.produces !== "text" && this.#running >= this.#maxConcurrent) {
      throw new AppError("TOO_MANY_REQUESTS");
    }
    this.#running++;
    held.defer(this.#leave);
  }

  /**
   * Counts a request as a stream as well: half of the places are not for
   * streams, so that who opens many of them locks nobody out.
   * @throws {AppError} TOO_MANY_REQUESTS
   */
  enterStream(held: Held): void {
    if (this.#streams >= this.#maxConcurrent / 2) {
      throw new AppError(
        "TOO_MANY_REQUESTS",
        "Cannot open another stream: too many are open",
      );
    }
    this.#streams++;
    held.defer(() => this.#streams--);
  }

  /** Keeps a socket, and what it holds, until it closes. */
  keep(socket: WebSocket, held: Disposable): void {
    this.#sockets.add(socket);
    // A socket that never opened is closed by hand, perhaps a second time.
    socket.addEventListener("close", () => {
      this.#sockets.delete(socket);
      held[Symbol.dispose]();
    });
    if (this.quiet.aborted) closeForShutdown(socket);
  }

  /** Refuses what comes, ends every stored stream and socket with a reason. */
  quiesce(): void {
    this.#quiesced.abort(new AppError("SHUTTING_DOWN"));
    for (const socket of this.#sockets) closeForShutdown(socket);
  }

  /** Aborts the signal of every request that still runs. */
  abortRequests(): void {
    this.#aborted.abort(new AppError("SHUTTING_DOWN"));
  }
}

/** The part of a route that decides whether it may be entered now. */
type Entrance = Pick<RouteInfo, "kind" | "exposure" | "produces">;

/** A daemon that stops stays observable: why it is not ready stands in `/health`. */
function isObservation({ kind, exposure, produces }: Entrance): boolean {
  return kind === "read" && exposure === "public" && produces !== "sse" &&
    produces !== "websocket";
}

function closeForShutdown(socket: WebSocket): void {
  closeWhenOpen(socket, CLOSE.goingAway, "the daemon is shutting down");
}
