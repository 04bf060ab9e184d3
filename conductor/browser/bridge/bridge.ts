import type { Clock } from "../../../shared/clock.ts";
import { AppError } from "../../../shared/errors.ts";
import type { SocketPort } from "../../../shared/http/mod.ts";
import type { NewId } from "../../../shared/ids.ts";
import type { Logger } from "../../../shared/log.ts";
import type { EventService } from "../../record/mod.ts";
import type { ExtensionMessage, FromExtension } from "../contract.ts";
import { BROWSER_LIMITS, PROTOCOL_VERSION } from "../limits.ts";
import type { BrowserView } from "../http_schemas.ts";
import type { RecordsPort, RequestsPort, SystemPort } from "./bridge_ports.ts";
import type { Clients } from "./clients.ts";
import {
  BRIDGE_CLOSE,
  Connection,
  type Hello,
  type HelloAck,
  refusal,
} from "./connection.ts";
import type { Admitted } from "./door.ts";
import { type Pairing, type Visitor, visitorIdentity } from "./pairing.ts";
import type { PendingActions } from "./pending_actions.ts";

/** Where the sockets of all browsers end: greets, keeps, and sorts what they say. */
export class Bridge {
  readonly #options: BridgeOptions;
  readonly #waiting = new Set<Connection>();

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /** Sockets that have not been greeted yet: strangers, so there may be few. */
  get strangers(): number {
    return this.#waiting.size;
  }

  /** Takes an admitted socket, before its 101 is sent. */
  open(socket: SocketPort, admitted: Admitted): void {
    const connection = new Connection(socket, {
      ...this.#options,
      id: this.#options.newId("conn"),
      admitted,
      hooks: {
        greet: (it, hello) => this.#greet(it, hello),
        opened: (it) => this.#opened(it),
        receive: (it, message) => this.#receive(it, message),
        gone: (it, opened) => this.#gone(it, opened),
      },
    });
    this.#waiting.add(connection);
  }

  /** Whether there is no browser that could be told anything. */
  get isEmpty(): boolean {
    return this.#options.clients.all.length === 0;
  }

  /** Tells every browser the state of the system. */
  announce(state: Readonly<Record<string, unknown>>): void {
    for (const connection of this.#options.clients.all) {
      connection.send({ type: "state_snapshot", state });
    }
  }

  /** Says goodbye to every browser, and ends what runs there. */
  shutdown(): void {
    const error = new AppError("SHUTTING_DOWN");
    for (const connection of this.#options.clients.all) {
      for (const request of this.#options.requests.of(connection)) {
        void request.stop(error);
      }
      connection.close(BRIDGE_CLOSE.goingAway, "shutting down");
    }
    for (const connection of this.#waiting) {
      connection.close(BRIDGE_CLOSE.goingAway, "shutting down");
    }
  }

  #greet(connection: Connection, hello: Hello): HelloAck {
    if (hello.protocol !== PROTOCOL_VERSION) {
      return refusal(
        "bad_hello",
        `Cannot speak protocol ${hello.protocol}: this is version ${PROTOCOL_VERSION}`,
      );
    }
    const { clientId } = hello;
    const { origin, proven } = connection.admitted;
    if (proven !== undefined && proven.clientId !== clientId) {
      return refusal(
        "bad_hello",
        `Cannot greet: the proof was another client's, not ${clientId}'s`,
      );
    }
    const visitor = { identity: visitorIdentity(origin, clientId), clientId };
    const pairingKey = this.#letIn(visitor, proven !== undefined);
    if (pairingKey === undefined) return NOT_PAIRED;
    const { clients } = this.#options;
    this.#waiting.delete(connection);
    clients.get(clientId)?.close(BRIDGE_CLOSE.replaced, "replaced");
    clients.add(connection);
    return {
      type: "hello_ack",
      ok: true,
      connectionId: connection.id,
      protocol: PROTOCOL_VERSION,
      heartbeatMs: this.#options.heartbeatMs,
      limits: { ...BROWSER_LIMITS },
      platforms: [...this.#options.platforms],
      allowedHosts: [...this.#options.allowedHosts],
      state: this.#options.system.state(),
      ...(proven !== undefined && { proof: proven.answer }),
      ...(pairingKey !== "" && { pairingKey }),
    };
  }

  /**
   * Returns the key of a visitor that is paired now, "" for one that may come in
   * without a new one, and undefined for one that may not.
   */
  #letIn(visitor: Visitor, isProven: boolean): string | undefined {
    const { events, hasToken, log, pairing } = this.#options;
    if (hasToken) return pairing.bind(visitor) ? "" : undefined;
    if (isProven) return "";
    const key = pairing.pair(visitor);
    if (key === undefined) return undefined;
    const { clientId, identity } = visitor;
    log.warn("Paired a browser", { client_id: clientId, identity });
    events.record("browser.paired", { client_id: clientId });
    return key;
  }

  #opened(connection: Connection): void {
    const { clientId } = connection;
    this.#record(() => this.#options.records.hello(clientId));
    this.#options.log.info("A browser connected", {
      client_id: clientId,
      connection_id: connection.id,
    });
    this.#options.events.record("browser.connected", { client_id: clientId });
  }

  #gone(connection: Connection, opened: boolean): void {
    this.#waiting.delete(connection);
    if (!opened) return;
    const { clientId } = connection;
    this.#options.clients.remove(connection);
    for (const it of this.#options.requests.of(connection)) it.lose();
    this.#options.log.info("A browser disconnected", {
      client_id: clientId,
      connection_id: connection.id,
    });
    this.#options.events.record("browser.disconnected", {
      client_id: clientId,
    });
  }

  #receive(connection: Connection, message: ExtensionMessage): void {
    const { actions, records, requests } = this.#options;
    const { clientId } = connection;
    switch (message.type) {
      case "client_info":
        return this.#record(() => records.clientInfo(message, clientId));
      case "tabs":
        return this.#record(() => records.tabs(message, clientId));
      case "credentials":
        return this.#record(() => records.credentials(message, clientId));
      case "api_endpoints":
        return this.#record(() => records.endpoints(message, clientId));
      case "action_request":
        return void this.#change(connection, message);
      case "action_status":
        if (message.action === "request_cancel") {
          const request = requests.find(message.id, connection);
          return request?.cancelReported(message.ok);
        }
        return actions.receive(connection, message);
      case "client_log":
        return this.#options.log[message.level]("A browser says", {
          client_id: clientId,
          said: message.message,
        });
      case "hello":
      case "pong":
        return;
      default:
        // One that nobody waits for is dropped.
        return requests.find(message.id, connection)?.receive(message);
    }
  }

  /** A full disk costs the record, not the connection. */
  #record(save: () => void): void {
    try {
      save();
    } catch (thrown) {
      this.#options.log.error("Cannot save what a browser reported", {
        error: thrown,
      });
    }
  }

  async #change(
    connection: Connection,
    request: FromExtension<"action_request">,
  ): Promise<void> {
    const { action, id } = request;
    const head = { type: "action_result", action, id } as const;
    try {
      const { system } = this.#options;
      const state = await system.change(request, connection.clientId);
      connection.send({ ...head, ok: true, state });
    } catch (thrown) {
      let error = { code: "INTERNAL", message: "an internal error was logged" };
      if (thrown instanceof AppError) {
        error = { code: thrown.code, message: thrown.message };
      } else {
        const { log } = this.#options;
        log.error("An action of a browser failed", { error: thrown });
      }
      connection.send({ ...head, ok: false, error });
    }
  }
}

interface BridgeOptions {
  readonly clients: Clients;
  readonly requests: RequestsPort;
  readonly actions: PendingActions;
  readonly records: RecordsPort;
  readonly pairing: Pairing;
  readonly system: SystemPort;
  readonly events: Pick<EventService, "record">;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly log: Logger;
  readonly heartbeatMs: number;
  /** Which hosts belong to which platform, for every browser to know. */
  readonly platforms: Readonly<BrowserView["platforms"]>;
  readonly allowedHosts: readonly string[];
  /** Whether the shared token decides; without one, browsers are paired. */
  readonly hasToken: boolean;
}

const NOT_PAIRED = refusal(
  "not_paired",
  "Cannot let this browser in: another one is paired or has this client id, " +
    "or its key is lost. Open pairing with POST /v1/browser/actions " +
    '{"action":"pair"}, then connect again',
);
