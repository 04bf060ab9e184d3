import type { Clock, Timer } from "../../shared/clock.ts";
import { sha256Hex } from "../../shared/digest.ts";
import { AppError, invalidInput } from "../../shared/errors.ts";
import {
  type Credentials,
  missingScope,
  type Principal,
  withImplied,
} from "../../shared/http/mod.ts";
import { type NewId, otherThan } from "../../shared/ids.ts";
import type { Logger } from "../../shared/log.ts";
import type { PageRequest } from "../../shared/page.ts";
import type { Automation } from "../automation/mod.ts";
import type { NamedToken, NewToken, Page, Stores } from "../store/mod.ts";

/** What a secret begins with; the table of secrets knows it. */
const PREFIX = "baat_";
const SECRET = /^baat_[A-Za-z0-9_-]{43}$/;

/** More is a mistake of whoever makes them. */
const MAX_TOKENS = 100;

/** How often is looked whether the tokens in use still count. */
const LOOK_EVERY_MS = 1000;

/**
 * The named tokens: makes them, lists them, ends them, and tells whose a secret
 * is. Each request looks into the database, so a token ends everywhere at once;
 * what it has open ends with it, on another conductor within a second. A token
 * never outlives the one that it was made with.
 */
export class NamedTokens implements Credentials {
  readonly #options: NamedTokensOptions;
  readonly #live = new Map<string, LiveToken>();
  #timer: Timer | undefined;

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
   * @throws {AppError} `INVALID_INPUT`, also for an expiry after the maker's;
   * `SCOPE_REQUIRED` when the maker lacks what it would give; `UNAUTHORIZED`
   * when the maker has ended meanwhile; `CONFLICT`; `NOT_LEADER`
   */
  create(
    { name, scopes, expires_at }: NewToken,
    maker: Principal,
  ): NamedToken & { readonly token: string } {
    const { store, leadership, newId, clock } = this.#options;
    if (this.unavailable !== undefined) {
      throw cannotMake(
        "no shared token is set, so whoever is here is the owner",
        "Set BAA_SHARED_TOKEN and start conductor again.",
      );
    }
    for (const scope of scopes) {
      const missing = missingScope(maker, scope);
      if (missing !== undefined) throw missing;
    }
    const now = clock.now();
    if (expires_at && Date.parse(expires_at) <= now) {
      throw invalidExpiry("must lie in the future");
    }
    const secret = PREFIX + randomText();
    const tokenId = newId("token");
    return leadership.write(() => {
      // Those that count no more hold neither a name nor a place.
      store.deleteExpired(now);
      const madeWith = this.#tokenOf(maker);
      const expiry = expiryWithin(madeWith?.expires_at ?? null, expires_at);
      if (store.findByName(name) !== undefined) {
        throw cannotMake(`"${name}" is a token already`);
      }
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
        made_by: madeWith?.token_id ?? null,
        expires_at: expiry === null ? null : Date.parse(expiry),
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
   * Ends a token, all that was made with it, and what their holders have open.
   * @throws {AppError} `NOT_FOUND`, `NOT_LEADER`
   */
  revoke(tokenId: string): RevokedToken {
    const { store, leadership } = this.#options;
    const { token, made } = leadership.write(() => {
      const token = this.#get(tokenId);
      const made = store.madeWith(tokenId);
      for (const { token_id } of [token, ...made]) store.delete(token_id);
      return { token, made };
    });
    this.#end(tokenId, "it was revoked");
    for (const { token_id } of made) {
      this.#end(token_id, `"${token.name}", which made it, was revoked`);
    }
    if (made.length === 0) return token;
    return { ...token, also_ended: made.map((it) => it.name) };
  }

  /** Stops looking whether tokens still count. */
  close(): void {
    this.#timer?.cancel();
    this.#live.clear();
  }

  #get(tokenId: string): NamedToken {
    const token = this.#options.store.get(tokenId);
    if (token !== undefined) return token;
    throw new AppError("NOT_FOUND", `Cannot find token "${tokenId}"`, {
      hint: `${otherThan(tokenId, "token")}GET /v1/tokens lists the tokens.`,
    });
  }

  /** The token that `maker` came with; undefined for the owner. */
  #tokenOf({ actor }: Principal): NamedToken | undefined {
    if (actor === OWNER) return undefined;
    const token = this.#options.store.findByName(actor);
    if (token !== undefined) return token;
    throw new AppError(
      "UNAUTHORIZED",
      "Cannot make a token: yours counts no more",
    );
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
      expiry: expiryOf(token),
    };
    this.#live.set(token.token_id, live);
    this.#lookLater();
    return live;
  }

  /** Waits until the next token expires, but for no longer than a second. */
  #lookLater(): void {
    this.#timer?.cancel();
    if (this.#live.size === 0) return;
    const { clock } = this.#options;
    const next = Math.min(...[...this.#live.values()].map((it) => it.expiry));
    const left = Math.max(0, next - clock.now());
    this.#timer = clock.after(
      Math.min(left, LOOK_EVERY_MS),
      () => this.#look(),
    );
  }

  /** Ends what has expired, and what another conductor has revoked. */
  #look(): void {
    const now = this.#options.clock.now();
    const ids = this.#ids();
    for (const [tokenId, { expiry }] of [...this.#live]) {
      if (expiry <= now) this.#end(tokenId, "it has expired");
      else if (ids?.has(tokenId) === false) {
        this.#end(tokenId, "it was revoked");
      }
    }
    this.#lookLater();
  }

  /** Undefined when that cannot be told now. */
  #ids(): ReadonlySet<string> | undefined {
    try {
      return this.#options.store.ids();
    } catch (error) {
      this.#options.log.warn("Cannot look which tokens count", { error });
      return undefined;
    }
  }

  #end(tokenId: string, why: string): void {
    const live = this.#live.get(tokenId);
    if (live === undefined) return;
    this.#live.delete(tokenId);
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
  readonly expiry: number;
}

type RevokedToken = NamedToken & {
  /** The names of those that were made with it; left out when there are none. */
  also_ended?: string[];
};

/** Who comes with the shared token. */
const OWNER = "owner";

function expiryOf({ expires_at }: NamedToken): number {
  return expires_at === null ? Infinity : Date.parse(expires_at);
}

/**
 * The expiry of a token whose maker's is `latest`.
 * @throws {AppError} `INVALID_INPUT` when it is asked to be later
 */
function expiryWithin(
  latest: string | null,
  wanted: string | null | undefined,
): string | null {
  if (latest === null) return wanted ?? null;
  if (wanted === undefined) return latest;
  if (wanted !== null && Date.parse(wanted) <= Date.parse(latest)) {
    return wanted;
  }
  throw invalidExpiry(
    `must be at most ${latest}, when the token that makes it expires`,
  );
}

function invalidExpiry(message: string): AppError {
  return invalidInput("expires_at", message, {
    message: "Cannot accept the body",
  });
}

/** 256 random bits. */
function randomText(): string {
  return crypto.getRandomValues(new Uint8Array(32))
    .toBase64({ alphabet: "base64url", omitPadding: true });
}

function cannotMake(
  reason: string,
  hint = "GET /v1/tokens lists them; DELETE /v1/tokens/<id> makes room.",
): AppError {
  return new AppError("CONFLICT", `Cannot make a token: ${reason}`, { hint });
}
