import {
  type AuditActor,
  audited,
  type AuditPort,
} from "../../shared/audit.ts";
import type { Clock } from "../../shared/clock.ts";
import { sha256Hex } from "../../shared/digest.ts";
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
import { hasPassed, type Moment, momentOf } from "./moment.ts";

const SESSION_MS = 12 * 3_600_000;

/** More browsers than an owner has; the oldest session makes room. */
const MAX_SESSIONS = 100;

/** The cookie, wherever it stands among others; a page of another port may have set one as well. */
const COOKIE = /(?:^|;)\s*baa_session=([A-Za-z0-9_-]{22})(?=\s*(?:;|$))/g;
const MAX_COOKIES = 8;

/**
 * The sessions that the owner opens with the shared token, to look at the pages
 * in a browser. Only the SHA-256 of a cookie is kept, and in memory alone: a
 * session ends with the daemon that knew the token.
 */
export class OwnerSessions implements Sessions {
  readonly #options: OwnerSessionsOptions;
  /** When each was opened, by its id, the oldest first. */
  readonly #opened = new Map<string, Moment>();

  constructor(options: OwnerSessionsOptions) {
    this.#options = options;
  }

  /** Why none can be opened; undefined when one can. */
  get unavailable(): string | undefined {
    return this.#options.token === undefined
      ? "no shared token is set, so the pages are open"
      : undefined;
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
   * from one address; CONFLICT where no token is set; NOT_READY when it cannot
   * be recorded and has to be
   */
  async open(presented: string, caller: Caller): Promise<string> {
    const { token, lockout, log } = this.#options;
    if (token === undefined) {
      throw new AppError("CONFLICT", `Cannot sign in: ${this.unavailable}`);
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
    return await this.#audited(caller, "open", () => {
      const secret = newNonce();
      const [oldest = ""] = this.#opened.keys();
      if (this.#opened.size >= MAX_SESSIONS) this.#opened.delete(oldest);
      this.#opened.set(sha256Hex(secret), momentOf(this.#options.clock));
      return cookie(secret, SESSION_MS / 1000);
    });
  }

  /**
   * Ends the session of a request, if it has one, and returns the `Set-Cookie`
   * that forgets it.
   * @throws {AppError} NOT_READY when it cannot be recorded and has to be
   */
  async end(cookies: string | null, caller: Caller): Promise<string> {
    const known = this.#idsIn(cookies).filter((it) => this.#counts(it));
    if (known.length > 0) {
      await this.#audited(caller, "end", () => {
        for (const id of known) this.#opened.delete(id);
      });
    }
    return cookie("", 0);
  }

  #idsIn(cookies: string | null | undefined): string[] {
    return (cookies ?? "").matchAll(COOKIE).take(MAX_COOKIES)
      .map(([, secret = ""]) => sha256Hex(secret)).toArray();
  }

  #counts(id: string): boolean {
    const opened = this.#opened.get(id);
    return opened !== undefined &&
      !hasPassed(SESSION_MS, { since: opened, clock: this.#options.clock });
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

function cookie(value: string, seconds: number): string {
  return `baa_session=${value}; Path=/v1/status; Max-Age=${seconds}; HttpOnly; SameSite=Strict`;
}
