import type { Clock } from "../../../shared/clock.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Connection, RequestsPort } from "../bridge/mod.ts";
import { BROWSER_LIMITS } from "../limits.ts";
import {
  Exchange,
  type ExchangeOptions,
  type RequestOrder,
} from "./exchange.ts";
import type { Targets } from "./targets.ts";

/** Every request in flight, by its id. */
export class Exchanges implements RequestsPort {
  readonly #clock: Clock;
  readonly #targets: Targets;
  readonly #running = new Map<string, Exchange>();

  constructor(clock: Clock, targets: Targets) {
    this.#clock = clock;
    this.#targets = targets;
  }

  get size(): number {
    return this.#running.size;
  }

  /**
   * Refuses what cannot start on this connection.
   * @throws {AppError} CONFLICT for an id in flight, TOO_MANY_REQUESTS.
   */
  check(id: string, connection: Connection): void {
    if (this.#running.has(id)) {
      throw new AppError(
        "CONFLICT",
        `Cannot start the request: "${id}" is in flight already`,
        { details: { request_id: id } },
      );
    }
    const { maxInFlight } = BROWSER_LIMITS;
    if (this.of(connection).length >= maxInFlight) {
      throw new AppError(
        "TOO_MANY_REQUESTS",
        `Cannot start the request: ${maxInFlight} run in this browser already`,
      );
    }
  }

  /** Starts a request that was checked. */
  start(
    order: RequestOrder,
    options: Pick<ExchangeOptions, "connection" | "receiver" | "permit">,
  ): Exchange {
    const exchange = new Exchange({
      ...options,
      order,
      clock: this.#clock,
      targets: this.#targets,
      over: () => this.#running.delete(order.id),
    });
    this.#running.set(order.id, exchange);
    void exchange.send().catch(() => exchange.lose());
    return exchange;
  }

  /** Finds a request; where `connection` is given, one that runs over it. */
  find(id: string, connection?: Connection): Exchange | undefined {
    const exchange = this.#running.get(id);
    // One browser cannot answer for another.
    return connection === undefined || exchange?.connection === connection
      ? exchange
      : undefined;
  }

  of(connection: Connection): Exchange[] {
    return [...this.#running.values()]
      .filter((it) => it.connection === connection);
  }
}
