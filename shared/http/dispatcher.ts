import { accepts } from "@std/http";
import { type AuditPort, AuditRefused } from "../audit.ts";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { NewId } from "../ids.ts";
import type { Logger } from "../log.ts";
import type { Catalog } from "./catalog.ts";
import type { Guard } from "./guard.ts";
import {
  parseInput,
  parseJson,
  queryObject,
  readBytes,
  readTarget,
  type Target,
} from "./request.ts";
import {
  type AnswerContext,
  commonHeaders,
  failure,
  json,
  success,
  wireError,
} from "./respond.ts";
import {
  type Caller,
  PlainFailure,
  Reply,
  type Route,
  type RouteContext,
} from "./route.ts";
import { CLOSE } from "./socket.ts";
import { sse } from "./sse.ts";

/** What a dispatcher is given beside its routes. */
export interface DispatcherPorts<Deps> {
  readonly deps: Deps;
  readonly guard: Guard;
  readonly log: Logger;
  readonly clock: Clock;
  readonly newId: NewId;
  /** Where writes that do not report by themselves are recorded. */
  readonly audit: AuditPort;
  readonly limits: DispatcherLimits;
}

/** The last rung of the ladder: size and rate. */
export interface DispatcherLimits {
  readonly maxBodyBytes: number;
  /** Default 30 000. */
  readonly bodyDeadlineMs?: number;
  /** Requests at once, streams and sockets included. Default 1 000. */
  readonly maxConcurrent?: number;
  /** See `sse()`. */
  readonly heartbeatMs?: number;
  readonly stallMs?: number;
}

/** Where a request came from, as `Deno.serve` tells it. */
export interface RequestInfo {
  readonly remoteAddress: string;
}

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** Serves a catalog: guard, match, parse, run, answer. The app as a function. */
export class Dispatcher<Deps> {
  readonly #catalog: Catalog<Deps>;
  readonly #ports: DispatcherPorts<Deps>;
  /** Ends streams and sockets, and refuses what comes. */
  readonly #quiet = new AbortController();
  /** Ends running requests too. */
  readonly #abort = new AbortController();
  readonly #sockets = new Set<WebSocket>();
  #running = 0;

  constructor(catalog: Catalog<Deps>, ports: DispatcherPorts<Deps>) {
    this.#catalog = catalog;
    this.#ports = ports;
  }

  /** Requests that are being answered now, streams included. */
  get running(): number {
    return this.#running;
  }

  /** Refuses what comes, ends every stored stream and socket with a reason. */
  quiesce(): void {
    this.#quiet.abort(new AppError("SHUTTING_DOWN"));
    for (const socket of this.#sockets) {
      socket.close(CLOSE.goingAway, "the daemon is shutting down");
    }
  }

  /** Aborts the signal of every request that still runs. */
  abortRequests(): void {
    this.#abort.abort(new AppError("SHUTTING_DOWN"));
  }

  /** Answers one request. Never rejects. */
  async handle(request: Request, info: RequestInfo): Promise<Response> {
    const given = request.headers.get("x-request-id") ?? "";
    const requestId = REQUEST_ID.test(given) ? given : this.#ports.newId("req");
    const log = this.#ports.log.child({ request_id: requestId });
    let context: AnswerContext = { requestId, pretty: false };
    const started = this.#ports.clock.monotonic();
    let routeId: string | undefined;
    let response: Response;
    try {
      const target = readTarget(request);
      context = { requestId, pretty: target.query.has("pretty") };
      const { route, params, caller } = this.#admit(request, info, {
        requestId,
        target,
      });
      routeId = route.id;
      response = await this.#answer(
        { request, route, params, caller, target, log },
        context,
      );
    } catch (error) {
      response = failure(error, context, log);
    }
    log[routeId === undefined || request.method === "GET" ? "debug" : "info"](
      "Answered a request",
      {
        route: routeId,
        method: request.method,
        status: response.status,
        duration_ms: Math.round(this.#ports.clock.monotonic() - started),
      },
    );
    return request.method === "HEAD"
      ? new Response(null, {
        status: response.status,
        headers: response.headers,
      })
      : response;
  }

  #admit(
    request: Request,
    info: RequestInfo,
    { requestId, target }: {
      readonly requestId: string;
      readonly target: Target;
    },
  ) {
    const { methods } = this.#catalog.match(target.segments);
    const method = request.method === "HEAD" ? "GET" : request.method;
    const found = methods.get(method);
    const [anyFound] = methods.values();
    const caller = this.#ports.guard.admit({
      method: request.method,
      headers: request.headers,
      targetAuthority: target.authority,
      remoteAddress: info.remoteAddress,
      requestId,
    }, (found ?? anyFound)?.route);
    if (found !== undefined) return { ...found, caller };
    if (anyFound === undefined) throw new AppError("ROUTE_NOT_FOUND");
    const allow = [...methods.keys()].flatMap((it) =>
      it === "GET" ? ["GET", "HEAD"] : [it]
    );
    throw new AppError("METHOD_NOT_ALLOWED", undefined, {
      details: { allow },
      headers: { allow: allow.join(", ") },
    });
  }

  async #answer(call: Call<Deps>, answer: AnswerContext): Promise<Response> {
    const produces = call.route.produces ?? "json";
    // Probes answer whatever else goes on: launchd and people depend on them.
    if (produces !== "text") this.#checkCapacity();
    this.#running++;
    let streaming = false;
    try {
      if (produces === "websocket") {
        streaming = true;
        return await this.#upgrade(call);
      }
      const wantsEvents = call.route.stream !== undefined &&
        (produces === "sse" || prefersEvents(call.request));
      if (wantsEvents && call.request.method !== "HEAD") {
        const response = await this.#stream(call);
        streaming = true;
        return response;
      }
      if (wantsEvents) return eventResponse(null, call.caller.requestId);
      return this.#write(await this.#run(call), call.route, answer);
    } catch (error) {
      if (!(error instanceof PlainFailure)) throw error;
      return plainText(error.body, error.status, answer.requestId);
    } finally {
      if (!streaming) this.#running--;
    }
  }

  #checkCapacity(): void {
    if (this.#quiet.signal.aborted) throw new AppError("SHUTTING_DOWN");
    if (this.#running >= (this.#ports.limits.maxConcurrent ?? 1000)) {
      throw new AppError("TOO_MANY_REQUESTS", undefined, {
        headers: { "retry-after": "1" },
      });
    }
  }

  async #run(call: Call<Deps>): Promise<unknown> {
    const { route } = call;
    const context = await this.#context(
      call,
      AbortSignal.any([call.request.signal, this.#abort.signal]),
    );
    if (route.kind === "read" || route.auditsItself === true) {
      return await route.handler?.(context);
    }
    const entry = this.#begin(call);
    try {
      const result = await route.handler?.(context);
      entry.finish({ ok: true });
      return result;
    } catch (error) {
      const code = error instanceof AppError ? error.code : "INTERNAL";
      entry.finish({ ok: false, code });
      throw error;
    }
  }

  #begin({ route, caller, params }: Call<Deps>) {
    try {
      return this.#ports.audit.begin({
        action: route.id,
        actor: {
          source: route.produces === "websocket" ? "websocket" : "http",
          request_id: caller.requestId,
          remote_address: caller.remoteAddress,
        },
        target: { ...params },
      });
    } catch (cause) {
      if (!(cause instanceof AuditRefused)) throw cause;
      throw new AppError("NOT_READY", cause.message, { cause });
    }
  }

  #write(result: unknown, route: Route<Deps>, answer: AnswerContext): Response {
    const { data, status, headers } = result instanceof Reply
      ? result
      : { data: result, status: route.status ?? 200, headers: {} };
    switch (route.produces ?? "json") {
      case "text":
        return plainText(String(data), status, answer.requestId);
      case "html":
        return new Response(String(data), {
          status,
          headers: {
            "content-type": "text/html; charset=utf-8",
            ...commonHeaders(answer.requestId),
            ...headers,
          },
        });
      case "document":
        return json(data, answer, { status, headers });
      default:
        return success(data, answer, { status, headers });
    }
  }

  async #stream(call: Call<Deps>): Promise<Response> {
    const { route, log, caller } = call;
    const left = new AbortController();
    // A stored stream resumes elsewhere; a live one is work and gets its grace.
    const end = route.produces === "sse" ? this.#quiet : this.#abort;
    const signal = AbortSignal.any([left.signal, end.signal]);
    const gone = () => left.abort(new AppError("CONFLICT", "The client left"));
    call.request.signal.addEventListener("abort", gone, { once: true });
    const entry = route.kind === "read" || route.auditsItself === true
      ? undefined
      : this.#begin(call);
    try {
      const context = await this.#context(call, signal);
      const events = await route.stream?.(context);
      if (events === undefined) throw new AppError("ROUTE_NOT_FOUND");
      const body = sse(events, {
        clock: this.#ports.clock,
        signal,
        describeError: (thrown) => wireError(thrown, log),
        heartbeatMs: this.#ports.limits.heartbeatMs ?? 15_000,
        stallMs: this.#ports.limits.stallMs ?? 30_000,
        onEnd: (reason) => {
          this.#running--;
          call.request.signal.removeEventListener("abort", gone);
          gone();
          entry?.finish({ ok: reason === "done" });
          log.debug("A stream ended", { route: route.id, reason });
        },
      });
      return eventResponse(body, caller.requestId);
    } catch (error) {
      entry?.finish({ ok: false });
      throw error;
    }
  }

  async #upgrade(call: Call<Deps>): Promise<Response> {
    const { request, route } = call;
    let upgraded = false;
    try {
      if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
        throw new AppError("UPGRADE_REQUIRED", undefined, {
          headers: { upgrade: "websocket", connection: "upgrade" },
        });
      }
      const context = await this.#context(call, this.#quiet.signal);
      const plan = await route.socket?.(context);
      if (plan === undefined) throw new AppError("ROUTE_NOT_FOUND");
      let socket: WebSocket;
      let response: Response;
      try {
        ({ socket, response } = Deno.upgradeWebSocket(request, {
          idleTimeout: 30,
          ...(plan.protocol !== undefined && { protocol: plan.protocol }),
        }));
      } catch (cause) {
        throw new AppError(
          "INVALID_INPUT",
          "Cannot upgrade: the WebSocket handshake is not valid",
          { cause },
        );
      }
      upgraded = true;
      this.#sockets.add(socket);
      // Deno may fire close twice.
      socket.addEventListener("close", () => {
        if (this.#sockets.delete(socket)) this.#running--;
      });
      plan.accept(socket);
      return response;
    } finally {
      if (!upgraded) this.#running--;
    }
  }

  async #context(
    call: Call<Deps>,
    signal: AbortSignal,
  ): Promise<RouteContext<Deps>> {
    const { route, target, request, params, caller, log } = call;
    const query = route.query === undefined
      ? undefined
      : parseInput(route.query, queryObject(target.query), "query");
    const context = {
      ...caller,
      params,
      query,
      body: await this.#body(route, request),
      headers: request.headers,
      signal,
      deps: this.#ports.deps,
      log,
      routes: this.#catalog.visibleTo(caller),
    };
    // The dispatcher's one cast: it has parsed by the very schemas that type it.
    return context as unknown as RouteContext<Deps>;
  }

  async #body(route: Route<Deps>, request: Request): Promise<unknown> {
    if (route.body === undefined) return undefined;
    const { maxBodyBytes, bodyDeadlineMs } = this.#ports.limits;
    const bytes = await readBytes(request, {
      maxBytes: maxBodyBytes,
      clock: this.#ports.clock,
      ...(bodyDeadlineMs !== undefined && { deadlineMs: bodyDeadlineMs }),
    });
    if (bytes === undefined && route.bodyRule !== "optional") {
      throw new AppError("INVALID_JSON", "Cannot read the body: it is empty");
    }
    const value = bytes === undefined ? {} : parseJson(bytes);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new AppError("INVALID_INPUT", "Cannot accept the body", {
        details: {
          issues: [{ path: "", message: "The body must be a JSON object" }],
        },
      });
    }
    return route.bodyRule === "inner"
      ? value
      : parseInput(route.body, value, "body");
  }
}

/** One admitted request. */
interface Call<Deps> {
  readonly request: Request;
  readonly route: Route<Deps>;
  readonly params: Readonly<Record<string, string>>;
  readonly caller: Caller;
  readonly target: Target;
  readonly log: Logger;
}

function prefersEvents(request: Request): boolean {
  return accepts(request, "application/json", "text/event-stream") ===
    "text/event-stream";
}

function plainText(
  body: string,
  status: number,
  requestId: string,
): Response {
  return new Response(body, {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      ...commonHeaders(requestId),
    },
  });
}

function eventResponse(body: BodyInit | null, requestId: string): Response {
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      ...commonHeaders(requestId),
    },
  });
}
