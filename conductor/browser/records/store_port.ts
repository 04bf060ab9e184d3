import type {
  ClientRow,
  CredentialRow,
  EndpointRow,
  TabRow,
} from "../../store/mod.ts";
import type { IdentityStore } from "../bridge/pairing.ts";

/** Where the bridge keeps what browsers report. Every call is one transaction. */
export interface BrowserStore extends IdentityStore {
  saveClient(client: ClientRow): void;
  /** Replaces the client's tabs. */
  saveTabs(clientId: string, tabs: readonly TabRow[]): void;
  /** Adds or renews, by client, host, header and name. */
  saveCredentials(rows: readonly CredentialRow[]): void;
  /** Adds or renews, by client, host, method and path. */
  saveEndpoints(rows: readonly EndpointRow[]): void;
  clients(): readonly ClientRow[];
  tabs(): readonly TabRow[];
  credentials(): readonly CredentialRow[];
  endpoints(): readonly EndpointRow[];
}
