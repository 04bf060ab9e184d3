import { z } from "zod";
import { AppError, invalidInput } from "../errors.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import { Attendance } from "./attendance.ts";
import { type BodyLimits, declaresBody, readBody } from "./body.ts";
import { parseInput, queryObject } from "./input.ts";
import type { Catalog, FoundRoute } from "./catalog.ts";
import type { GuardRequest } from "./guard.ts";
import { Held } from "./held.ts";
import { MAX_FORM_BYTES } from "./form.ts";
import type { Begun } from "../audit.ts";
import type {
  Caller,
  HeaderMap,
  Resent,
  Route,
  RouteContext,
  RouteInfo,
  Zone,
} from "./route.ts";
import { knownKeys } from "./schema_keys.ts";
import type { ScopeName } from "./scopes.ts";

/** What takes no fields: nothing, or an object without any. */
const NO_FIELDS = z.strictObject({});

/** Headers that say something of the request that they came with. */
const OF_ONE_REQUEST = [
  "content-length",
  "content-type",
  "content-encoding",
  "transfer-encoding",
  "if-none-match",
  "last-event-id",
];

/**
 * One admitted request: the context that its handler is given. What costs time
 * and is seldom read (signal, logger, route list) is made when it is read.
 */
export class Call<Deps> implements RouteContext<Deps> {
  readonly request: Request;
  readonly route: Route<Deps>;
  readonly params: Readonly<Record<string, string>>;
  readonly requestId: string;
  readonly zone: Zone;
  readonly authenticated: boolean;
  readonly actor: string;
  readonly scopes: ReadonlySet<ScopeName>;
  readonly ended: AbortSignal | undefined;
  readonly session: string | undefined;
  readonly remoteAddress: string;
  readonly deps: Deps;
  query: unknown;
  body: unknown;
  /** What is let go of when the answer was sent. */
  held = new Held();
  /** Whether the answer is large: see `RouteContext.hold`. */
  isLarge = false;
  /** Whether a body comes that nobody reads: the answer is its connection's last. */
  hasBody: boolean;
  readonly #parts: CallParts<Deps>;
  #attendance: Attendance | undefined;
  #log: Logger | undefined;
  #signal: AbortSignal | undefined;

  constructor(parts: CallParts<Deps>) {
    const { caller } = parts;
    this.#parts = parts;
    this.hasBody = declaresBody(parts.head.headers);
    this.request = parts.request;
    this.route = parts.found.route;
    this.params = parts.found.params;
    this.requestId = caller.requestId;
    this.zone = caller.zone;
    this.authenticated = caller.authenticated;
    this.actor = caller.actor;
    this.scopes = caller.scopes;
    this.ended = caller.ended;
    this.session = caller.session;
    this.remoteAddress = caller.remoteAddress;
    this.deps = parts.deps;
  }

  get headers(): Headers {
    return this.request.headers;
  }

  get headerMap(): HeaderMap {
    return this.#parts.head.headers;
  }

  get routes(): readonly Route<Deps>[] {
    return this.#parts.catalog.visibleTo(this);
  }

  get log(): Logger {
    return this.#log ??= this.#parts.log.child({
      request_id: this.requestId,
      actor: this.actor,
    });
  }

  /**
   * Aborts when the client has gone, what it presented counts no more, or the
   * daemon has waited long enough.
   */
  get signal(): AbortSignal {
    return this.#signal ??= AbortSignal.any([
      this.request.signal,
      this.#parts.end,
      ...(this.ended === undefined ? [] : [this.ended]),
    ]);
  }

  /** Replaces the signal: a stream's own end counts too. */
  set signal(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** What was thrown since the client has left is nothing to look into: returns what it is. */
  asKnown(thrown: unknown): unknown {
    const { aborted, reason } = this.request.signal;
    return aborted && thrown === reason ? new AppError("CANCELED") : thrown;
  }

  /** Has whether its client is still there found out: what it asked for ends when it is not. */
  attend(clock: Clock): Attendance {
    const attendance = new Attendance(clock);
    this.#signal = AbortSignal.any([this.signal, attendance.gone]);
    return this.#attendance = attendance;
  }

  async begun(options?: Begun): Promise<void> {
    await this.#attendance?.begun(options);
  }

  hold(release: () => void): void {
    this.isLarge = true;
    this.held.defer(release);
  }

  async resend(
    path: string,
    { method, body, signal }: Resent,
  ): Promise<Response> {
    const headers = new Headers(this.headers);
    for (const name of OF_ONE_REQUEST) headers.delete(name);
    headers.set("accept", "application/json");
    headers.set("x-request-id", this.requestId);
    const bytes = body === undefined
      ? null
      : new TextEncoder().encode(JSON.stringify(body));
    if (bytes !== null) {
      headers.set("content-type", "application/json");
      headers.set("content-length", String(bytes.byteLength));
    }
    const { remoteAddress } = this;
    return await this.#parts.app.handle(
      new Request(new URL(path, this.request.url), {
        method,
        headers,
        body: bytes,
        signal,
      }),
      { remoteAddress },
    );
  }

  /** Keeps what is held beyond the handler: until the answer's own end. */
  keep(): Held {
    return this.held = this.held.move();
  }

  /**
   * Reads and parses query and body by the route's schemas, at once where there
   * is no body to wait for.
   * @throws {AppError} INVALID_INPUT, INVALID_JSON, BODY_TOO_LARGE, REQUEST_TIMEOUT
   */
  parse(limits: BodyLimits): Promise<void> | undefined {
    const { route } = this;
    const { target } = this.#parts.head;
    if (route.query !== undefined) {
      const query = queryObject(target.query);
      this.query = parseInput(route.query, query, { part: "query" });
    } else if (target.query !== undefined && takesNoQuery(route)) {
      parseInput(NO_FIELDS, queryObject(target.query), { part: "query" });
    }
    // What a caller sends to a write must not be ignored in silence.
    if (route.body !== undefined || route.kind === "write") {
      return this.#readBody(limits);
    }
    if (this.hasBody && route.stream !== undefined) {
      throw invalidInput("", "A stream takes no body", {
        message: "Cannot accept the body",
      });
    }
    return undefined;
  }

  async #readBody(limits: BodyLimits): Promise<void> {
    const { bodyFailure } = this.route;
    try {
      await this.#takeBody(limits);
    } catch (error) {
      const isTold = bodyFailure && error instanceof AppError &&
        /^INVALID_/.test(error.code);
      throw isTold ? bodyFailure(error) : error;
    }
  }

  async #takeBody(limits: BodyLimits): Promise<void> {
    const { body: schema, bodyRule, form } = this.route;
    const isOptional = schema === undefined || bodyRule === "optional";
    const read = await readBody(this.request, this.headerMap, {
      ...limits,
      ...(form && schema && {
        maxBytes: Math.min(limits.maxBytes, MAX_FORM_BYTES),
        form: knownKeys(schema, []),
      }),
      leavesKeys: bodyRule === "inner",
      onRead: () => this.hasBody = false,
    });
    if (read === undefined && !isOptional) {
      throw new AppError("INVALID_JSON", "Cannot read the body: it is empty");
    }
    const value = read === undefined ? {} : read;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw invalidInput("", "The body must be a JSON object", {
        message: "Cannot accept the body",
      });
    }
    if (bodyRule === "inner") this.body = value;
    else {
      const parsed = parseInput(schema ?? NO_FIELDS, value, {
        part: "body",
        payloadFields: (kind) =>
          this.route.payloadFields?.(this.deps, kind) ?? [],
      });
      if (schema !== undefined) this.body = parsed;
    }
  }
}

/** Probes and pages are lenient: whoever asks them may add what busts a cache. */
function takesNoQuery(
  { produces = "json" }: Pick<RouteInfo, "produces">,
): boolean {
  return produces === "json" || produces === "document";
}

interface CallParts<Deps> {
  readonly request: Request;
  readonly head: GuardRequest;
  readonly found: FoundRoute<Deps>;
  readonly caller: Caller;
  readonly catalog: Catalog<Deps>;
  /** Who answers what the call sends itself. */
  readonly app: {
    handle(
      request: Request,
      info: { readonly remoteAddress: string },
    ): Promise<Response>;
  };
  readonly deps: Deps;
  /** The daemon's log, not yet the call's. */
  readonly log: Logger;
  /** Ends the call when the daemon has waited long enough. */
  readonly end: AbortSignal;
}
