/** Who may connect: an extension's origin, or `client:` and the client id of a program. */
export interface IdentityRow {
  readonly identity: string;
  /** The client id that is its alone; null: it has not said yet. */
  readonly client_id: string | null;
  /** What it proves to have, in base64url; null: it has none yet. Shown to nobody else. */
  readonly key: string | null;
}

/** Identities that are remembered; a program can make up any number. */
export const MAX_IDENTITIES = 64;

/** A browser profile that has said hello. Times are milliseconds since the epoch. */
export interface ClientRow {
  readonly client_id: string;
  readonly extension_version: string;
  readonly browser: string;
  readonly platform: string;
  readonly capabilities: readonly string[];
  readonly first_seen_at: number;
  readonly seen_at: number;
}

/** What every record says of where it comes from. */
interface Sighting {
  readonly client_id: string;
  /** Null where the host belongs to no platform. */
  readonly platform: string | null;
  readonly host: string;
  readonly seen_at: number;
}

/** A container of a browser: a login of its own. */
export interface ContainerRow {
  readonly client_id: string;
  readonly cookie_store: string;
  readonly name: string;
}

/** A tab as it was last reported. */
export interface TabRow extends Sighting {
  /** Of its container; empty: it was not told. */
  readonly cookie_store: string;
  readonly tab_id: number;
  readonly url: string;
  readonly title: string;
  readonly active: boolean;
  readonly load: string;
}

/** A credential that the browser has for a host: never its value. */
export interface CredentialRow extends Sighting {
  /** Of its container; empty: it was not told. */
  readonly cookie_store: string;
  readonly header: string;
  readonly name: string;
  readonly fingerprint: string;
  readonly length: number;
  readonly captured_at: number;
  readonly logged_out: boolean;
}

/** An endpoint that a page of a platform was seen to use. */
export interface EndpointRow extends Sighting {
  readonly method: string;
  readonly path: string;
}

/** Rows of a kind that one client may have; the ones seen longest ago go first. */
export const MAX_ROWS_PER_CLIENT = 1_000;

/** Profiles that are remembered; the one that was here longest ago goes first. */
export const MAX_CLIENTS = 100;
