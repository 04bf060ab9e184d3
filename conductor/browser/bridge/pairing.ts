import type { Clock } from "../../../shared/clock.ts";
import type { ProofKey } from "../../../shared/proof.ts";
import {
  type BrowserStore,
  type IdentityRow,
  MAX_IDENTITIES,
} from "../../store/mod.ts";

/** How long the owner's permission to pair lasts. */
const PAIRING_WINDOW_MS = 120_000;

/**
 * Whose each client id is: it belongs to the identity that had it first, an
 * extension's origin or a program. While there is no shared token also who may
 * connect: the first identity by itself, later ones only while the owner holds
 * the door open; each is given a key, and proves from then on that it has it.
 */
export class Pairing {
  readonly #store: Store;
  readonly #clock: Clock;
  #openUntil = -Infinity;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Opens the door; returns when it closes, in milliseconds since the epoch. */
  open(): number {
    this.#openUntil = this.#clock.monotonic() + PAIRING_WINDOW_MS;
    return this.#clock.now() + PAIRING_WINDOW_MS;
  }

  /** Forgets everybody: the next one that knocks is paired by itself. */
  reset(): void {
    this.#openUntil = -Infinity;
    this.#store.forgetIdentities();
  }

  /** Milliseconds that the door stays open, or 0. */
  get openForMs(): number {
    return Math.max(0, this.#openUntil - this.#clock.monotonic());
  }

  /** The key of a client that is paired; `identity`: only if it is this one's. */
  keyOf(clientId: string, identity?: string): ProofKey | undefined {
    const row = this.#holder(clientId);
    if (typeof row?.key !== "string") return undefined;
    if (identity !== undefined && row.identity !== identity) return undefined;
    return Uint8Array.fromBase64(row.key, ENCODING);
  }

  /** Gives the client id to whoever knows the shared token; false: it is another's. */
  bind({ identity, clientId }: Visitor): boolean {
    const holder = this.#holder(clientId);
    if (holder !== undefined) return holder.identity === identity;
    const key = this.#row(identity)?.key ?? null;
    this.#store.saveIdentity({ identity, client_id: clientId, key });
    return true;
  }

  /**
   * Lets in who has proven nothing, and gives it a key, in base64url; undefined
   * when it may not be paired. One that has lost its key waits for the owner;
   * one from before there were keys does not.
   */
  pair({ identity, clientId }: Visitor): string | undefined {
    const all = this.#store.identities();
    const row = this.#row(identity);
    const holder = this.#holder(clientId);
    const isKnown = row !== undefined && row.key === null;
    const mayCome = all.length === 0 || isKnown || this.openForMs > 0;
    const isFull = row === undefined && all.length >= MAX_IDENTITIES;
    const isTaken = holder !== undefined && holder.identity !== identity;
    if (!mayCome || isFull || isTaken) return undefined;
    const key = crypto.getRandomValues(new Uint8Array(32)).toBase64(ENCODING);
    this.#store.saveIdentity({ identity, client_id: clientId, key });
    return key;
  }

  #row(identity: string): IdentityRow | undefined {
    return this.#store.identities().find((it) => it.identity === identity);
  }

  #holder(clientId: string): IdentityRow | undefined {
    return this.#store.identities().find((it) => it.client_id === clientId);
  }
}

/** Who knocks, and what it calls itself. */
export interface Visitor {
  readonly identity: string;
  readonly clientId: string;
}

/** Returns whom an upgrade comes from: no other program in that browser can claim its extension's origin. */
export function visitorIdentity(
  origin: string | undefined,
  clientId: string,
): string {
  return origin ?? `client:${clientId}`;
}

const ENCODING = { alphabet: "base64url", omitPadding: true } as const;

type Store = Pick<
  BrowserStore,
  "identities" | "saveIdentity" | "forgetIdentities"
>;
