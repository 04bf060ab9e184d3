import {
  type ClientRow,
  type CredentialRow,
  type EndpointRow,
  MAX_CLIENTS,
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

const SIGHTING = `client_id AS clientId, platform, host, seen_at AS seenAt`;

/** What browsers reported, and which of them may connect. */
export class BrowserStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  identities(): readonly string[] {
    return this.#db.all<{ readonly identity: string }>(
      "SELECT identity FROM browser_identities ORDER BY seq",
    ).map((it) => it.identity);
  }

  addIdentity(identity: string): void {
    this.#db.run(
      "INSERT OR IGNORE INTO browser_identities (identity) VALUES (?)",
      identity,
    );
  }

  forgetIdentities(): void {
    this.#db.run("DELETE FROM browser_identities");
  }

  saveClient(client: ClientRow): void {
    this.#db.write(() => {
      this.#db.run(
        `INSERT INTO browser_clients
           (client_id, extension_version, browser, platform, capabilities,
            first_seen_at, seen_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (client_id) DO UPDATE SET
           extension_version = excluded.extension_version,
           browser = excluded.browser,
           platform = excluded.platform,
           capabilities = excluded.capabilities,
           seen_at = excluded.seen_at`,
        client.clientId,
        client.extensionVersion,
        client.browser,
        client.platform,
        JSON.stringify(client.capabilities),
        client.firstSeenAt,
        client.seenAt,
      );
      this.#forgetOldClients();
    });
  }

  /** Replaces the client's tabs. */
  saveTabs(clientId: string, tabs: readonly TabRow[]): void {
    this.#db.write(() => {
      this.#db.run("DELETE FROM browser_tabs WHERE client_id = ?", clientId);
      for (const tab of tabs) {
        this.#db.run(
          `INSERT OR REPLACE INTO browser_tabs
             (client_id, tab_id, platform, host, url, title, active, load,
              seen_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          clientId,
          tab.tabId,
          tab.platform,
          tab.host,
          tab.url,
          tab.title,
          tab.active,
          tab.load,
          tab.seenAt,
        );
      }
    });
  }

  /** Adds or renews, by client, host, header and name. */
  saveCredentials(rows: readonly CredentialRow[]): void {
    this.#db.write(() => {
      for (const row of rows) {
        this.#db.run(
          `INSERT OR REPLACE INTO browser_credentials
             (client_id, host, header, name, platform, fingerprint, length,
              captured_at, seen_at, logged_out)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          row.clientId,
          row.host,
          row.header,
          row.name,
          row.platform,
          row.fingerprint,
          row.length,
          row.capturedAt,
          row.seenAt,
          row.loggedOut,
        );
      }
      this.#trim("browser_credentials", rows);
    });
  }

  /** Adds or renews, by client, host, method and path. */
  saveEndpoints(rows: readonly EndpointRow[]): void {
    this.#db.write(() => {
      for (const row of rows) {
        this.#db.run(
          `INSERT OR REPLACE INTO browser_endpoints
             (client_id, host, method, path, platform, seen_at)
           VALUES (?, ?, ?, ?, ?, ?)`,
          row.clientId,
          row.host,
          row.method,
          row.path,
          row.platform,
          row.seenAt,
        );
      }
      this.#trim("browser_endpoints", rows);
    });
  }

  clients(): readonly ClientRow[] {
    return this.#db.all<Stored<ClientRow>>(
      `SELECT client_id AS clientId, extension_version AS extensionVersion,
         browser, platform, capabilities, first_seen_at AS firstSeenAt,
         seen_at AS seenAt
       FROM browser_clients ORDER BY seen_at DESC, client_id`,
    ).map((row) => ({ ...row, capabilities: JSON.parse(row.capabilities) }));
  }

  tabs(): readonly TabRow[] {
    return this.#db.all<Stored<TabRow>>(
      `SELECT ${SIGHTING}, tab_id AS tabId, url, title, active, load
       FROM browser_tabs ORDER BY client_id, tab_id`,
    ).map((row) => ({ ...row, active: row.active === 1 }));
  }

  credentials(): readonly CredentialRow[] {
    return this.#db.all<Stored<CredentialRow>>(
      `SELECT ${SIGHTING}, header, name, fingerprint, length,
         captured_at AS capturedAt, logged_out AS loggedOut
       FROM browser_credentials ORDER BY client_id, host, header, name`,
    ).map((row) => ({ ...row, loggedOut: row.loggedOut === 1 }));
  }

  endpoints(): readonly EndpointRow[] {
    return this.#db.all<Stored<EndpointRow>>(
      `SELECT ${SIGHTING}, method, path
       FROM browser_endpoints ORDER BY client_id, host, path, method`,
    );
  }

  /** Keeps the rows of each client that were seen last. */
  #trim(
    table: "browser_credentials" | "browser_endpoints",
    rows: readonly { readonly clientId: string }[],
  ): void {
    for (const clientId of new Set(rows.map((it) => it.clientId))) {
      this.#db.run(
        `DELETE FROM ${table} WHERE client_id = ?1 AND seen_at < (
           SELECT seen_at FROM ${table} WHERE client_id = ?1
           ORDER BY seen_at DESC LIMIT 1 OFFSET ?2)`,
        clientId,
        MAX_ROWS_PER_CLIENT - 1,
      );
    }
  }

  #forgetOldClients(): void {
    const forgotten = this.#db.all<{ readonly client_id: string }>(
      `SELECT client_id FROM browser_clients
       ORDER BY seen_at DESC LIMIT -1 OFFSET ?`,
      MAX_CLIENTS,
    );
    for (const { client_id } of forgotten) {
      for (const table of ["clients", "tabs", "credentials", "endpoints"]) {
        this.#db.run(
          `DELETE FROM browser_${table} WHERE client_id = ?`,
          client_id,
        );
      }
    }
  }
}
