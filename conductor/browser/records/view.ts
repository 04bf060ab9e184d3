import { type Clock, isoTime } from "../../../shared/clock.ts";
import type { BrowserStore, ClientRow, ContainerRow } from "../../store/mod.ts";
import type { Clients, Pairing } from "../bridge/mod.ts";
import type { BrowserQuery, BrowserView } from "../http_schemas.ts";
import type { Exchanges, Platforms, Policy } from "../requests/mod.ts";

/** Shows the bridge and what browsers reported, honest about its age. */
export class BrowserViewer {
  readonly #parts: ViewParts;
  readonly #options: ViewOptions;

  constructor(parts: ViewParts, options: ViewOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Returns what `query` asks for. Works from the database alone, too. */
  view(query: BrowserQuery): BrowserView {
    const { clients, exchanges, platforms, policy, store } = this.#parts;
    const shown = <T extends Sighting>(rows: readonly T[]) =>
      rows.map((row) => this.#shown(row)).filter((it) => matches(it, query));
    const containers = store.containers();
    const inContainer = <T extends Contained>(rows: readonly T[]) =>
      rows.map((row) => ({ ...row, ...containerOf(row, containers) }))
        .filter((it) => isIn(it, query.container));
    const tabs = inContainer(shown(store.tabs()));
    const logins = inContainer(shown(store.credentials())).map((it) => ({
      ...it,
      captured_at: isoTime(it.captured_at),
    }));
    const endpoints = shown(store.endpoints());
    const profiles = store.clients()
      .filter(({ client_id }) =>
        query.client_id === undefined || query.client_id === client_id
      )
      .map((row) => ({
        ...this.#client(row),
        containers: containers.filter((it) => it.client_id === row.client_id)
          .map(({ cookie_store, name }) => ({ cookie_store, name })),
      }));
    const statuses = [...tabs, ...logins, ...endpoints].map((it) => it.status);
    const count = (status: string) =>
      statuses.filter((it) => it === status).length;
    return {
      bridge: {
        connected: clients.active !== undefined,
        websocket: this.#options.websocket,
        active_client_id: clients.active?.clientId ?? null,
        in_flight: exchanges.size,
        heartbeat_ms: this.#options.heartbeatMs,
        clients: profiles,
        pairing: this.#pairing(),
      },
      tabs,
      login_records: logins,
      endpoints,
      policy: {
        max_in_flight: policy.limits.maxInFlight,
        spacing_ms: policy.limits.spacingMs,
        breaker_failures: policy.limits.breakerFailures,
        allowed_hosts: [...this.#options.allowedHosts],
        platforms: policy.view(),
      },
      platforms: [...platforms.all],
      summary: {
        clients: profiles.length,
        connected_clients: profiles.filter((it) => it.connected).length,
        tabs: tabs.length,
        login_records: logins.length,
        endpoints: endpoints.length,
        fresh: count("fresh"),
        stale: count("stale"),
        lost: count("lost"),
      },
    };
  }

  #shown<T extends Sighting>(row: T) {
    const { client_id, platform, host, seen_at, ...own } = row;
    const status = this.#status(row);
    const seenAt = isoTime(seen_at);
    return { client_id, platform, host, seen_at: seenAt, status, ...own };
  }

  /** Tells how far a record can be trusted. */
  #status({ client_id, seen_at, logged_out }: Sighting): Status {
    const { clients, clock } = this.#parts;
    const { freshMs, lostMs } = this.#options.ages;
    const ageMs = clock.now() - seen_at;
    if (logged_out || ageMs > lostMs) return "lost";
    const isConnected = clients.get(client_id) !== undefined;
    return isConnected && ageMs <= freshMs ? "fresh" : "stale";
  }

  #client(row: ClientRow) {
    const { clients, clock, exchanges } = this.#parts;
    const { client_id, first_seen_at, seen_at, ...own } = row;
    const connection = clients.get(client_id);
    const now = clock.now();
    return {
      client_id,
      connected: connection !== undefined,
      active: connection !== undefined && connection === clients.active,
      connection_id: connection?.id ?? null,
      connected_since: connection === undefined
        ? null
        : isoTime(connection.openedAt),
      in_flight: connection === undefined ? 0 : exchanges.of(connection).length,
      ...own,
      capabilities: [...own.capabilities],
      first_seen_at: isoTime(first_seen_at),
      seen_at: isoTime(
        connection === undefined ? seen_at : now - connection.silentMs,
      ),
    };
  }

  #pairing() {
    const { clock, pairing, store } = this.#parts;
    const { openForMs } = pairing;
    return {
      required: this.#options.pairing,
      open_until: openForMs === 0 ? null : isoTime(clock.now() + openForMs),
      paired: store.identities().filter((it) => it.key !== null).length,
    };
  }
}

interface ViewParts {
  readonly clients: Clients;
  readonly exchanges: Exchanges;
  readonly pairing: Pairing;
  readonly platforms: Platforms;
  readonly policy: Policy;
  readonly store: BrowserStore;
  readonly clock: Clock;
}

interface ViewOptions {
  /** When a record ceases to be fresh, and when it is lost: milliseconds of age. */
  readonly ages: { readonly freshMs: number; readonly lostMs: number };
  readonly heartbeatMs: number;
  /** Loopback and private targets that may be reached. */
  readonly allowedHosts: readonly string[];
  /** Whether clients are paired: there is no shared token. */
  readonly pairing: boolean;
  /** Where the extension connects to. */
  readonly websocket: string;
}

interface Sighting {
  readonly client_id: string;
  readonly platform: string | null;
  readonly host: string;
  readonly seen_at: number;
  readonly logged_out?: boolean;
}

/** A record that is one container's. */
type Contained = Pick<ContainerRow, "client_id" | "cookie_store">;

/** Returns a record's container as it is shown. */
function containerOf(
  { client_id, cookie_store }: Contained,
  containers: readonly ContainerRow[],
) {
  const known = containers.find((it) =>
    it.client_id === client_id && it.cookie_store === cookie_store
  );
  return {
    cookie_store: cookie_store === "" ? null : cookie_store,
    container: known?.name ?? null,
  };
}

function isIn(
  { cookie_store, container }: ReturnType<typeof containerOf>,
  wanted: string | undefined,
): boolean {
  return wanted === undefined || [cookie_store, container].includes(wanted);
}

type Status = BrowserView["tabs"][number]["status"];

function matches(
  seen: Omit<Sighting, "seen_at" | "logged_out"> & { readonly status: Status },
  query: BrowserQuery,
): boolean {
  return (query.platform === undefined || seen.platform === query.platform) &&
    (query.host === undefined || seen.host === query.host.toLowerCase()) &&
    (query.client_id === undefined || seen.client_id === query.client_id) &&
    (query.status === undefined || seen.status === query.status);
}
