import type { Clock, Timer } from "../../shared/clock.ts";
import { sha256Hex } from "../../shared/digest.ts";
import { AppError, invalidInput } from "../../shared/errors.ts";
import {
  type Credentials,
  missingScope,
  type Principal,
  withImplied,
} from "../../shared/http/mod.ts";
import type { NewId } from "../../shared/ids.ts";
import type { Logger } from "../../shared/log.ts";
import type { PageRequest } from "../../shared/page.ts";
import type { Automation } from "../automation/mod.ts";
import type { NamedToken, NewToken, Page, Stores } from "../store/mod.ts";

/** What a secret begins with; the table of secrets knows it. */
const PREFIX = "baat_";
const SECRET = /^baat_[A-Za-z0-9_-]{43}$/;

/** More is a mistake of whoever makes them. */
const MAX_TOKENS = 100;

/** A timer cannot wait longer. */
const MAX_WAIT_MS = 2_147_483_647;

/**
 * The named tokens: makes them, lists them, ends them, and tells whose a secret
 * is. Each request looks into the database, so a token ends everywhere at once;
 * what it has open here ends with it, on another conductor when its client asks
 * for something the next time.
 */
export class NamedTokens implements Credentials {
  readonly #options: NamedTokensOptions;
  readonly #live = new Map<string, LiveToken>();

  constructor(options: NamedTokensOptions) {
    this.#options = options;
  }

  /** Why none can be made; undefined when one can. */
  get unavailable(): string | undefined {
    return this.#options.hasSharedToken ? undefined : "no shared token is set";
  }

  identify(secret: string): Principal | undefined {
    if (!SECRET.test(secret)) return undefined;
    const { store, clock, log } = this.#options;
    try {
      const token = store.findByHash(sha256Hex(secret));
      if (token === undefined || expiryOf(token) <= clock.now()) {
        return undefined;
      }
      return this.#liveToken(token).principal;
    } catch (error) {
      log.error("Cannot look a token up", { error });
      return undefined;
    }
  }

  /**
   * Makes a token; its secret is returned here and never again.
   * @throws {AppError} `INVALID_INPUT`; `SCOPE_REQUIRED` when the maker lacks
   * what it would give; `CONFLICT`; `NOT_LEADER`
   */
  create(
    { name, scopes, expires_at }: NewToken,
    maker: Principal,
  ): NamedToken & { readonly token: string } {
    const { store, leadership, newId, clock } = this.#options;
    if (this.unavailable !== undefined) {
      throw cannotMake(
        "no shared token is set, so whoever is here is the owner",
      );
    }
    for (const scope of scopes) {
      const missing = missingScope(maker, scope);
      if (missing !== undefined) throw missing;
    }
    const now = clock.now();
    const expiry = expires_at ? Date.parse(expires_at) : null;
    if (expiry !== null && expiry <= now) {
      throw invalidInput("expires_at", "must lie in the future", {
        message: "Cannot accept the body",
      });
    }
    const secret = PREFIX + randomText();
    const tokenId = newId("token");
    return leadership.write(() => {
      // Those that count no more hold neither a name nor a place.
      store.deleteExpired(now);
      if (store.has(name)) throw cannotMake(`"${name}" is a token already`);
      if (store.count() >= MAX_TOKENS) {
        throw cannotMake(`there are ${MAX_TOKENS} already`);
      }
      store.insert({
        token_id: tokenId,
        name,
        hash: sha256Hex(secret),
        scopes,
        created_at: now,
        created_by: maker.actor,
        expires_at: expiry,
      });
      return { ...this.#get(tokenId), token: secret };
    });
  }

  /** Whether there is none, as far as that can be told now. */
  get isEmpty(): boolean {
    try {
      return this.#options.store.count() === 0;
    } catch {
      return false;
    }
  }

  /** Newest first; also those that have expired, until another is made. */
  list(page: PageRequest): Page<NamedToken> {
    return this.#options.store.list(page);
  }

  /**
   * Ends a token, and what its holder has open here.
   * @throws {AppError} `NOT_FOUND`, `NOT_LEADER`
   */
  revoke(tokenId: string): NamedToken {
    const { store, leadership } = this.#options;
    const token = leadership.write(() => {
      const found = this.#get(tokenId);
      store.delete(tokenId);
      return found;
    });
    this.#end(tokenId, "it was revoked");
    return token;
  }

  /** Stops waiting for tokens to expire. */
  close(): void {
    for (const { timer } of this.#live.values()) timer?.cancel();
    this.#live.clear();
  }

  #get(tokenId: string): NamedToken {
    const token = this.#options.store.get(tokenId);
    if (token !== undefined) return token;
    throw new AppError("NOT_FOUND", `Cannot find token "${tokenId}"`);
  }

  #liveToken(token: NamedToken): LiveToken {
    const known = this.#live.get(token.token_id);
    if (known !== undefined) return known;
    const ended = new AbortController();
    const live: LiveToken = {
      principal: {
        actor: token.name,
        scopes: withImplied(token.scopes),
        ended: ended.signal,
      },
      ended,
      timer: undefined,
    };
    this.#live.set(token.token_id, live);
    this.#await(token, live);
    return live;
  }

  /** Ends a token when its time has come. */
  #await(token: NamedToken, live: LiveToken): void {
    const left = expiryOf(token) - this.#options.clock.now();
    if (left === Infinity) return;
    if (left <= 0) return this.#end(token.token_id, "it has expired");
    live.timer = this.#options.clock.after(
      Math.min(left, MAX_WAIT_MS),
      () => this.#await(token, live),
    );
  }

  #end(tokenId: string, why: string): void {
    const live = this.#live.get(tokenId);
    if (live === undefined) return;
    this.#live.delete(tokenId);
    live.timer?.cancel();
    const message = `Cannot go on with this token: ${why}`;
    live.ended.abort(new AppError("UNAUTHORIZED", message));
  }
}

interface NamedTokensOptions {
  readonly store: Stores["tokens"];
  readonly leadership: Pick<Automation["leadership"], "write">;
  readonly hasSharedToken: boolean;
  readonly newId: NewId;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A token that was presented here. */
interface LiveToken {
  readonly principal: Principal;
  readonly ended: AbortController;
  timer: Timer | undefined;
}

function expiryOf({ expires_at }: NamedToken): number {
  return expires_at === null ? Infinity : Date.parse(expires_at);
}

/** 256 random bits. */
function randomText(): string {
  return crypto.getRandomValues(new Uint8Array(32))
    .toBase64({ alphabet: "base64url", omitPadding: true });
}

function cannotMake(reason: string): AppError {
  return new AppError("CONFLICT", `Cannot make a token: ${reason}`);
}
