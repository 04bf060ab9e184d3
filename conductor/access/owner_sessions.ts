import { createHmac } from "node:crypto";
import {
  type AuditActor,
  audited,
  type AuditPort,
} from "../../shared/audit.ts";
import type { Clock } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import {
  type Lockout,
  type Principal,
  sameSecret,
  type Sessions,
  tokenRefusal,
  withImplied,
} from "../../shared/http/mod.ts";
import type { Logger } from "../../shared/log.ts";
import { newNonce } from "../../shared/proof.ts";
import type { Stores } from "../store/mod.ts";
import { hasPassed, type Moment, momentOf } from "./moment.ts";

const SESSION_MS = 12 * 3_600_000;

/** More browsers than an owner has; the oldest session makes room. */
const MAX_SESSIONS = 100;

/** The cookie, wherever it stands among others; a page of another port may have set some, for each part of a path. */
const COOKIE = /(?:^|;)\s*baa_session=([A-Za-z0-9_-]{22})(?=\s*(?:;|$))/g;
const MAX_COOKIES = 24;

/**
 * The sessions that the owner opens with the shared token, to look at the pages
 * in a browser. What the database keeps of a cookie is a hash keyed with that
 * token: under another token it is nobody's. Each request looks it up, so that
 * one that was ended counts on no conductor any more.
 */
export class OwnerSessions implements Sessions {
  readonly #options: OwnerSessionsOptions;
  /** When each was met here first, by its id: the clock of the wall may be set back. */
  readonly #met = new Map<string, Moment>();

  constructor(options: OwnerSessionsOptions) {
    this.#options = options;
  }

  /** Why none can be opened; undefined when one can. */
  get unavailable(): string | undefined {
    return this.#options.token === undefined
      ? "no shared token is set, so the pages are open"
      : undefined;
  }

  /** Why nobody can be told to have one, now that the database does not work. */
  get outage(): AppError | undefined {
    return this.#options.outage();
  }

  identify(headers: ReadonlyMap<string, string>): Principal | undefined {
    const session = this.#idsIn(headers.get("cookie")).find((it) =>
      this.#counts(it)
    );
    return session === undefined
      ? undefined
      : { actor: "owner", scopes: withImplied(["admin"]), session };
  }

  /**
   * Opens a session, and returns the `Set-Cookie` that keeps it.
   * @throws {AppError} UNAUTHORIZED; TOO_MANY_REQUESTS after many wrong tokens
   * from one address; CONFLICT where no token is set; NOT_READY when the
   * database does not work, or cannot record it and has to
   */
  async open(presented: string, caller: Caller): Promise<string> {
    const { store, token, lockout, clock, log } = this.#options;
    if (token === undefined) {
      throw new AppError("CONFLICT", `Cannot sign in: ${this.unavailable}`, {
        hint:
          "Open GET /v1/status/ui, or set BAA_SHARED_TOKEN to have the pages ask for it.",
      });
    }
    if (!sameSecret(token, presented)) {
      const { requestId, remoteAddress } = caller;
      const refusal = tokenRefusal(lockout.secondsLeft(remoteAddress));
      lockout.fail(remoteAddress);
      log.warn("Refused to open a session: the token is wrong", {
        code: refusal.code,
        request_id: requestId,
        remote_address: remoteAddress,
      });
      throw refusal;
    }
    if (this.outage !== undefined) throw this.outage;
    return await this.#audited(caller, "open", () => {
      const secret = newNonce();
      const now = clock.now();
      const session = {
        hash: hashOf(secret, token),
        ends_at: now + SESSION_MS,
      };
      store.open(session, { now, most: MAX_SESSIONS });
      this.#met.set(session.hash, momentOf(clock));
      return cookie(secret, SESSION_MS / 1000);
    });
  }

  /**
   * Ends the session of a request, if it has one, and returns the `Set-Cookie`
   * that forgets it.
   * @throws {AppError} NOT_READY when the database cannot be written to
   */
  async end(cookies: string | null, caller: Caller): Promise<string> {
    const known = this.#idsIn(cookies).filter((it) => this.#counts(it));
    if (known.length > 0) {
      const { store } = this.#options;
      await this.#audited(caller, "end", () => store.end(known));
    }
    return cookie("", 0);
  }

  #idsIn(cookies: string | null | undefined): string[] {
    const { token } = this.#options;
    if (token === undefined) return [];
    return (cookies ?? "").matchAll(COOKIE).take(MAX_COOKIES)
      .map(([, secret = ""]) => hashOf(secret, token)).toArray();
  }

  #counts(id: string): boolean {
    const { store, clock, log } = this.#options;
    if (this.outage !== undefined) return false;
    try {
      const end = store.endOf(id);
      if (end === undefined || end <= clock.now()) return false;
      // No more are kept; one that was forgotten is met anew.
      if (this.#met.size > 2 * MAX_SESSIONS) this.#met.clear();
      const since = this.#met.get(id) ?? momentOf(clock);
      this.#met.set(id, since);
      return !hasPassed(SESSION_MS, { since, clock });
    } catch (error) {
      log.error("Cannot look a session up", { error });
      return false;
    }
  }

  async #audited<T>(
    { requestId, remoteAddress }: Caller,
    what: "open" | "end",
    work: () => T,
  ): Promise<T> {
    const actor: AuditActor = {
      name: "owner",
      source: "http",
      request_id: requestId,
      remote_address: remoteAddress,
    };
    const intent = { action: "status.session", actor, target: { what } };
    return await audited(
      this.#options.audit,
      intent,
      () => Promise.resolve(work()),
    );
  }
}

interface OwnerSessionsOptions {
  readonly store: Stores["ownerSessions"];
  /** Why the database is not used any more. */
  readonly outage: () => AppError | undefined;
  /** The shared token; without one there are no sessions. */
  readonly token: string | undefined;
  /** The guard's own: a wrong token is a wrong token. */
  readonly lockout: Lockout;
  readonly audit: AuditPort;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Who asks, before it is known who that is. */
interface Caller {
  readonly requestId: string;
  readonly remoteAddress: string;
}

function hashOf(secret: string, token: string): string {
  return createHmac("sha256", token).update(secret).digest("hex");
}

function cookie(value: string, seconds: number): string {
  return `baa_session=${value}; Path=/v1/status; Max-Age=${seconds}; HttpOnly; SameSite=Strict`;
}
