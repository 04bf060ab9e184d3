import { createHmac, randomBytes } from "node:crypto";
import type { Clock } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import { sameSecret } from "../../shared/http/mod.ts";
import { newNonce } from "../../shared/proof.ts";
import { hasPassed, momentOf } from "./moment.ts";

const KEY_MS = 15 * 60_000;

/** Keys that were used and are not yet too old. */
const MAX_USED = 10_000;

const KEY =
  /^([A-Za-z0-9_-]{22})\.(\d{1,15})\.(\d{1,15})\.([A-Za-z0-9_-]{43})$/;

/**
 * Keys of forms: each is made for one holder and one purpose, is used once, and
 * ends after 15 minutes, or with the daemon. Those that were issued are not
 * kept, so showing a page changes nothing; those that were used are, until they
 * would be too old anyway.
 */
export class FormKeys {
  readonly #clock: Clock;
  readonly #secret = randomBytes(32);
  /** What came of each use, by the nonce of its key, in order of use. */
  readonly #used = new Map<string, Use>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Makes a key that `holder` may use once, for `purpose`. */
  issue(holder: string, purpose: string): string {
    const { wall, steady } = momentOf(this.#clock);
    const head = `${newNonce()}.${Math.floor(wall)}.${Math.floor(steady)}`;
    return `${head}.${this.#mac(head, { holder, purpose })}`;
  }

  /**
   * Uses a key up, and returns what its outcome is told by.
   * @throws {AppError} CONFLICT when it is not good for this, or no more;
   * TOO_MANY_REQUESTS
   */
  spend(key: string, use: KeyUse): string {
    const [, nonce = "", wall, steady, mac = ""] = KEY.exec(key) ?? [];
    const since = { wall: Number(wall), steady: Number(steady) };
    const head = `${nonce}.${wall}.${steady}`;
    const isGood = sameSecret(this.#mac(head, use), mac) &&
      !hasPassed(KEY_MS, { since, clock: this.#clock }) &&
      !this.#used.has(nonce);
    if (!isGood) {
      throw new AppError(
        "CONFLICT",
        "Cannot take the form: it was sent already, is older than 15 minutes, or was made for something else, in another session, by another conductor or before this one's start",
        { hint: "Open its page again, and send the form from there." },
      );
    }
    this.#forgetOld();
    // To forget one that is not too old would let it be used again.
    if (this.#used.size >= MAX_USED) throw new AppError("TOO_MANY_REQUESTS");
    const { holder } = use;
    this.#used.set(nonce, { holder, at: momentOf(this.#clock) });
    return nonce;
  }

  /** Notes what came of a use, for its holder to be told. */
  tell(nonce: string, outcome: string): void {
    const use = this.#used.get(nonce);
    if (use !== undefined) this.#used.set(nonce, { ...use, outcome });
  }

  /** What came of a use, as its holder may know for a while. */
  told(nonce: string, holder: string): string | undefined {
    const use = this.#used.get(nonce);
    return use?.holder === holder ? use.outcome : undefined;
  }

  #mac(head: string, { holder, purpose }: KeyUse): string {
    return createHmac("sha256", this.#secret)
      .update(JSON.stringify([head, holder, purpose])).digest("base64url");
  }

  #forgetOld(): void {
    for (const [nonce, { at }] of this.#used) {
      if (!hasPassed(KEY_MS, { since: at, clock: this.#clock })) return;
      this.#used.delete(nonce);
    }
  }
}

/** Who uses a key, and what for. */
interface KeyUse {
  readonly holder: string;
  readonly purpose: string;
}

interface Use {
  readonly holder: string;
  readonly at: ReturnType<typeof momentOf>;
  readonly outcome?: string;
}
