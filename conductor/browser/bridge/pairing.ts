import type { Clock } from "../../../shared/clock.ts";
import type { BrowserStore } from "../../store/mod.ts";

/** How long the owner's permission to pair lasts. */
const PAIRING_WINDOW_MS = 120_000;

/** Identities that may be paired; a local program can make up any number. */
const MAX_IDENTITIES = 64;

/**
 * Who may connect while there is no shared token: the first identity by
 * itself, later ones only while the owner holds the door open.
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

  /**
   * Tells how `identity` stands, adding it where it may be added: an extension's
   * origin, or the client id of a local program.
   */
  admit(identity: string): "known" | "added" | "refused" {
    const known = this.#store.identities();
    if (known.includes(identity)) return "known";
    if (known.length > 0 && this.openForMs === 0) return "refused";
    if (known.length >= MAX_IDENTITIES) return "refused";
    this.#store.addIdentity(identity);
    return "added";
  }
}

type Store = Pick<
  BrowserStore,
  "identities" | "addIdentity" | "forgetIdentities"
>;
