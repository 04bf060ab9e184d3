import { accepts } from "@std/http";
import type { AuditPort } from "../audit.ts";
import { ByteBudget } from "../byte_budget.ts";
import type { Clock } from "../clock.ts";
import { AppError, invalidInput } from "../errors.ts";
import { type NewId, randomId } from "../ids.ts";
import { canonicalAddress } from "../ip_address.ts";
import type { Logger } from "../log.ts";
import { Activity } from "./activity.ts";
import type { Attendance } from "./attendance.ts";
import { type BodyLimits, declaresBody } from "./body.ts";
import { Call } from "./call.ts";
import { Catalog } from "./catalog.ts";
import { Deadlines } from "./deadlines.ts";
import { Guard, type GuardConfig, type GuardRequest } from "./guard.ts";
import type { Held } from "./held.ts";
import { nearestPaths } from "./nearest_paths.ts";
import { openStream } from "./open_stream.ts";
import {
  type AnswerContext,
  events,
  failedEvents,
  failure,
  largeResult,
  lateResult,
  ownResult,
  revalidatedResult,
  writeResult,
} from "./respond.ts";
import { ReadSlots } from "./read_slots.ts";
import type {
  Caller,
  HeaderMap,
  HtmlPage,
  Route,
  RouteInfo,
  RouteWith,
  WireError,
} from "./route.ts";
import { runHandler } from "./run_handler.ts";
import { readTarget } from "./target.ts";
import { upgrade } from "./upgrade.ts";

/** The app of a daemon, a function that needs no port: admits each request, runs its route, answers. */
export class Dispatcher<Deps> {
  readonly #options: DispatcherOptions<Deps>;
  readonly #stallMs: number;
  readonly #bodyLimits: BodyLimits;
  readonly #activity: Activity;
  readonly #catalog: Catalog<Deps>;
  readonly #guard: Guard;
  readonly #rest = () => void this.#working--;
  #working = 0;
  constructor(options: DispatcherOptions<Deps>) {
    const { routes, guard, limits, clock, log } = options;
    this.#options = options;
    this.#stallMs = limits.stallMs ?? 30_000;
    this.#activity = new Activity(limits.maxConcurrent ?? 1000);
    this.#catalog = new Catalog(routes);
    this.#guard = new Guard(guard, { clock, log });
    this.#bodyLimits = {
      maxBytes: limits.maxBodyBytes,
      deadlines: new Deadlines(clock, 30_000),
      budget: new ByteBudget(8 * limits.maxBodyBytes),
      slots: new ReadSlots(READS, new Deadlines(clock, SLOT_MS)),
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
    // One pass: a look into `Headers` costs as much, and their iterator four times that.
    const headers = new Map<string, string>();
    request.headers.forEach((value, name) => headers.set(name, value));
    const target = readTarget(request);
    const requestId = this.#requestId(headers);
    const answer = { requestId, pretty: target.query?.has("pretty") === true };
    let call: Call<Deps> | undefined;
    let held: Held | undefined;
    const head: GuardRequest = {
      method: request.method,
      headers,
      target,
      requestId,
      remoteAddress: canonicalAddress(info.remoteAddress),
    };
    try {
      call = this.#admit(request, head);
      // What outlives its handler moves out of here: see `Call.keep()`.
      held = call.held;
      // To a HEAD, Deno.serve sends the head alone, with the body's length.
      const made = this.#answer(call, answer);
      const result = announce(
        made instanceof Promise ? await made : made,
        call.route.deprecated,
      );
      return call.hasBody ? await info.last?.(result) ?? result : result;
    } catch (error) {
      const told = this.#outage(error, call) ?? call?.asKnown(error) ?? error;
      const failed = announce(
        failure(told, call?.log ?? this.#options.log, {
          ...answer,
          page: this.#failurePage(request, head, call),
          routeId: call?.route.id,
        }),
        call?.route.deprecated,
      );
      const hasBody = call?.hasBody ?? declaresBody(headers);
      return hasBody ? await info.last?.(failed) ?? failed : failed;
    } finally {
      held?.[Symbol.dispose]();
    }
  }

  /** What shows a failure of the route that a request wants, to who wants to see pages. */
  #failurePage(
    request: Request,
    { method, headers, target }: GuardRequest,
    call: Call<Deps> | undefined,
  ): ((failure: WireError) => HtmlPage) | undefined {
    const route = this.#catalog.match(target.path)
      ?.get(method === "HEAD" ? "GET" : method)?.route;
    const show = route?.failurePage;
    if (show === undefined) return undefined;
    // Of those who do not say, a program shows a token, or writes.
    const types = ["text/html", "application/json"];
    if (route?.kind === "write" || headers.has("authorization")) {
      types.reverse();
    }
    if (accepts(request, ...types) !== "text/html") return undefined;
    const { path, query = "" } = target;
    return (failure) =>
      show(failure, { path, query: String(query), body: call?.body });
  }

  /** Who is the first to meet what refuses all work is told as much as the next one. */
  #outage(error: unknown, caller: Caller | undefined): AppError | undefined {
    const isMet = error instanceof AppError && error.code === "NOT_READY";
    return isMet && caller ? this.#options.outage?.(caller) : undefined;
  }

  /** Refuses requests whose bodies wait to be read. */
  relieve(): void {
    this.#bodyLimits.slots.relieve();
  }

  /** Whether it is working on an answer: not while it waits for a body. */
  get isWorking(): boolean {
    return this.#working > 0;
  }

  #requestId(headers: HeaderMap): string {
    const given = headers.get("x-request-id");
    return given !== undefined && REQUEST_ID.test(given)
      ? given
      : (this.#options.newId ?? randomId)("req");
  }

  /**
   * Finds the route of a request, and has the guard judge it before anything else does.
   * @throws {AppError} the guard's refusal; ROUTE_NOT_FOUND,
   * METHOD_NOT_ALLOWED, INVALID_INPUT; what refuses all work
   */
  #admit(request: Request, head: GuardRequest): Call<Deps> {
    const catalog = this.#catalog;
    const methods = catalog.match(head.target.path);
    const found = methods?.get(head.method === "HEAD" ? "GET" : head.method);
    // A wrong method is judged by any route of its path.
    const judged = found ?? methods?.values().next().value;
    const caller = this.#guard.admit(head, judged?.route);
    if (methods === undefined) {
      throw invalidInput("", "Bad percent-encoding", {
        message: "Cannot read the path: its percent-encoding is not valid",
      });
    }
    if (found === undefined) {
      const visible = catalog.visibleTo(caller);
      const { path } = head.target;
      if (methods.size > 0) {
        throw wrongMethod(head, [...methods.values()].map((it) => it.route), {
          visible,
        });
      }
      const bare = path.replace(/\/+$/, "");
      const meant = [...catalog.match(bare)?.values() ?? []]
        .some(({ route }) => visible.includes(route));
      throw unknownPath(path, meant ? [bare] : visible.map((it) => it.path));
    }
    const { route } = found;
    if (route.answersInOutage !== true) {
      const outage = this.#options.outage?.(caller);
      if (outage !== undefined) throw outage;
    }
    const resumes = route.produces === "websocket" ||
      (route.stream !== undefined && route.kind === "read");
    return new Call({
      request,
      head,
      found,
      caller,
      catalog,
      app: this,
      deps: this.#options.deps,
      log: this.#options.log,
      // What is read resumes elsewhere; what is work gets its grace.
      end: resumes ? this.#activity.quiet : this.#activity.abort,
    });
  }

  /** Waits for nothing that is there: each wait is garbage. */
  #answer(call: Call<Deps>, answer: AnswerContext): MaybePromise<Response> {
    if (this.#activity.isCrowded) this.relieve();
    this.#activity.enter(call.route, call.held);
    const reading = call.parse(this.#bodyLimits);
    return reading === undefined
      ? this.#run(call, answer)
      : reading.then(() => this.#run(call, answer));
  }

  #run(call: Call<Deps>, answer: AnswerContext): MaybePromise<Response> {
    const { route, request, held } = call;
    if (route.produces === "websocket") {
      this.#activity.enterStream(held);
      return upgrade(call, route, (socket) => {
        this.#activity.keep(socket, call.keep());
      });
    }
    this.#working++;
    held.defer(this.#rest);
    const attendance = route.endsWithCaller?.(call.body) === true
      ? call.attend(this.#options.clock)
      : undefined;
    if (
      route.produces === "sse" ||
      (route.stream !== undefined && asksForEvents(call, route))
    ) {
      if (request.method === "HEAD") return events(noEvents(), answer);
      const made = openStream(call, route, {
        answer,
        audit: this.#options.audit,
        clock: this.#options.clock,
        stallMs: this.#stallMs,
      });
      return attendance === undefined ? made : this.#attend(call, made, {
        attendance,
        blank: ":\n\n",
        late: (body) => events(body, answer),
        failed: (error) =>
          failedEvents(error, call.log, { ...answer, routeId: route.id }),
      });
    }
    const made = runHandler(call, route, this.#options);
    if (!(made instanceof Promise)) {
      return this.#write(call, { result: made, answer });
    }
    const written = made.then((it) =>
      this.#write(call, { result: it, answer })
    );
    return attendance === undefined ? written : this.#attend(call, written, {
      attendance,
      blank: "\n",
      late: (body) => lateResult(body, answer),
      failed: (error) =>
        failure(error, call.log, { ...answer, routeId: route.id }),
    });
  }

  /** Answers as `made` does; who waits for long has the beginning before. */
  #attend(
    call: Call<Deps>,
    made: Promise<Response>,
    { attendance, blank, late, failed }: {
      readonly attendance: Attendance;
      readonly blank: string;
      late(body: ReadableStream<Uint8Array>): Response;
      failed(error: unknown): Response;
    },
  ): Promise<Response> {
    let kept: Held | undefined;
    const told = made.catch((error) => {
      if (kept === undefined) throw error;
      return failed(error);
      // Nothing is left in it where the answer holds it longer.
    }).finally(() => kept?.[Symbol.dispose]());
    return attendance.answer(told, {
      blank,
      late(body) {
        kept = call.keep();
        return late(body);
      },
    });
  }

  #write(
    call: Call<Deps>,
    { result, answer }: {
      readonly result: unknown;
      readonly answer: AnswerContext;
    },
  ): MaybePromise<Response> {
    const { route } = call;
    if (result instanceof Response) {
      const kept = call.keep();
      return ownResult(result, answer, () => kept[Symbol.dispose]());
    }
    if (route.revalidates) {
      const known = call.headerMap.get("if-none-match");
      return revalidatedResult(result, route, { ...answer, known });
    }
    if (!call.isLarge) return writeResult(result, route, answer);
    // What is large is written as it is taken, and then let go of.
    const kept = call.keep();
    return largeResult(result, answer, {
      clock: this.#options.clock,
      stallMs: this.#stallMs,
      onEnd: () => kept[Symbol.dispose](),
    });
  }
}

type MaybePromise<T> = T | Promise<T>;

interface DispatcherOptions<Deps> {
  readonly routes: readonly Route<Deps>[];
  readonly deps: Deps;
  readonly guard: GuardConfig;
  readonly limits: DispatcherLimits;
  /** Where writes that do not report by themselves are recorded. */
  readonly audit: AuditPort;
  /** What refuses all work now, as this caller may see it. */
  readonly outage?: (caller: Caller) => AppError | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId?: NewId;
}

/** Bodies that are read at once: half of the descriptors where there are few. */
const READS = 128;
/** A body waits no longer than this for others to be read. */
const SLOT_MS = 1000;

/** The last rung of the ladder: size and rate. */
export interface DispatcherLimits {
  readonly maxBodyBytes: number;
  /** Requests at once, streams and sockets included. Default 1 000. */
  readonly maxConcurrent?: number;
  /** A reader that takes nothing for this long is given up. Default 30 000. */
  readonly stallMs?: number;
}

/** Where a request came from, as `Deno.serve` tells it. */
export interface RequestInfo {
  /** An IP address, or {@linkcode OVER_SOCKET}. */
  readonly remoteAddress: string;
  /** Makes an answer the last one of its connection: the rest of a body may never come. */
  last?(answer: Response): Promise<Response>;
}

/** Tells, beside the answer of a deprecated route, since when and until when. */
function announce(
  answer: Response,
  deprecated: RouteInfo["deprecated"],
): Response {
  if (deprecated !== undefined) {
    const { since, sunset } = deprecated;
    answer.headers.set("deprecation", `@${since.getTime() / 1000}`);
    answer.headers.set("sunset", sunset.toUTCString());
  }
  return answer;
}

/** Names the routes that may have been meant, of those that the caller may see. */
function unknownPath(path: string, paths: readonly string[]): AppError {
  const shown = path.slice(0, MAX_SHOWN);
  const bare = shown.replace(/\/+$/, "");
  const near = nearestPaths(bare, paths);
  return new AppError("ROUTE_NOT_FOUND", `Cannot find the route ${shown}`, {
    details: { nearest: near },
    hint: near.length === 0
      ? "GET /describe lists the routes."
      : `Did you mean ${near.join(" or ")}? GET /describe lists all.`,
  });
}

/** Names the methods of a path, and what writes under it to whom wants to write. */
function wrongMethod(
  { method, target }: GuardRequest,
  found: readonly RouteInfo[],
  { visible }: { readonly visible: readonly RouteInfo[] },
): AppError {
  const methods = found.map((it) => it.method);
  const stem = found[0]?.path ?? "";
  const path = target.path.slice(0, MAX_SHOWN);
  const near = method === "OPTIONS" ? [] : visible
    .filter((it) => it.kind === "write" && it.path.startsWith(`${stem}/`))
    .sort((a, b) => a.path.length - b.path.length)
    .map((it) => `${it.method} ${path}${it.path.slice(stem.length)}`)
    .slice(0, 3);
  const allow = methods.flatMap((it) => it === "GET" ? ["GET", "HEAD"] : [it]);
  return new AppError("METHOD_NOT_ALLOWED", undefined, {
    details: { allow },
    headers: { allow: allow.join(", ") },
    hint: `Use ${methods.join(" or ")}.${
      near.length === 0 ? "" : ` Near: ${near.join(", ")}.`
    }`,
  });
}

/** Characters of an unknown path that are shown, and looked at. */
const MAX_SHOWN = 200;

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** Tells whether a caller who may have data or events wants events. */
function asksForEvents<Deps>(
  { request, headerMap, body }: Call<Deps>,
  route: RouteWith<Deps, "handler">,
): boolean {
  return route.streams?.(body) ??
    (/text\//i.test(headerMap.get("accept") ?? "") &&
      accepts(request, "application/json", "text/event-stream") ===
        "text/event-stream");
}

/** A stream has no length, and so must not be an absent body, whose length is 0. */
function noEvents(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}
