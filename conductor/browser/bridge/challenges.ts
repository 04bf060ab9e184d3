import type { Clock } from "../../../shared/clock.ts";
import { newNonce } from "../../../shared/proof.ts";

/** How long a nonce is good for. */
export const NONCE_MS = 30_000;

/**
 * Nonces that wait for the named client's answer. Asking costs nothing, so many
 * may ask: it takes this many within the moment between an honest client's
 * question and its answer to shut it out, and it asks again.
 */
const MAX_NAMED = 8_192;

/**
 * Those that name no client. Each is tried when a proof comes, a wrong one too:
 * this many keep everybody else waiting for some milliseconds, not more.
 */
const MAX_UNNAMED = 1024;

/** The nonces that conductor has given out, each good once. */
export class Challenges {
  readonly #clock: Clock;
  readonly #named = new Map<string, Nonce>();
  readonly #unnamed = new Map<string, Nonce>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns a new nonce, for the client that names one of its own, or for any. */
  issue(clientNonce: string | undefined): string {
    const value = newNonce();
    const until = this.#clock.monotonic() + NONCE_MS;
    if (clientNonce === undefined) {
      put(this.#unnamed, { key: value, max: MAX_UNNAMED }, { value, until });
    } else {put(this.#named, { key: clientNonce, max: MAX_NAMED }, {
        value,
        until,
      });}
    return value;
  }

  /** Uses up and returns the nonce for which `isRight` holds; undefined: there is none. */
  spend(
    clientNonce: string,
    isRight: (nonce: string) => boolean,
  ): string | undefined {
    const named = this.#named.get(clientNonce);
    this.#named.delete(clientNonce);
    const now = this.#clock.monotonic();
    const found = [named, ...this.#unnamed.values()].find((it) =>
      it !== undefined && it.until > now && isRight(it.value)
    );
    if (found !== undefined) this.#unnamed.delete(found.value);
    return found?.value;
  }
}

interface Nonce {
  readonly value: string;
  readonly until: number;
}

/** Adds the newest; the oldest makes room. */
function put(
  nonces: Map<string, Nonce>,
  { key, max }: { readonly key: string; readonly max: number },
  nonce: Nonce,
): void {
  nonces.delete(key);
  nonces.set(key, nonce);
  const [oldest] = nonces.keys();
  if (nonces.size > max && oldest !== undefined) nonces.delete(oldest);
}
