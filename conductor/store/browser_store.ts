import {
  type ClientRow,
  type ContainerRow,
  type CredentialRow,
  type EndpointRow,
  type IdentityRow,
  MAX_CLIENTS,
  MAX_IDENTITIES,
  MAX_ROWS_PER_CLIENT,
  type TabRow,
} from "./model/browser_record.ts";
import type { Database } from "./database.ts";

/** How booleans and lists stand in a table. */
type Stored<T> = {
  readonly [K in keyof T]: T[K] extends boolean ? number
    : T[K] extends readonly string[] ? string
    : T[K];
};

/** What browsers reported, and which of them may connect. */
export class BrowserStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** In the order in which they came. */
  identities(): readonly IdentityRow[] {
    return this.#db.all<Stored<IdentityRow>>(
      "SELECT identity, client_id, key FROM browser_identities ORDER BY seq",
    );
  }

  /** Adds or renews, by identity; the oldest that have no key make room. */
  saveIdentity({ identity, client_id, key }: IdentityRow): void {
    this.#db.write(() => {
      this.#db.run(
        `INSERT INTO browser_identities (identity, client_id, key)
         VALUES (?, ?, ?) ON CONFLICT (identity) DO UPDATE
         SET client_id = excluded.client_id, key = excluded.key`,
        identity,
        client_id,
        key,
      );
      this.#db.run(
        `DELETE FROM browser_identities WHERE key IS NULL AND seq <= (
           SELECT seq FROM browser_identities
           ORDER BY seq DESC LIMIT 1 OFFSET ?)`,
        MAX_IDENTITIES,
      );
    });
  }

  forgetIdentities(): void {
    this.#db.run("DELETE FROM browser_identities");
  }

  /** Adds or renews; when it was seen first is kept. */
  saveClient(client: ClientRow): void {
    this.#db.write(() => {
      const first = this.#db.get<{ readonly first_seen_at: number }>(
        "SELECT first_seen_at FROM browser_clients WHERE client_id = ?",
        client.client_id,
      );
      const capabilities = JSON.stringify(client.capabilities);
      const row = { ...client, capabilities, ...first };
      this.#db.replace("browser_clients", row);
      this.#forgetOldClients();
    });
  }

  /** Replaces the client's tabs and containers. */
  saveTabs(clientId: string, rows: TabsAndContainers): void {
    this.#db.write(() => {
      for (const [kind, all] of Object.entries(rows)) {
        const table = `browser_${kind}`;
        this.#db.run(`DELETE FROM ${table} WHERE client_id = ?`, clientId);
        for (const row of all) this.#db.replace(table, { ...row });
      }
    });
  }

  /** Adds or renews, by client, container, host, header and name. */
  saveCredentials(rows: readonly CredentialRow[]): void {
    this.#save("browser_credentials", rows);
  }

  /** Adds or renews, by client, host, method and path. */
  saveEndpoints(rows: readonly EndpointRow[]): void {
    this.#save("browser_endpoints", rows);
  }

  clients(): readonly ClientRow[] {
    return this.#db.all<Stored<ClientRow>>(
      "SELECT * FROM browser_clients ORDER BY seen_at DESC, client_id",
    ).map((row) => ({ ...row, capabilities: JSON.parse(row.capabilities) }));
  }

  tabs(): readonly TabRow[] {
    return this.#db.all<Stored<TabRow>>(
      "SELECT * FROM browser_tabs ORDER BY client_id, tab_id",
    ).map((row) => ({ ...row, active: row.active === 1 }));
  }

  containers(): readonly ContainerRow[] {
    return this.#db.all<Stored<ContainerRow>>(
      "SELECT * FROM browser_containers ORDER BY client_id, cookie_store",
    );
  }

  credentials(): readonly CredentialRow[] {
    return this.#db.all<Stored<CredentialRow>>(
      `SELECT * FROM browser_credentials
       ORDER BY client_id, host, cookie_store, header, name`,
    ).map((row) => ({ ...row, logged_out: row.logged_out === 1 }));
  }

  endpoints(): readonly EndpointRow[] {
    return this.#db.all<Stored<EndpointRow>>(
      "SELECT * FROM browser_endpoints ORDER BY client_id, host, path, method",
    );
  }

  /** Adds or renews rows; keeps those of each client that were seen last. */
  #save(
    table: "browser_credentials" | "browser_endpoints",
    rows: readonly (CredentialRow | EndpointRow)[],
  ): void {
    this.#db.write(() => {
      for (const row of rows) this.#db.replace(table, { ...row });
      for (const clientId of new Set(rows.map((it) => it.client_id))) {
        this.#db.run(
          `DELETE FROM ${table} WHERE client_id = ?1 AND seen_at < (
             SELECT seen_at FROM ${table} WHERE client_id = ?1
             ORDER BY seen_at DESC LIMIT 1 OFFSET ?2)`,
          clientId,
          MAX_ROWS_PER_CLIENT - 1,
        );
      }
    });
  }

  #forgetOldClients(): void {
    const forgotten = this.#db.all<{ readonly client_id: string }>(
      `SELECT client_id FROM browser_clients
       ORDER BY seen_at DESC LIMIT -1 OFFSET ?`,
      MAX_CLIENTS,
    );
    for (const { client_id } of forgotten) {
      for (const table of CLIENT_TABLES) {
        this.#db.run(
          `DELETE FROM browser_${table} WHERE client_id = ?`,
          client_id,
        );
      }
    }
  }
}

const CLIENT_TABLES = [
  "clients",
  "containers",
  "tabs",
  "credentials",
  "endpoints",
];

/** All that a client has of both. */
interface TabsAndContainers {
  readonly tabs: readonly TabRow[];
  readonly containers: readonly ContainerRow[];
}
