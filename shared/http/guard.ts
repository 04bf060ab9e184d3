import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { formatAuthority, parseAuthority } from "./authority.ts";
import { type HostRules, Hosts } from "./hosts.ts";
import { Lockout } from "./lockout.ts";
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

/** Request headers by lower-case name, copied once. */
export type HeaderMap = ReadonlyMap<string, string>;

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
export interface Door extends Pick<RouteInfo, "id" | "exposure"> {
  readonly navigable?: boolean;
  allowsOrigin?(origin: string): boolean;
  /** Where else than in `Authorization` the token may stand. */
  tokenFrom?(headers: HeaderMap): string | undefined;
}

/** Headers that only something between the client and this daemon adds. */
function isForwarding(name: string): boolean {
  return name.startsWith("x-forwarded-") || name.startsWith("cf-") ||
    name.startsWith("tailscale-") || name === "forwarded" || name === "via" ||
    name === "x-real-ip";
}

/**
 * The ladder that each request climbs before any route code: Host, zone,
 * origin, content type, token. (Size and rate are the dispatcher's.)
 */
export class Guard {
  readonly #config: GuardConfig;
  readonly #hosts: Hosts;
  readonly #lockout: Lockout;
  readonly #origins: ReadonlySet<string>;
  readonly #log: Logger;

  constructor(
    config: GuardConfig,
    ports: { readonly clock: Clock; readonly log: Logger },
  ) {
    this.#config = config;
    this.#hosts = new Hosts(config);
    this.#origins = new Set([
      ...this.#hosts.ownOrigins,
      ...config.allowedOrigins,
    ]);
    this.#lockout = new Lockout(ports.clock);
    this.#log = ports.log;
  }

  /**
   * Lets a request in, or throws the `AppError` that refuses it.
   * `door` is the route that it wants; undefined when there is none.
   */
  admit(knock: Knock, door: Door | undefined): Caller {
    const hostZone = this.#checkHost(knock);
    const zone = this.#zone(knock, hostZone);
    const address = canonicalAddress(knock.remoteAddress);
    const presented = this.#presentedToken(knock, door);
    const authenticated = this.#isToken(presented);
    if (presented !== undefined && !authenticated) this.#lockout.fail(address);
    if (door !== undefined && zone === "public") {
      this.#checkExposure(knock, door, authenticated);
    }
    this.#checkOrigin(knock, door);
    checkContentType(knock.headers);
    if (door !== undefined && door.exposure !== "public" && !authenticated) {
      this.#demandToken(knock, address);
    }
    return {
      requestId: knock.requestId,
      zone,
      authenticated,
      remoteAddress: address,
    };
  }

  #checkHost(knock: Knock): Zone {
    const header = knock.headers.get("host");
    if (header === undefined || header === "") {
      throw new AppError(
        "INVALID_INPUT",
        "Cannot answer: the request has no Host header",
      );
    }
    const authority = parseAuthority(header);
    const zone = authority && this.#hosts.zoneOf(authority);
    const target = parseAuthority(knock.targetAuthority);
    const same = authority !== undefined && target !== undefined &&
      formatAuthority(authority) === formatAuthority(target);
    if (zone === undefined || !same) {
      this.#refused(knock, "HOST_NOT_ALLOWED", {
        host: header,
        target: knock.targetAuthority,
        allow_with: "BAA_ALLOWED_HOSTS",
      });
      throw new AppError("HOST_NOT_ALLOWED");
    }
    return zone;
  }

  #zone(knock: Knock, hostZone: Zone): Zone {
    if (hostZone === "public") return "public";
    const remote = canonicalAddress(knock.remoteAddress);
    if (this.#config.proxyAddresses.includes(remote)) return "public";
    for (const name of knock.headers.keys()) {
      if (isForwarding(name)) return "public";
    }
    return "local";
  }

  #presentedToken(knock: Knock, door: Door | undefined): string | undefined {
    if (this.#config.token === undefined) return undefined;
    return bearerToken(knock.headers) ?? door?.tokenFrom?.(knock.headers);
  }

  #isToken(presented: string | undefined): boolean {
    return this.#config.token !== undefined && presented !== undefined &&
      sameSecret(this.#config.token, presented);
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
    const { headers } = knock;
    const origin = headers.get("origin");
    if (origin !== undefined) {
      const allowed = door?.allowsOrigin === undefined
        ? this.#origins.has(origin)
        : door.allowsOrigin(origin);
      if (allowed && origin !== "null") return;
    } else {
      const site = headers.get("sec-fetch-site");
      if (site === undefined || site === "none" || site === "same-origin") {
        return;
      }
      const navigation = knock.method === "GET" &&
        headers.get("sec-fetch-mode") === "navigate" &&
        headers.get("sec-fetch-dest") === "document";
      if (navigation && door?.navigable === true) return;
    }
    this.#refused(knock, "ORIGIN_NOT_ALLOWED", {
      origin,
      allow_with: "BAA_ALLOWED_ORIGINS",
    });
    throw new AppError("ORIGIN_NOT_ALLOWED");
  }

  #demandToken(knock: Knock, address: string): void {
    if (this.#config.token === undefined) return;
    const wait = this.#lockout.secondsLeft(address);
    if (wait > 0) {
      this.#refused(knock, "TOO_MANY_REQUESTS", { reason: "wrong tokens" });
      throw new AppError(
        "TOO_MANY_REQUESTS",
        "Cannot answer now: too many wrong tokens came from this address",
        { headers: { "retry-after": String(wait) } },
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

const JSON_TYPE = /^application\/json *(; *charset="?utf-8"?)? *$/i;

/** A body must be JSON, so that a form or a no-cors fetch never reaches a handler. */
function checkContentType(headers: HeaderMap): void {
  const hasBody = headers.has("transfer-encoding") ||
    (headers.get("content-length") ?? "0") !== "0";
  const type = headers.get("content-type");
  if (!hasBody || (type !== undefined && JSON_TYPE.test(type.trim()))) return;
  throw new AppError("UNSUPPORTED_MEDIA_TYPE", undefined, {
    details: { content_type: type ?? null },
  });
}

/** Returns an address in one form: an IPv4 one mapped into IPv6 is IPv4. */
export function canonicalAddress(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, "");
}
