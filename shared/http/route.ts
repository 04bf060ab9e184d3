import type { z } from "zod";
import type { AuditFacts, Begun } from "../audit.ts";
import type { AppError, ErrorCode } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { RouteScope, ScopeName } from "./scopes.ts";

/** Request headers by lower-case name, copied once. */
export type HeaderMap = ReadonlyMap<string, string>;

/**
 * What a route answers: an envelope around `data`, plain text, a page, a bare
 * JSON document, an event stream, or a WebSocket.
 */
type Produces =
  | "json"
  | "text"
  | "html"
  | "document"
  | "sse"
  | "websocket";

type Status = 200 | 201 | 202 | 303;

export type Schema = z.ZodType;
/** Of a query or a body, which a route may do without. */
type MaybeSchema = Schema | undefined;

type Output<S> = unknown extends S ? unknown
  : S extends Schema ? z.output<S>
  : undefined;
type Input<S> = S extends Schema ? z.input<S> : never;

/** The names of the `:params` in a path; any name when the path is not known. */
export type ParamNames<P extends string> = string extends P ? string
  : P extends `${string}:${infer Name}/${infer Rest}`
    ? Name | ParamNames<`/${Rest}`>
  : P extends `${string}:${infer Name}` ? Name
  : never;

/** What a route says of itself: all of it but what runs. */
export interface RouteFacts<
  P extends string,
  Q,
  B,
  D,
  R extends Produces = Produces,
> {
  /** Stable name, e.g. `tasks.create`: operationId, capability key, log name. */
  readonly id: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: P;
  /** `read` changes nothing; `write` may. */
  readonly kind: "read" | "write";
  /** Which `/describe/*` document lists the route; `common` ones stand in both. */
  readonly surface: "business" | "control" | "common";
  /**
   * Who may reach it through the public zone: anybody, whoever presents the
   * shared token, or nobody. See the guard.
   */
  readonly exposure: "public" | "token" | "local";
  /** What a caller must hold beyond being let in; `none`: nothing. See the guard. */
  readonly scope: RouteScope;
  /**
   * Whom no token and no scope is asked of although one is set: `true`, anybody;
   * a function, those whose headers it accepts, whom the route then judges itself.
   */
  readonly tokenless?: true | ((headers: HeaderMap) => boolean);
  readonly summary: string;
  /** Of a write: whether it may end, overwrite or remove what is there. */
  readonly destructive?: true;
  /** Of a write: whether the same call once more changes nothing further. */
  readonly idempotent?: true;
  /** What a caller should know beyond the summary: defaults, limits, effects. */
  readonly notes?: readonly string[];
  /** Ids of the routes that lead on from its answer. */
  readonly next?: readonly string[];
  /** Answers with an `ETag`, and 304 to who has it already. */
  readonly revalidates?: true;
  /** Default `json`. */
  readonly produces?: R;
  /** Answers plain text as well, a {@link TextReply}, when it is asked to. */
  readonly alsoText?: true;
  readonly query?: Q;
  readonly body?: B;
  /**
   * Default `required` when there is a body schema. `inner`: the operation
   * itself validates it and answers inside `data`; it must be a JSON object.
   */
  readonly bodyRule?: "required" | "optional" | "inner";
  /**
   * Takes a form of the daemon's own pages in place of JSON, and only with the
   * `Origin` that they have. `name[key]` is a field of the object `name`.
   */
  readonly form?: true;
  /** The schema of `data` (of the whole answer when `produces` is no envelope). */
  readonly data: D;
  /** Statuses of a success: the usual one, and those that a `Reply` may have. Default 200. */
  readonly status?: readonly [Status, ...Status[]];
  /** Codes that this route answers beyond those that any route may. */
  readonly errors?: readonly ErrorCode[];
  /** Request headers that the route reads: name → meaning. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Said in the headers `Deprecation` (RFC 9745) and `Sunset` (RFC 8594) of every answer. */
  readonly deprecated?: {
    readonly since: Date;
    /** When it goes, at the earliest. */
    readonly sunset: Date;
  };
  /** Answers also while the daemon can do no work. */
  readonly answersInOutage?: true;
  /** A request that works; curl, OpenAPI and the contract tests all use it. */
  readonly example?: {
    readonly params?: Readonly<Record<ParamNames<P>, string>>;
    readonly query?: Input<Q>;
    readonly body?: Input<B>;
    readonly headers?: Readonly<Record<string, string>>;
  };
}

/** An answer with another of the route's statuses than its usual one, or with further headers. */
export class Reply<D> {
  readonly data: D;
  readonly status: Status | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    data: D,
    options: Partial<Pick<Reply<D>, "status" | "headers">> = {},
  ) {
    this.data = data;
    this.status = options.status;
    this.headers = options.headers ?? {};
  }
}

/** Plain text, from a route that answers JSON otherwise. */
export class TextReply {
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(text: string, headers: TextReply["headers"] = {}) {
    this.text = text;
    this.headers = headers;
  }
}

/** A failure that stands for itself, without an envelope: of a probe, or of a page. */
export class BareFailure extends Error {
  readonly status: number;
  readonly body: string;
  readonly isPage: boolean;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    body: string,
    options: Partial<Pick<BareFailure, "isPage" | "headers">> = {},
  ) {
    super(`An answer of status ${status}`);
    this.status = status;
    this.body = body;
    this.isPage = options.isPage ?? false;
    this.headers = options.headers ?? {};
  }
}

/** What a failure says on the wire, in an envelope or in a stream. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do next, where the message does not say it. */
  readonly hint?: string | undefined;
  readonly retryable: boolean;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** One event of a stream. `id` makes it resumable by `Last-Event-ID`. */
export interface StreamEvent {
  readonly event: string;
  readonly data: unknown;
  readonly id?: string | number;
}

/** Where a request came in: see the guard's zone rung. */
export type Zone = "local" | "public";

/** Who calls, and what it may do. */
export interface Principal {
  /**
   * The name in logs and audit: `owner` by the shared token, `local` where no
   * token is set, a daemon or a token by its name, `anonymous` with none.
   */
  readonly actor: string;
  /** What is implied included. */
  readonly scopes: ReadonlySet<ScopeName>;
  /** Aborts with the reason when the secret that was presented counts no more. */
  readonly ended?: AbortSignal | undefined;
  /** The id of the owner's session, of who comes by its cookie. */
  readonly session?: string | undefined;
}

/** What is known of one request once the guard has passed it. */
export interface Caller extends Principal {
  readonly requestId: string;
  readonly zone: Zone;
  /** Whether it presented a secret that is known. */
  readonly authenticated: boolean;
  readonly remoteAddress: string;
}

/** What of a caller decides how much it is shown. */
export type Viewer = Pick<Caller, "zone" | "scopes">;

/**
 * Whether a caller is shown what goes on: titles, reasons, names, ids, paths.
 * Anybody else learns of a daemon its mode, health, version and uptime.
 */
export function seesWork({ zone, scopes }: Viewer): boolean {
  return zone === "local" && scopes.has("read");
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
  /**
   * Tells that what was asked for is let in and on record: from now on an answer
   * that takes its time may begin before it is known.
   */
  begun(options?: Begun): Promise<void>;
  /**
   * Sends another request of the same caller: with the headers that it sent,
   * through all that guards and records one.
   */
  resend(path: string, init: Resent): Promise<Response>;
  /** Every route that this caller may know of, this one included. */
  readonly routes: readonly Route<Deps>[];
}

/** What is another request's own. */
export interface Resent {
  readonly method: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** What a WebSocket route does with an admitted connection. */
export interface SocketPlan {
  /** Sub-protocol to select, if any. */
  readonly protocol?: string;
  /** Called once, before the 101 is sent; wires the socket's events. */
  accept(socket: WebSocket): void;
}

/** What the guard asks a route beside its exposure. */
export interface RouteRules {
  /** Replaces the guard's Origin rung: tells whether this `Origin` may come in. */
  allowsOrigin?(origin: string): boolean;
  /** Where else than in `Authorization` the shared token may stand. */
  tokenFrom?(headers: HeaderMap): string | undefined;
  /** Whether what runs for this body ends when its caller leaves: see `Attendance`. */
  endsWithCaller?(body: unknown): boolean;
  /** Whether a cross-site top-level navigation may GET this page. */
  readonly navigable?: boolean;
  /** Whether the owner's session, which a cookie stands for, counts here. */
  readonly session?: true;
}

/** A request that failed, as far as its page may tell of it. */
export interface FailedRequest {
  /** As it was written: still encoded. */
  readonly path: string;
  readonly query: string;
  /** Undefined unless its schema accepted it. */
  readonly body: unknown;
}

/** A page, with the headers that belong to it. */
export interface HtmlPage {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the describers and the audit ask a route. */
interface RouteReports<Deps, P extends string, Q, B, D> {
  /** Shows a failure to a person; who asks for JSON gets the envelope. */
  readonly failurePage?: (
    failure: WireError,
    request: FailedRequest,
  ) => HtmlPage;
  /** What may stand in the `payload` beside a `kind`: who sends it outside is told. */
  payloadFields?(deps: Deps, kind: unknown): readonly string[];
  /** What a body that is no JSON object is refused with, where not by the envelope. */
  readonly bodyFailure?: (error: AppError) => BareFailure;
  /** What is said over its socket, where its schemas do not tell. */
  protocol?(deps: Deps): Readonly<Record<string, unknown>>;
  /** Why the route cannot work now; undefined when it can. */
  unavailable?(deps: Deps): string | undefined;
  /** The action of its audit row; default its id. */
  readonly auditAs?: string;
  /** What a write acts on, for its audit row: names, never contents. */
  auditTarget?(context: RouteContext<Deps, P, Q, B>): AuditFacts;
  /** What a write that succeeded made, for its audit row. */
  auditFacts?(data: Input<D>): AuditFacts;
  /** The actions that what the handler calls reports to the audit by itself. */
  readonly auditsItself?: readonly string[];
  /**
   * True when the first thing that the handler does is to write rows, before it
   * awaits anything: they share the intent's commit, so it is not waited for.
   */
  readonly commitsWithIntent?: boolean;
}

/** The schema of each event's data by event name. */
type EventSchemas = Readonly<Record<string, Schema>>;

/** A `Response` is sent as it stands: of what speaks a protocol of its own. */
type Answer<D> = D | Reply<D> | TextReply | Response;

/** What may answer a route: which of them do depends on what it produces. */
interface Answering<Deps, P extends string, Q, B, D> {
  /** Returns or throws; writes no response. */
  handler(
    context: RouteContext<Deps, P, Q, B>,
  ): Answer<Input<D>> | Promise<Answer<Input<D>>>;
  readonly events: EventSchemas;
  stream(
    context: RouteContext<Deps, P, Q, B>,
  ): AsyncIterable<StreamEvent> | Promise<AsyncIterable<StreamEvent>>;
  /** Whether a body asks for events whatever `Accept` says; undefined: `Accept` decides. */
  streams(body: Output<B>): boolean | undefined;
  /** Throws to refuse before the 101. */
  socket(
    context: RouteContext<Deps, P, Q, B>,
  ): SocketPlan | Promise<SocketPlan>;
}

/** `A` with the parts `K`, perhaps with `O`, and with no other. */
type Only<A, K extends keyof A, O extends keyof A = never> =
  & Pick<A, K>
  & Partial<Pick<A, O>>
  & { readonly [_ in Exclude<keyof A, K | O>]?: never };

type Served<
  Deps,
  P extends string,
  Q,
  B,
  D,
  A extends Answering<Deps, P, Q, B, D> = Answering<Deps, P, Q, B, D>,
> =
  | { readonly produces?: "json" | "text" | "html" | "document" }
    & Only<A, "handler">
  // A `json` route may answer a caller who asks for events with events.
  | { readonly produces?: "json" }
    & Only<A, "handler" | "events" | "stream", "streams">
  | { readonly produces: "sse" } & Only<A, "events" | "stream">
  | { readonly produces: "websocket" } & Only<A, "socket">;

type RouteSpec<Deps, P extends string, Q, B, D> =
  & RouteFacts<P, Q, B, D>
  & RouteRules
  & RouteReports<Deps, P, Q, B, D>
  & Served<Deps, P, Q, B, D>;

/** The facts of any route, its own types erased: what the describers read. */
export type RouteInfo =
  & RouteFacts<string, MaybeSchema, MaybeSchema, Schema>
  & Pick<RouteRules, "endsWithCaller">
  & { readonly events?: EventSchemas };

/** Any route of one daemon: what the dispatcher runs. */
export type Route<Deps> = RouteSpec<
  Deps,
  string,
  MaybeSchema,
  MaybeSchema,
  Schema
>;

/** Any route that a handler, a stream or a socket answers, always or when it is asked to. */
export type RouteWith<Deps, K extends "handler" | "stream" | "socket"> =
  Extract<
    Route<Deps>,
    { readonly [_ in K]: (...args: never[]) => unknown }
  >;

/**
 * Types the facts of a route that crosses the wire between daemons: the server
 * spreads it into `route()`, the typed client calls by it.
 */
export function contract<
  const P extends `/${string}`,
  Q extends MaybeSchema = undefined,
  B extends MaybeSchema = undefined,
  D extends Schema = Schema,
  const R extends Produces = "json",
>(facts: RouteFacts<P, Q, B, D, R>): RouteFacts<P, Q, B, D, R> {
  return facts;
}

/** Returns the `route()` of one daemon, fixed to its dependencies. */
export function routeFor<Deps>() {
  return function route<
    const P extends `/${string}`,
    Q extends MaybeSchema = undefined,
    B extends MaybeSchema = undefined,
    D extends Schema = Schema,
  >(spec: RouteSpec<Deps, P, Q, B, D>): Route<Deps> {
    return spec;
  };
}
