import type { z } from "zod";
import type { AuditFacts } from "../audit.ts";
import type { ErrorCode } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { HeaderMap } from "./headers.ts";

export type Method = "GET" | "POST";

/** `read` changes nothing; `write` may. */
export type Kind = "read" | "write";

/** Which `/describe/*` document lists a route; `common` ones stand in both. */
export type Surface = "business" | "control" | "common";

/**
 * Who may reach a route through the public zone: anybody, whoever presents the
 * shared token, or nobody. See the guard.
 */
export type Exposure = "public" | "token" | "local";

/**
 * What a route answers: an envelope around `data`, plain text, a page, a bare
 * JSON document, an event stream, or a WebSocket.
 */
export type Produces =
  | "json"
  | "text"
  | "html"
  | "document"
  | "sse"
  | "websocket";

/**
 * How the dispatcher treats the body. `inner`: the operation itself validates
 * it and answers inside `data`; the dispatcher only demands a JSON object.
 */
export type BodyRule = "required" | "optional" | "inner";

export type Schema = z.ZodType;

type Output<S> = S extends Schema ? z.output<S> : undefined;
type Input<S> = S extends Schema ? z.input<S> : never;

/** The names of the `:params` in a path. */
export type ParamNames<P extends string> = P extends
  `${string}:${infer Name}/${infer Rest}` ? Name | ParamNames<`/${Rest}`>
  : P extends `${string}:${infer Name}` ? Name
  : never;

/** What a route says of itself: all of it but what runs. */
export interface RouteFacts<P extends string, Q, B, D> {
  /** Stable name, e.g. `tasks.create`: operationId, capability key, log name. */
  readonly id: string;
  readonly method: Method;
  readonly path: P;
  readonly kind: Kind;
  readonly surface: Surface;
  readonly exposure: Exposure;
  readonly summary: string;
  /** What a caller should know beyond the summary: defaults, limits, effects. */
  readonly notes?: readonly string[];
  /** Default `json`. */
  readonly produces?: Produces;
  readonly query?: Q;
  readonly body?: B;
  /** Default `required` when there is a body schema. */
  readonly bodyRule?: BodyRule;
  /** The schema of `data` (of the whole answer when `produces` is no envelope). */
  readonly data: D;
  /**
   * Event streams: the schema of each event's data by event name. On a `json`
   * route they are what `Accept: text/event-stream` gets.
   */
  readonly events?: Readonly<Record<string, Schema>>;
  /** Status of a success. Default 200. */
  readonly status?: 200 | 201 | 202;
  /** Codes that this route answers beyond those that any route may. */
  readonly errors?: readonly ErrorCode[];
  /** Request headers that the route reads: name → meaning. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly deprecated?: boolean;
  /** A request that works; curl, OpenAPI and the contract tests all use it. */
  readonly example?: {
    readonly params?: Readonly<Record<ParamNames<P>, string>>;
    readonly query?: Input<Q>;
    readonly body?: Input<B>;
    readonly headers?: Readonly<Record<string, string>>;
  };
}

/** An answer with another status or further headers than the route's own. */
export class Reply<D> {
  readonly data: D;
  readonly status: 200 | 201 | 202;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    data: D,
    options: {
      readonly status?: 200 | 201 | 202;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    this.data = data;
    this.status = options.status ?? 200;
    this.headers = options.headers ?? {};
  }
}

/** A failure of a plain-text route: its body is the text itself, as probes want it. */
export class PlainFailure extends Error {
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    super(body);
    this.status = status;
    this.body = body;
  }
}

/** A failure of a page: it is written for people, too. */
export class PageFailure extends Error {
  readonly status: number;
  readonly page: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    page: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(`A page of status ${status}`);
    this.status = status;
    this.page = page;
    this.headers = headers;
  }
}

/** One event of a stream. `id` makes it resumable by `Last-Event-ID`. */
export interface StreamEvent {
  readonly event: string;
  readonly data: unknown;
  readonly id?: string | number;
}

/** Where a request came in: see the guard's zone rung. */
export type Zone = "local" | "public";

/** What is known of one request once the guard has passed it. */
export interface Caller {
  readonly requestId: string;
  readonly zone: Zone;
  /** Whether the shared token is configured and was presented. */
  readonly authenticated: boolean;
  readonly remoteAddress: string;
}

/** What a handler is given. */
export interface RouteContext<
  Deps,
  P extends string = string,
  Q = unknown,
  B = unknown,
> extends Caller {
  readonly params: Readonly<Record<ParamNames<P>, string>>;
  readonly query: Output<Q>;
  readonly body: Output<B>;
  readonly headers: Headers;
  /** Aborts when the client has gone or the daemon shuts down. */
  readonly signal: AbortSignal;
  readonly deps: Deps;
  readonly log: Logger;
  /**
   * Tells that the answer is large: it is then written as the client takes it,
   * and `release` is called when it was sent or the client has gone.
   */
  hold(release: () => void): void;
  /** Every route that this caller may know of, this one included. */
  readonly routes: readonly Route<Deps>[];
}

/** What a WebSocket route does with an admitted connection. */
export interface SocketPlan {
  /** Sub-protocol to select, if any. */
  readonly protocol?: string;
  /** Called once, before the 101 is sent; wires the socket's events. */
  accept(socket: WebSocket): void;
}

export interface RouteSpec<Deps, P extends string, Q, B, D>
  extends RouteFacts<P, Q, B, D> {
  /** Answers `json`, `text`, `html` and `document` routes. Returns or throws; writes no response. */
  handler?(
    context: RouteContext<Deps, P, Q, B>,
  ): Input<D> | Reply<Input<D>> | Promise<Input<D> | Reply<Input<D>>>;
  /** Answers `sse` routes, and `json` ones when the caller asks for events. */
  stream?(
    context: RouteContext<Deps, P, Q, B>,
  ): AsyncIterable<StreamEvent> | Promise<AsyncIterable<StreamEvent>>;
  /** Whether a body asks for events whatever `Accept` says; undefined: `Accept` decides. */
  streams?(body: Output<B>): boolean | undefined;
  /** Answers `websocket` routes: throws to refuse before the 101. */
  socket?(
    context: RouteContext<Deps, P, Q, B>,
  ): SocketPlan | Promise<SocketPlan>;
  /** Why the route cannot work now; undefined when it can. */
  unavailable?(deps: Deps): string | undefined;
  /** Replaces the guard's Origin rung: tells whether this `Origin` may come in. */
  allowsOrigin?(origin: string): boolean;
  /** Where else than in `Authorization` the shared token may stand. */
  tokenFrom?(headers: HeaderMap): string | undefined;
  /** What a write acts on, for its audit row: names, never contents. */
  auditTarget?(context: RouteContext<Deps, P, Q, B>): AuditFacts;
  /** What a write that succeeded made, for its audit row. */
  auditFacts?(data: Input<D>): AuditFacts;
  /** True when what the handler calls reports to the audit by itself. */
  readonly auditsItself?: boolean;
  /** Whether a cross-site top-level navigation may GET this page. */
  readonly navigable?: boolean;
}

/** The facts of any route, its own types erased: what the describers read. */
// deno-lint-ignore no-explicit-any -- P, Q, B and D differ from route to route
export type RouteInfo = Omit<RouteFacts<any, any, any, any>, "path"> & {
  readonly path: string;
};

/** Any route of one daemon: what the dispatcher runs. */
// deno-lint-ignore no-explicit-any -- as above
export type Route<Deps> = Omit<RouteSpec<Deps, any, any, any, any>, "path"> & {
  readonly path: string;
};

/**
 * Types the facts of a route that crosses the wire between daemons: the server
 * spreads it into `route()`, the typed client calls by it.
 */
export function contract<
  const P extends `/${string}`,
  Q extends Schema | undefined = undefined,
  B extends Schema | undefined = undefined,
  D extends Schema = Schema,
>(facts: RouteFacts<P, Q, B, D>): RouteFacts<P, Q, B, D> {
  return facts;
}

/** Returns the `route()` of one daemon, fixed to its dependencies. */
export function routeFor<Deps>() {
  return function route<
    const P extends `/${string}`,
    Q extends Schema | undefined = undefined,
    B extends Schema | undefined = undefined,
    D extends Schema = Schema,
  >(spec: RouteSpec<Deps, P, Q, B, D>): Route<Deps> {
    return spec;
  };
}
