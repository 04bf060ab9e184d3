import { type Clock, isoTime } from "../../../shared/clock.ts";
import type { BrowserStore, ClientRow } from "../../store/mod.ts";
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
      rows.map((row) => ({ row, seen: this.#sighting(row) }))
        .filter(({ seen }) => matches(seen, query));
    const tabs = shown(store.tabs()).map(({ row, seen }) => ({
      ...seen,
      tab_id: row.tab_id,
      url: row.url,
      title: row.title,
      active: row.active,
      load: row.load,
    }));
    const logins = shown(store.credentials()).map(({ row, seen }) => ({
      ...seen,
      header: row.header,
      name: row.name,
      fingerprint: row.fingerprint,
      length: row.length,
      captured_at: isoTime(row.captured_at),
      logged_out: row.logged_out,
    }));
    const endpoints = shown(store.endpoints()).map(({ row, seen }) => ({
      ...seen,
      method: row.method,
      path: row.path,
    }));
    const profiles = store.clients()
      .filter(({ client_id }) =>
        query.client_id === undefined || query.client_id === client_id
      )
      .map((row) => this.#client(row));
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
        platforms: policy.view(),
      },
      platforms: platforms.all.map(({ name, hosts }) => ({
        name,
        hosts: [...hosts],
      })),
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

  #sighting(row: Sighting) {
    const { clients, clock } = this.#parts;
    return {
      client_id: row.client_id,
      platform: row.platform,
      host: row.host,
      seen_at: isoTime(row.seen_at),
      status: recordStatus({
        ageMs: clock.now() - row.seen_at,
        connected: clients.get(row.client_id) !== undefined,
        loggedOut: row.logged_out ?? false,
      }, this.#options.ages),
    };
  }

  #client(row: ClientRow) {
    const { clients, clock, exchanges } = this.#parts;
    const connection = clients.get(row.client_id);
    const now = clock.now();
    return {
      client_id: row.client_id,
      connected: connection !== undefined,
      active: connection !== undefined && connection === clients.active,
      connection_id: connection?.id ?? null,
      connected_since: connection === undefined
        ? null
        : isoTime(connection.openedAt),
      in_flight: connection === undefined ? 0 : exchanges.countOf(connection),
      extension_version: row.extension_version,
      browser: row.browser,
      platform: row.platform,
      capabilities: [...row.capabilities],
      first_seen_at: isoTime(row.first_seen_at),
      seen_at: isoTime(
        connection === undefined ? row.seen_at : now - connection.silentMs,
      ),
    };
  }

  #pairing() {
    const { clock, pairing, store } = this.#parts;
    const { openForMs } = pairing;
    return {
      required: this.#options.pairing,
      open_until: openForMs === 0 ? null : isoTime(clock.now() + openForMs),
      paired: store.identities().length,
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
  readonly ages: RecordAges;
  readonly heartbeatMs: number;
  /** Whether clients are paired: there is no shared token. */
  readonly pairing: boolean;
  /** Where the extension connects to. */
  readonly websocket: string;
}

/** When a record ceases to be fresh, and when it is lost: milliseconds of age. */
export interface RecordAges {
  readonly freshMs: number;
  readonly lostMs: number;
}

interface Sighting {
  readonly client_id: string;
  readonly platform: string | null;
  readonly host: string;
  readonly seen_at: number;
  readonly logged_out?: boolean;
}

/** Tells how far a record can be trusted. */
function recordStatus(
  facts: {
    readonly ageMs: number;
    /** Whether the client that reported it is connected now. */
    readonly connected: boolean;
    /** Whether the client said that the site took it away. */
    readonly loggedOut: boolean;
  },
  ages: RecordAges,
): BrowserView["tabs"][number]["status"] {
  if (facts.loggedOut || facts.ageMs > ages.lostMs) return "lost";
  return facts.connected && facts.ageMs <= ages.freshMs ? "fresh" : "stale";
}

function matches(
  seen: {
    readonly client_id: string;
    readonly platform: string | null;
    readonly host: string;
    readonly status: string;
  },
  query: BrowserQuery,
): boolean {
  return (query.platform === undefined || seen.platform === query.platform) &&
    (query.host === undefined || seen.host === query.host.toLowerCase()) &&
    (query.client_id === undefined || seen.client_id === query.client_id) &&
    (query.status === undefined || seen.status === query.status);
}
