import { z } from "zod";
import { AppError, invalidInput } from "../errors.ts";
import type { Logger } from "../log.ts";
import { type BodyLimits, readJson } from "./body.ts";
import type { HeaderMap } from "./headers.ts";
import { parseInput, queryObject } from "./input.ts";
import type { Caller, Route, Schema, Zone } from "./route.ts";
import type { Target } from "./target.ts";

/** The body of a write that takes none: nothing, or an object without fields. */
const NO_FIELDS = z.strictObject({});

/** What a call is made of. */
export interface CallParts<Deps> {
  readonly request: Request;
  readonly headerMap: HeaderMap;
  readonly route: Route<Deps>;
  readonly params: Readonly<Record<string, string>>;
  readonly caller: Caller;
  readonly target: Target;
  readonly deps: Deps;
  /** The daemon's log, not yet the call's. */
  readonly log: Logger;
  /** Ends the call when the daemon has waited long enough. */
  readonly end: AbortSignal;
  /** The routes that the caller may know of. */
  readonly visible: () => readonly Route<Deps>[];
}

/**
 * One admitted request: the context that its handler is given. What costs time
 * and is seldom read (signal, logger, route list) is made when it is read.
 */
export class Call<Deps> {
  readonly request: Request;
  readonly headerMap: HeaderMap;
  readonly route: Route<Deps>;
  readonly params: Readonly<Record<string, string>>;
  readonly caller: Caller;
  readonly deps: Deps;
  query: unknown;
  body: unknown;
  /** What is called when the answer was sent: see `RouteContext.hold`. */
  readonly held: (() => void)[] = [];
  readonly #parts: CallParts<Deps>;
  #log: Logger | undefined;
  #signal: AbortSignal | undefined;

  constructor(parts: CallParts<Deps>) {
    this.#parts = parts;
    this.request = parts.request;
    this.headerMap = parts.headerMap;
    this.route = parts.route;
    this.params = parts.params;
    this.caller = parts.caller;
    this.deps = parts.deps;
  }

  get requestId(): string {
    return this.caller.requestId;
  }

  get zone(): Zone {
    return this.caller.zone;
  }

  get authenticated(): boolean {
    return this.caller.authenticated;
  }

  get remoteAddress(): string {
    return this.caller.remoteAddress;
  }

  get headers(): Headers {
    return this.request.headers;
  }

  get routes(): readonly Route<Deps>[] {
    return this.#parts.visible();
  }

  get log(): Logger {
    return this.#log ??= this.#parts.log.child({ request_id: this.requestId });
  }

  /** Aborts when the client has gone or the daemon has waited long enough. */
  get signal(): AbortSignal {
    return this.#signal ??= AbortSignal.any([
      this.request.signal,
      this.#parts.end,
    ]);
  }

  /** Replaces the signal: a stream's own end counts too. */
  set signal(signal: AbortSignal) {
    this.#signal = signal;
  }

  hold(release: () => void): void {
    this.held.push(release);
  }

  /**
   * Reads and parses query and body by the route's schemas.
   * @throws {AppError} INVALID_INPUT, INVALID_JSON, BODY_TOO_LARGE, REQUEST_TIMEOUT
   */
  async parse(limits: BodyLimits): Promise<void> {
    const { route } = this;
    if (route.query !== undefined) {
      const query = queryObject(this.#parts.target.query);
      this.query = parseInput(route.query, query, "query");
    }
    if (route.body !== undefined) {
      this.body = await this.#readBody(route.body, limits);
    } else if (route.kind === "write") {
      // What a caller sends must not be ignored in silence.
      await this.#readBody(NO_FIELDS, limits);
    }
  }

  async #readBody(schema: Schema, limits: BodyLimits): Promise<unknown> {
    const { bodyRule = schema === NO_FIELDS ? "optional" : undefined } =
      this.route;
    const read = await readJson(this.request, this.headerMap, limits);
    if (read === undefined && bodyRule !== "optional") {
      throw new AppError("INVALID_JSON", "Cannot read the body: it is empty");
    }
    const value = read === undefined ? {} : read;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw invalidInput("", "The body must be a JSON object", {
        message: "Cannot accept the body",
      });
    }
    return bodyRule === "inner" ? value : parseInput(schema, value, "body");
  }
}
