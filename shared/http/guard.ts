import { formatAuthority, parseAuthority } from "../authority.ts";
import type { Clock } from "../clock.ts";
import { AppError, ERRORS, invalidInput } from "../errors.ts";
import { canonicalAddress } from "../ip_address.ts";
import type { LogFields, Logger } from "../log.ts";
import { declaresBody, takesType } from "./body.ts";
import { type HostRules, Hosts } from "./hosts.ts";
import { Lockout, tokenRefusal } from "./lockout.ts";
import type {
  Caller,
  HeaderMap,
  Principal,
  RouteInfo,
  RouteRules,
  Zone,
} from "./route.ts";
import { ALL_SCOPES, missingScope } from "./scopes.ts";
import type { RequestTarget } from "./target.ts";
import { bearerToken, sameSecret } from "./token.ts";

/**
 * The ladder that each request climbs before any route code: Host, zone,
 * origin, content type, token, scope. (Size and rate are the dispatcher's.)
 */
export class Guard {
  readonly #token: string | undefined;
  readonly #socketKey: SocketKey | undefined;
  readonly #credentials: readonly Credentials[];
  readonly #sessions: Sessions | undefined;
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
    this.#socketKey = config.socketKey;
    this.#credentials = config.credentials ?? [];
    this.#sessions = config.sessions;
    this.#hosts = new Hosts(config);
    this.#origins = new Set([
      ...this.#hosts.ownOrigins,
      ...config.allowedOrigins,
    ]);
    this.#proxies = new Set(config.proxyAddresses.map(canonicalAddress));
    this.#lockout = config.lockout ?? new Lockout(ports.clock);
    this.#log = ports.log;
  }

  /**
   * Lets a request in, or throws the `AppError` that refuses it.
   * `route` is the route that it wants; undefined when there is none.
   */
  admit(request: GuardRequest, route: GuardedRoute | undefined): Caller {
    const zone = this.#zone(request, this.#checkHost(request));
    // Before this one counts: the tenth wrong token is told that it is wrong.
    const lockedSeconds = this.#lockout.secondsLeft(request.remoteAddress);
    const caller = this.#callerOf(request, { route, zone });
    if (route !== undefined) this.#checkExposure(request, route, caller);
    this.#checkOrigin(request, route, caller);
    // What no route takes is told so, whatever its body is.
    if (route?.method === request.method) checkContentType(request, route);
    if (route === undefined) return caller;
    if (!caller.authenticated && isTokenless(route, request)) return caller;
    if (route.exposure !== "public" && caller.actor === ANONYMOUS.actor) {
      const outage = route.session && this.#sessions?.outage;
      if (outage) throw this.#refusal(request, outage);
      throw this.#demandToken(request, lockedSeconds);
    }
    this.#checkScope(request, route, caller);
    return caller;
  }

  /** Who calls; a wrong secret counts for the lockout, and its caller as nobody. */
  #callerOf(
    request: GuardRequest,
    { route, zone }: {
      readonly route: GuardedRoute | undefined;
      readonly zone: Zone;
    },
  ): Caller {
    const secret = bearerToken(request.headers) ??
      route?.tokenFrom?.(request.headers);
    // A session that is over is nobody's secret: it counts for no lockout.
    const presented = secret !== undefined
      ? this.#identify(secret, request)
      : route?.session && this.#sessions?.identify(request.headers);
    const isOpen = this.#token === undefined && !isOverSocket(request);
    if (secret !== undefined && presented === undefined && !isOpen) {
      this.#lockout.fail(request.remoteAddress);
    }
    // In the public zone what is not the owner's counts as nothing.
    const known = zone === "local" || presented === OWNER
      ? presented
      : undefined;
    return {
      // Where no token is set, whoever is on the machine is its owner.
      ...known ?? (isOpen && zone === "local" ? LOCAL : ANONYMOUS),
      requestId: request.requestId,
      zone,
      authenticated: known !== undefined,
      remoteAddress: request.remoteAddress,
    };
  }

  /** Whose secret it is. Over the socket only its key is known, and nowhere else. */
  #identify(secret: string, request: GuardRequest): Principal | undefined {
    if (isOverSocket(request)) {
      const own = this.#socketKey;
      return own !== undefined && sameSecret(own.key, secret)
        ? { actor: own.actor, scopes: ALL_SCOPES }
        : undefined;
    }
    const token = this.#token;
    if (token !== undefined && sameSecret(token, secret)) return OWNER;
    for (const credentials of this.#credentials) {
      const known = credentials.identify(secret, request);
      if (known !== undefined) return known;
    }
    return undefined;
  }

  #checkHost(request: GuardRequest): Zone {
    const header = request.headers.get("host");
    if (header === undefined || header === "") {
      throw invalidInput("host", "Required", {
        message: "Cannot answer: the request has no Host header",
      });
    }
    const known = this.#spellings.get(header);
    if (known !== undefined && header === request.target.authority) {
      return known;
    }
    const authority = parseAuthority(header);
    const zone = authority && this.#hosts.zoneOf(authority);
    const target = parseAuthority(request.target.authority);
    const same = authority !== undefined && target !== undefined &&
      formatAuthority(authority) === formatAuthority(target);
    if (zone === undefined || !same) {
      throw this.#refusal(request, new AppError("HOST_NOT_ALLOWED"), {
        host: header.slice(0, MAX_LOGGED),
        target: request.target.authority.slice(0, MAX_LOGGED),
        allow_with: "BAA_ALLOWED_HOSTS",
      });
    }
    if (this.#spellings.size < MAX_SPELLINGS) this.#spellings.set(header, zone);
    return zone;
  }

  #zone(request: GuardRequest, hostZone: Zone): Zone {
    if (hostZone === "public" || this.#proxies.has(request.remoteAddress)) {
      return "public";
    }
    for (const name of request.headers.keys()) {
      if (FORWARDING.test(name)) return "public";
    }
    return "local";
  }

  #checkExposure(
    request: GuardRequest,
    route: GuardedRoute,
    { zone, authenticated, actor }: Caller,
  ): void {
    const open = zone === "local" || route.exposure === "public" ||
      (route.exposure === "token" && authenticated);
    if (open) return;
    throw this.#refusal(request, new AppError("NOT_EXPOSED"), {
      actor,
      route: route.id,
      exposure: route.exposure,
    });
  }

  #checkOrigin(
    request: GuardRequest,
    route: GuardedRoute | undefined,
    { actor }: Caller,
  ): void {
    if (this.#allowsPage(request, route)) return;
    const hint = route?.form
      ? "Only this daemon's own pages send this form: open /v1/status/ui."
      : ERRORS.ORIGIN_NOT_ALLOWED.remedy;
    const refused = new AppError("ORIGIN_NOT_ALLOWED", undefined, { hint });
    throw this.#refusal(request, refused, {
      actor,
      origin: request.headers.get("origin")?.slice(0, MAX_LOGGED),
      fetch_site: request.headers.get("sec-fetch-site")?.slice(0, MAX_LOGGED),
      ...(route?.form !== true && { allow_with: "BAA_ALLOWED_ORIGINS" }),
    });
  }

  /**
   * Tells whether a page may make this request. No `Origin` and no
   * `Sec-Fetch-Site` proves nothing: it is also what a plain client looks like.
   */
  #allowsPage(
    { method, headers }: GuardRequest,
    route: GuardedRoute | undefined,
  ): boolean {
    const origin = headers.get("origin");
    if (route?.form && method === route.method) {
      const site = headers.get("sec-fetch-site") ?? "same-origin";
      return site === "same-origin" && origin === originAt(headers.get("host"));
    }
    if (origin !== undefined) {
      // Sandboxed frames, files and redirects are all "null": nobody's origin.
      if (origin === "null") return false;
      return route?.allowsOrigin?.(origin) ?? this.#origins.has(origin);
    }
    const site = headers.get("sec-fetch-site");
    if (site === undefined || site === "none" || site === "same-origin") {
      return true;
    }
    return route?.navigable === true && method === "GET" &&
      headers.get("sec-fetch-mode") === "navigate" &&
      headers.get("sec-fetch-dest") === "document";
  }

  /** The refusal of who needs a token and has none that is known. */
  #demandToken(request: GuardRequest, lockedSeconds: number): AppError {
    return this.#refusal(request, tokenRefusal(lockedSeconds), {
      actor: ANONYMOUS.actor,
      ...(lockedSeconds > 0 && { reason: "wrong tokens" }),
    });
  }

  #checkScope(
    request: GuardRequest,
    { id, scope }: GuardedRoute,
    caller: Caller,
  ): void {
    const missing = missingScope(caller, scope);
    if (missing === undefined) return;
    const { actor } = caller;
    throw this.#refusal(request, missing, { actor, route: id, scope });
  }

  /** Logs why a request is refused, and returns what refuses it. */
  #refusal(
    request: GuardRequest,
    error: AppError,
    fields: LogFields = {},
  ): AppError {
    this.#log.warn("Refused a request", {
      code: error.code,
      request_id: request.requestId,
      remote_address: request.remoteAddress,
      ...fields,
    });
    return error;
  }
}

/** What the ladder judges by; all of it from the configuration. */
export interface GuardConfig extends HostRules {
  /** `BAA_ALLOWED_ORIGINS`. */
  readonly allowedOrigins: readonly string[];
  /** `BAA_PUBLIC_PROXY_ADDRESSES`. */
  readonly proxyAddresses: readonly string[];
  /** `BAA_SHARED_TOKEN`. */
  readonly token: string | undefined;
  /** What opens the daemon's own Unix socket, where it has one. */
  readonly socketKey?: SocketKey | undefined;
  /** What else than the shared token is known; it counts in the local zone alone. */
  readonly credentials?: readonly Credentials[];
  /** The owner's sessions; they count in the local zone alone. */
  readonly sessions?: Sessions;
  /** Counts wrong tokens. Default: one of the guard's own. */
  readonly lockout?: Lockout;
}

/** The remote address of whoever comes over the daemon's own Unix socket. */
export const OVER_SOCKET = "unix";

function isOverSocket({ remoteAddress }: GuardRequest): boolean {
  return remoteAddress === OVER_SOCKET;
}

/** The one secret that counts over the socket, and that counts nowhere else. */
export interface SocketKey {
  readonly key: string;
  readonly actor: string;
}

/** Secrets that stand for somebody: named tokens, a daemon's key. */
export interface Credentials {
  /** Whose secret it is; undefined when it is nobody's. Never throws. */
  identify(secret: string, request: GuardRequest): Principal | undefined;
}

/** The sessions of people. */
export interface Sessions {
  /** Why no session can be known just now; undefined: they can. */
  readonly outage?: AppError | undefined;
  /** Whose session the cookies of a request stand for; undefined when nobody's. Never throws. */
  identify(headers: HeaderMap): Principal | undefined;
}

const OWNER: Principal = { actor: "owner", scopes: ALL_SCOPES };
const LOCAL: Principal = { actor: "local", scopes: ALL_SCOPES };
const ANONYMOUS: Principal = { actor: "anonymous", scopes: new Set() };

/** A request as it came in; the guard reads none of its body. */
export interface GuardRequest {
  readonly method: string;
  readonly headers: HeaderMap;
  /** Its authority differs from `Host` in absolute form. */
  readonly target: RequestTarget;
  readonly requestId: string;
  /** In the one form of `canonicalAddress()`. */
  readonly remoteAddress: string;
}

/** The part of a route that the ladder reads. */
type GuardedRoute =
  & Pick<
    RouteInfo,
    "id" | "method" | "exposure" | "scope" | "tokenless" | "form"
  >
  & RouteRules;

/** Spellings of allowed hosts that are remembered: they differ in case, or by a trailing dot. */
const MAX_SPELLINGS = 64;

/** A header may be 64 KiB long; a log line need not. */
const MAX_LOGGED = 200;

function isTokenless(
  { tokenless }: GuardedRoute,
  { headers }: GuardRequest,
): boolean {
  return typeof tokenless === "function"
    ? tokenless(headers)
    : tokenless === true;
}

/** The origin of a page that stands at a `Host` of the daemon's, which no local page has but over http. */
function originAt(host = ""): string | undefined {
  return URL.parse(`http://${host}`)?.origin;
}

/** A body must be JSON, so that a form or a no-cors fetch never reaches a handler that does not ask for one. */
function checkContentType(
  { headers }: GuardRequest,
  { form }: GuardedRoute,
): void {
  if (declaresBody(headers)) {
    takesType(headers.get("content-type"), form === true);
  }
}

/**
 * Headers that only something between the client and this daemon adds; a proxy
 * may spell a name with underscores.
 */
const FORWARDING =
  /^(?:forwarded|via|(?:x[-_]forwarded|cf|cloudfront|fly|ngrok|x[-_]envoy|tailscale)[-_].*|x[-_]forwarded|x[-_]original[-_]forwarded[-_]for|x[-_]real[-_]ip|cdn[-_]loop|(?:true|x|x[-_]cluster|fastly)[-_]client[-_]ip)$/;
