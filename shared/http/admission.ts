import { AppError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Activity } from "./activity.ts";
import { Call } from "./call.ts";
import type { Catalog, FoundRoute } from "./catalog.ts";
import type { Guard, GuardRequest } from "./guard.ts";
import { decodePath, type RequestTarget } from "./target.ts";

/** Finds the route of each request, and has the guard judge it before anything else does. */
export class Admission<Deps> {
  readonly #options: AdmissionOptions<Deps>;

  constructor(options: AdmissionOptions<Deps>) {
    this.#options = options;
  }

  /**
   * Lets a request in.
   * @throws {AppError} the guard's refusal; ROUTE_NOT_FOUND,
   * METHOD_NOT_ALLOWED, INVALID_INPUT
   */
  admit(request: Request, head: GuardRequest): Call<Deps> {
    const { catalog, guard, deps, log, activity } = this.#options;
    const match = this.#match(head.target);
    const methods = match instanceof AppError ? NO_METHODS : match;
    const found = methods.get(head.method === "HEAD" ? "GET" : head.method);
    // A wrong method is judged by any route of its path.
    const judged = found ?? methods.values().next().value;
    const caller = guard.admit(head, judged?.route);
    if (match instanceof AppError) throw match;
    if (found === undefined) throw notRoutable([...methods.keys()]);
    const { route } = found;
    const resumes = route.produces === "websocket" ||
      (route.stream !== undefined && route.kind === "read");
    return new Call({
      request,
      head,
      found,
      caller,
      catalog,
      deps,
      log,
      // What is read resumes elsewhere; what is work gets its grace.
      end: resumes ? activity.quiet : activity.abort,
    });
  }

  /** What a path leads to; a path that cannot be read is refused after the guard. */
  #match(
    { path }: RequestTarget,
  ): ReadonlyMap<string, FoundRoute<Deps>> | AppError {
    try {
      return this.#options.catalog.match(decodePath(path));
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
  }
}

interface AdmissionOptions<Deps> {
  readonly catalog: Catalog<Deps>;
  readonly guard: Guard;
  readonly activity: Activity;
  readonly deps: Deps;
  readonly log: Logger;
}

const NO_METHODS = new Map<string, never>();

/** Unknown path, or a known one with another method. */
function notRoutable(methods: readonly string[]): AppError {
  if (methods.length === 0) return new AppError("ROUTE_NOT_FOUND");
  const allow = methods.flatMap((it) => it === "GET" ? ["GET", "HEAD"] : [it]);
  return new AppError("METHOD_NOT_ALLOWED", undefined, {
    details: { allow },
    headers: { allow: allow.join(", ") },
  });
}
