import type { Clock } from "../clock.ts";
import { AppError, invalidInput } from "../errors.ts";
import { canonicalAddress } from "../ip_address.ts";
import type { Logger } from "../log.ts";
import { formatAuthority, parseAuthority } from "./authority.ts";
import { hasBody, type HeaderMap, isForwarding } from "./headers.ts";
import { type HostRules, Hosts } from "./hosts.ts";
import { Lockout } from "./lockout.ts";
import { isJsonType } from "./media_type.ts";
import { allowsPage, type OriginRules } from "./origins.ts";
import type { Caller, RouteInfo, Zone } from "./route.ts";
import { bearerToken, sameSecret } from "./token.ts";

/** What the ladder judges by; all of it from the configuration. */
export interface GuardConfig extends HostRules {
  /** `BAA_ALLOWED_ORIGINS`. */
  readonly allowedOrigins: readonly string[];
  /** `BAA_PUBLIC_PROXY_ADDRESSES`. */
  readonly proxyAddresses: readonly string[];
  /** `BAA_SHARED_TOKEN`. */
  readonly token: string | undefined;
}

/** The part of a request that the ladder reads, before any of its body. */
export interface Knock {
  readonly method: string;
  readonly headers: HeaderMap;
  /** The authority in the request's target: differs from `Host` in absolute form. */
  readonly targetAuthority: string;
  readonly remoteAddress: string;
  readonly requestId: string;
}

/** The part of a route that the ladder reads. */
export interface Door extends Pick<RouteInfo, "id" | "exposure">, OriginRules {
  /** Where else than in `Authorization` the token may stand. */
  tokenFrom?(headers: HeaderMap): string | undefined;
}

/** Ways to write the names that this daemon answers to: case, a trailing dot. */
const MAX_SPELLINGS = 64;

/** A header may be 64 KiB long; a log line need not. */
const MAX_LOGGED = 200;

/**
 * The ladder that each request climbs before any route code: Host, zone,
 * origin, content type, token. (Size and rate are the dispatcher's.)
 */
export class Guard {
  readonly #token: string | undefined;
  readonly #hosts: Hosts;
  /** Hosts that were let in, as they were written: most requests repeat one. */
  readonly #spellings = new Map<string, Zone>();
  readonly #origins: ReadonlySet<string>;
  readonly #proxies: ReadonlySet<string>;
  readonly #lockout: Lockout;
  readonly #log: Logger;

  constructor(
    config: GuardConfig,
    ports: { readonly clock: Clock; readonly log: Logger },
  ) {
    this.#token = config.token;
    this.#hosts = new Hosts(config);
    this.#origins = new Set([
      ...this.#hosts.ownOrigins,
      ...config.allowedOrigins,
    ]);
    this.#proxies = new Set(config.proxyAddresses.map(canonicalAddress));
    this.#lockout = new Lockout(ports.clock);
    this.#log = ports.log;
  }

  /**
   * Lets a request in, or throws the `AppError` that refuses it.
   * `door` is the route that it wants; undefined when there is none.
   */
  admit(knock: Knock, door: Door | undefined): Caller {
    const address = canonicalAddress(knock.remoteAddress);
    const zone = this.#zone(knock, this.#checkHost(knock), address);
    const presented = this.#presentedToken(knock, door);
    const authenticated = this.#isToken(presented);
    const lockedSeconds = this.#lockout.secondsLeft(address);
    if (presented !== undefined && !authenticated) this.#lockout.fail(address);
    if (door !== undefined && zone === "public") {
      this.#checkExposure(knock, door, authenticated);
    }
    this.#checkOrigin(knock, door);
    checkContentType(knock.headers);
    if (door !== undefined && door.exposure !== "public" && !authenticated) {
      this.#demandToken(knock, lockedSeconds);
    }
    const { requestId } = knock;
    return { requestId, zone, authenticated, remoteAddress: address };
  }

  #checkHost(knock: Knock): Zone {
    const header = knock.headers.get("host");
    if (header === undefined || header === "") {
      throw invalidInput("host", "Required", {
        message: "Cannot answer: the request has no Host header",
      });
    }
    const known = this.#spellings.get(header);
    if (known !== undefined && header === knock.targetAuthority) return known;
    const authority = parseAuthority(header);
    const zone = authority && this.#hosts.zoneOf(authority);
    const target = parseAuthority(knock.targetAuthority);
    const same = authority !== undefined && target !== undefined &&
      formatAuthority(authority) === formatAuthority(target);
    if (zone === undefined || !same) {
      this.#refused(knock, "HOST_NOT_ALLOWED", {
        host: header.slice(0, MAX_LOGGED),
        target: knock.targetAuthority.slice(0, MAX_LOGGED),
        allow_with: "BAA_ALLOWED_HOSTS",
      });
      throw new AppError("HOST_NOT_ALLOWED");
    }
    if (this.#spellings.size < MAX_SPELLINGS) this.#spellings.set(header, zone);
    return zone;
  }

  #zone(knock: Knock, hostZone: Zone, address: string): Zone {
    if (hostZone === "public" || this.#proxies.has(address)) return "public";
    for (const name of knock.headers.keys()) {
      if (isForwarding(name)) return "public";
    }
    return "local";
  }

  #presentedToken(knock: Knock, door: Door | undefined): string | undefined {
    if (this.#token === undefined) return undefined;
    return bearerToken(knock.headers) ?? door?.tokenFrom?.(knock.headers);
  }

  #isToken(presented: string | undefined): boolean {
    return this.#token !== undefined && presented !== undefined &&
      sameSecret(this.#token, presented);
  }

  #checkExposure(knock: Knock, door: Door, authenticated: boolean): void {
    const open = door.exposure === "public" ||
      (door.exposure === "token" && authenticated);
    if (open) return;
    this.#refused(knock, "NOT_EXPOSED", {
      route: door.id,
      exposure: door.exposure,
    });
    throw new AppError("NOT_EXPOSED");
  }

  #checkOrigin(knock: Knock, door: Door | undefined): void {
    if (allowsPage(knock, this.#origins, door)) return;
    this.#refused(knock, "ORIGIN_NOT_ALLOWED", {
      origin: knock.headers.get("origin")?.slice(0, MAX_LOGGED),
      fetch_site: knock.headers.get("sec-fetch-site")?.slice(0, MAX_LOGGED),
      allow_with: "BAA_ALLOWED_ORIGINS",
    });
    throw new AppError("ORIGIN_NOT_ALLOWED");
  }

  #demandToken(knock: Knock, lockedSeconds: number): void {
    if (this.#token === undefined) return;
    if (lockedSeconds > 0) {
      this.#refused(knock, "TOO_MANY_REQUESTS", { reason: "wrong tokens" });
      throw new AppError(
        "TOO_MANY_REQUESTS",
        "Cannot answer now: too many wrong tokens came from this address",
        { headers: { "retry-after": String(lockedSeconds) } },
      );
    }
    this.#refused(knock, "UNAUTHORIZED", {});
    throw new AppError("UNAUTHORIZED", undefined, {
      headers: { "www-authenticate": "Bearer" },
    });
  }

  #refused(
    knock: Knock,
    code: string,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    this.#log.warn("Refused a request", {
      code,
      request_id: knock.requestId,
      remote_address: knock.remoteAddress,
      ...fields,
    });
  }
}

/** A body must be JSON, so that a form or a no-cors fetch never reaches a handler. */
function checkContentType(headers: HeaderMap): void {
  const type = headers.get("content-type");
  if (!hasBody(headers) || isJsonType(type)) return;
  throw new AppError("UNSUPPORTED_MEDIA_TYPE", undefined, {
    details: { content_type: type?.slice(0, MAX_LOGGED) ?? null },
  });
}
