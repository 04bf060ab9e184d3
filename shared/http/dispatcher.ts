import { accepts } from "@std/http";
import type { AuditPort } from "../audit.ts";
import { ByteBudget } from "../byte_budget.ts";
import type { Clock } from "../clock.ts";
import { Deadlines } from "../deadlines.ts";
import { AppError } from "../errors.ts";
import type { NewId } from "../ids.ts";
import type { Logger } from "../log.ts";
import { Activity } from "./activity.ts";
import { write } from "./answer.ts";
import { beginAudit } from "./audited.ts";
import type { BodyLimits } from "./body.ts";
import { Call } from "./call.ts";
import type { Catalog, PathMatch } from "./catalog.ts";
import type { Guard } from "./guard.ts";
import type { HeaderMap } from "./headers.ts";
import {
  type AnswerContext,
  events,
  failure,
  largeSuccess,
  page,
  plainText,
  wireError,
} from "./respond.ts";
import {
  PageFailure,
  PlainFailure,
  Reply,
  type RouteContext,
} from "./route.ts";
import { sse } from "./sse.ts";
import { decodePath, readTarget, type Target } from "./target.ts";
import { upgrade } from "./upgrade.ts";

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
  /** Bytes of all bodies that are being read. Default 8 times `maxBodyBytes`. */
  readonly maxBodiesBytes?: number;
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

const NO_METHODS = new Map<string, never>();
const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** Serves a catalog: guard, match, parse, run, answer. The app as a function. */
export class Dispatcher<Deps> {
  readonly #catalog: Catalog<Deps>;
  readonly #ports: DispatcherPorts<Deps>;
  readonly #bodyLimits: BodyLimits;
  readonly #activity: Activity;

  constructor(catalog: Catalog<Deps>, ports: DispatcherPorts<Deps>) {
    this.#catalog = catalog;
    this.#ports = ports;
    this.#activity = new Activity(ports.limits.maxConcurrent ?? 1000);
    const { maxBodyBytes, bodyDeadlineMs, maxBodiesBytes } = ports.limits;
    this.#bodyLimits = {
      maxBytes: maxBodyBytes,
      deadlines: new Deadlines(ports.clock, bodyDeadlineMs ?? 30_000),
      budget: new ByteBudget(maxBodiesBytes ?? 8 * maxBodyBytes),
    };
  }

  /** Requests that are being answered now, streams included. */
  get running(): number {
    return this.#activity.running;
  }

  /** Refuses what comes, ends every stored stream and socket with a reason. */
  quiesce(): void {
    this.#activity.quiesce();
  }

  /** Aborts the signal of every request that still runs. */
  abortRequests(): void {
    this.#activity.abortRequests();
  }

  /** Answers one request. Never rejects. */
  async handle(request: Request, info: RequestInfo): Promise<Response> {
    // One pass: each look into `Headers` costs as much as the whole copy.
    const headerMap: HeaderMap = new Map(request.headers);
    const given = headerMap.get("x-request-id");
    const requestId = given !== undefined && REQUEST_ID.test(given)
      ? given
      : this.#ports.newId("req");
    const answer = { requestId, pretty: false };
    try {
      const call = this.#admit(request, headerMap, { info, answer });
      // To a HEAD, Deno.serve sends the head alone, with the body's length.
      return await this.#answer(call, answer);
    } catch (error) {
      return failure(error, answer, this.#ports.log);
    }
  }

  /** Finds the route and climbs the ladder. */
  #admit(
    request: Request,
    headerMap: HeaderMap,
    { info, answer }: {
      readonly info: RequestInfo;
      readonly answer: { readonly requestId: string; pretty: boolean };
    },
  ): Call<Deps> {
    const target = readTarget(request);
    answer.pretty = target.query.has("pretty");
    const match = this.#match(target);
    const methods = match instanceof AppError ? NO_METHODS : match.methods;
    const method = request.method === "HEAD" ? "GET" : request.method;
    const found = methods.get(method);
    const [other] = methods.values();
    const caller = this.#ports.guard.admit({
      method: request.method,
      headers: headerMap,
      targetAuthority: target.authority,
      remoteAddress: info.remoteAddress,
      requestId: answer.requestId,
    }, (found ?? other)?.route);
    if (match instanceof AppError) throw match;
    if (found === undefined) throw notRoutable([...methods.keys()]);
    const { route, params } = found;
    const resumes = route.produces === "websocket" ||
      (route.stream !== undefined && route.kind === "read");
    return new Call({
      request,
      headerMap,
      route,
      params,
      caller,
      target,
      deps: this.#ports.deps,
      log: this.#ports.log,
      // What is read resumes elsewhere; what is work gets its grace.
      end: resumes ? this.#activity.quiet : this.#activity.abort,
      visible: () => this.#catalog.visibleTo(caller),
    });
  }

  /** What a path leads to; a path that cannot be read is refused after the guard. */
  #match({ path }: Target): PathMatch<Deps> | AppError {
    try {
      return this.#catalog.match(decodePath(path));
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
  }

  async #answer(call: Call<Deps>, answer: AnswerContext): Promise<Response> {
    const { route, request } = call;
    const { produces = "json" } = route;
    let leave = this.#activity.enter(route);
    let open = false;
    try {
      await call.parse(this.#bodyLimits);
      if (produces === "websocket") {
        leave = this.#activity.enterStream(leave);
        const response = await upgrade(
          call,
          (socket) => this.#activity.keep(socket, leave),
        );
        open = true;
        return response;
      }
      if (
        produces === "sse" ||
        (route.stream !== undefined &&
          (route.streams?.(call.body) ?? prefersEvents(request)))
      ) {
        if (request.method === "HEAD") return events(noEvents(), answer);
        const response = await this.#stream(call, { answer, leave });
        open = true;
        return response;
      }
      const result = await this.#run(call);
      if (call.held.length === 0) return write(result, route, answer);
      const response = this.#writeLarge(result, call, { answer, leave });
      open = true;
      return response;
    } catch (error) {
      if (error instanceof PlainFailure) {
        return plainText(error.body, answer, error.status);
      }
      if (error instanceof PageFailure) return page(error.page, answer, error);
      throw error;
    } finally {
      if (!open) {
        for (const release of call.held) release();
        leave();
      }
    }
  }

  async #run(call: Call<Deps>): Promise<unknown> {
    const { route } = call;
    const context = call as unknown as RouteContext<Deps>;
    if (route.kind === "read") return await route.handler?.(context);
    const entry = route.auditsItself === true
      ? undefined
      : beginAudit(this.#ports.audit, call);
    const started = this.#ports.clock.monotonic();
    const done = (code: string | undefined, result?: unknown) => {
      if (code !== undefined) entry?.finish({ ok: false, code });
      else {
        const data = result instanceof Reply ? result.data : result;
        const facts = route.auditFacts?.(data);
        entry?.finish({ ok: true, ...(facts !== undefined && { facts }) });
      }
      call.log.info("Answered a write", {
        route: route.id,
        code: code ?? "OK",
        duration_ms: Math.round(this.#ports.clock.monotonic() - started),
      });
    };
    try {
      const result = await route.handler?.(context);
      done(undefined, result);
      return result;
    } catch (error) {
      done(error instanceof AppError ? error.code : "INTERNAL");
      throw error;
    }
  }

  /** Answers with what is large: as it is taken, and then lets go of it. */
  #writeLarge(
    result: unknown,
    { held }: Call<Deps>,
    { answer, leave }: {
      readonly answer: AnswerContext;
      readonly leave: () => void;
    },
  ): Response {
    return largeSuccess(result, answer, {
      clock: this.#ports.clock,
      stallMs: this.#ports.limits.stallMs ?? 30_000,
      onEnd() {
        for (const release of held) release();
        leave();
      },
    });
  }

  async #stream(
    call: Call<Deps>,
    { answer, leave }: {
      readonly answer: AnswerContext;
      readonly leave: () => void;
    },
  ): Promise<Response> {
    const { route, request, log } = call;
    const left = new AbortController();
    const gone = () => left.abort(new AppError("CONFLICT", "The client left"));
    call.signal = AbortSignal.any([call.signal, left.signal]);
    const entry = route.kind === "read" || route.auditsItself === true
      ? undefined
      : beginAudit(this.#ports.audit, call);
    try {
      const source = await route.stream?.(
        call as unknown as RouteContext<Deps>,
      );
      if (source === undefined) throw new AppError("ROUTE_NOT_FOUND");
      const body = sse(source, {
        clock: this.#ports.clock,
        signal: call.signal,
        describeError: (thrown) => wireError(thrown, log),
        heartbeatMs: this.#ports.limits.heartbeatMs ?? 15_000,
        stallMs: this.#ports.limits.stallMs ?? 30_000,
        onEnd: (reason) => {
          leave();
          gone();
          entry?.finish({ ok: reason === "done" });
          log.debug("A stream ended", {
            route: route.id,
            reason,
            client_left: request.signal.aborted,
          });
        },
      });
      return events(body, answer);
    } catch (error) {
      entry?.finish({ ok: false });
      throw error;
    }
  }
}

/** Unknown path, or a known one with another method. */
function notRoutable(methods: readonly string[]): AppError {
  if (methods.length === 0) return new AppError("ROUTE_NOT_FOUND");
  const allow = methods.flatMap((it) => it === "GET" ? ["GET", "HEAD"] : [it]);
  return new AppError("METHOD_NOT_ALLOWED", undefined, {
    details: { allow },
    headers: { allow: allow.join(", ") },
  });
}

function prefersEvents(request: Request): boolean {
  return accepts(request, "application/json", "text/event-stream") ===
    "text/event-stream";
}

/** A stream has no length, and so must not be an absent body, whose length is 0. */
function noEvents(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}
