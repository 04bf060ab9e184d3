import type {
  ClientRow,
  CredentialRow,
  EndpointRow,
  TabRow,
} from "../../store/model/browser_record.ts";
import type { BrowserStore } from "../records/store_port.ts";

/** A browser store that forgets everything with the process. */
export class MemoryBrowserStore implements BrowserStore {
  readonly #identities: string[] = [];
  readonly #clients = new Map<string, ClientRow>();
  readonly #tabs = new Map<string, readonly TabRow[]>();
  readonly #credentials = new Map<string, CredentialRow>();
  readonly #endpoints = new Map<string, EndpointRow>();

  identities(): readonly string[] {
    return this.#identities;
  }

  addIdentity(identity: string): void {
    this.#identities.push(identity);
  }

  forgetIdentities(): void {
    this.#identities.length = 0;
  }

  saveClient(client: ClientRow): void {
    const { firstSeenAt } = this.#clients.get(client.clientId) ?? client;
    this.#clients.set(client.clientId, { ...client, firstSeenAt });
  }

  saveTabs(clientId: string, tabs: readonly TabRow[]): void {
    this.#tabs.set(clientId, tabs);
  }

  saveCredentials(rows: readonly CredentialRow[]): void {
    for (const row of rows) {
      const key = [row.clientId, row.host, row.header, row.name].join("\n");
      this.#credentials.set(key, row);
    }
  }

  saveEndpoints(rows: readonly EndpointRow[]): void {
    for (const row of rows) {
      const key = [row.clientId, row.host, row.method, row.path].join("\n");
      this.#endpoints.set(key, row);
    }
  }

  clients(): readonly ClientRow[] {
    return [...this.#clients.values()];
  }

  tabs(): readonly TabRow[] {
    return [...this.#tabs.values()].flat();
  }

  credentials(): readonly CredentialRow[] {
    return [...this.#credentials.values()];
  }

  endpoints(): readonly EndpointRow[] {
    return [...this.#endpoints.values()];
  }
}
