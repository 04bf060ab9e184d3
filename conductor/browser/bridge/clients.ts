import type { BrowserStore } from "../../store/mod.ts";
import type { Connection } from "./connection.ts";
import { browserGone, browserUnknown } from "../failures.ts";

/** The browsers that are connected, one connection per client id. */
export class Clients {
  readonly #byId = new Map<string, Connection>();
  readonly #store: Pick<BrowserStore, "clients">;

  constructor(store: Pick<BrowserStore, "clients">) {
    this.#store = store;
  }

  get all(): readonly Connection[] {
    return [...this.#byId.values()];
  }

  /** The browser that said hello last. */
  get active(): Connection | undefined {
    return this.all.at(-1);
  }

  get(clientId: string): Connection | undefined {
    return this.#byId.get(clientId);
  }

  /**
   * Returns the browser named, or else the active one.
   * @throws {AppError} BROWSER_UNAVAILABLE
   */
  pick(clientId: string | undefined): Connection {
    const connection = clientId === undefined
      ? this.active
      : this.get(clientId);
    if (connection !== undefined) return connection;
    const isKnown = clientId === undefined ||
      this.#store.clients().some((it) => it.client_id === clientId);
    throw isKnown ? browserGone(clientId) : browserUnknown(clientId);
  }

  add(connection: Connection): void {
    // A map keeps the order of insertion: the newest is the last.
    this.#byId.delete(connection.clientId);
    this.#byId.set(connection.clientId, connection);
  }

  /** Removes this connection, not a newer one of the same client. */
  remove(connection: Connection): void {
    if (this.#byId.get(connection.clientId) === connection) {
      this.#byId.delete(connection.clientId);
    }
  }
}
