import { checkRoute, fault } from "./check_route.ts";
import type { Caller, Route } from "./route.ts";
import { decodePath } from "./target.ts";

/** Every route of one daemon. Refuses, at start, what could not work. */
export class Catalog<Deps> {
  readonly routes: readonly Route<Deps>[];
  readonly #fixed = new Map<string, ReadonlyMap<string, FoundRoute<Deps>>>();
  readonly #patterns: {
    readonly parts: string[];
    readonly route: Route<Deps>;
  }[] = [];

  constructor(routes: readonly Route<Deps>[]) {
    const seen = new Set<string>();
    const pathOfShape = new Map<string, string>();
    for (const route of routes) {
      checkRoute(route);
      const shape = route.path.replace(/:\w+/g, ":");
      for (const key of [route.id, `${route.method} ${shape}`]) {
        if (seen.has(key)) fault(route, `"${key}" is already defined`);
        seen.add(key);
      }
      const path = pathOfShape.get(shape) ?? route.path;
      if (path !== route.path) {
        fault(route, `its path is "${path}" elsewhere: name the params alike`);
      }
      pathOfShape.set(shape, path);
      this.#patterns.push({ parts: route.path.split("/"), route });
    }
    // What is written out comes before what is a param.
    this.#patterns.sort((a, b) => hasParams(a.route) - hasParams(b.route));
    for (const { parts, route } of this.#patterns) {
      if (hasParams(route)) break;
      this.#fixed.set(route.path, this.#search(parts));
    }
    this.routes = routes;
    for (const route of routes) {
      const lost = route.next?.find((id) => !seen.has(id));
      if (lost !== undefined) fault(route, `no route "${lost}" leads on`);
    }
  }

  /** The routes that a caller may know of: what is not exposed to it is absent. */
  visibleTo(caller: Caller): readonly Route<Deps>[] {
    return caller.zone === "local"
      ? this.routes
      : this.routes.filter(({ exposure }) =>
        exposure === "public" || (exposure === "token" && caller.authenticated)
      );
  }

  /**
   * What a path that is still encoded leads to, by method; undefined when its
   * percent-encoding is not valid.
   */
  match(path: string): ReadonlyMap<string, FoundRoute<Deps>> | undefined {
    const fixed = this.#fixed.get(path);
    if (fixed !== undefined) return fixed;
    const segments = decodePath(path);
    return segments && this.#search(segments);
  }

  #search(segments: readonly string[]): ReadonlyMap<string, FoundRoute<Deps>> {
    const methods = new Map<string, FoundRoute<Deps>>();
    for (const { parts, route } of this.#patterns) {
      const params = matchParts(parts, segments);
      if (params !== undefined && !methods.has(route.method)) {
        methods.set(route.method, { route, params });
      }
    }
    return methods;
  }
}

function hasParams<Deps>(route: Route<Deps>): number {
  return Number(route.path.includes(":"));
}

/** A route that a path leads to, with the values of its `:params`. */
export interface FoundRoute<Deps> {
  readonly route: Route<Deps>;
  readonly params: Readonly<Record<string, string>>;
}

function matchParts(
  parts: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  if (parts.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const segment = segments[index] ?? "";
    if (part.startsWith(":")) {
      if (segment === "") return undefined;
      params[part.slice(1)] = segment;
    } else if (part !== segment) return undefined;
  }
  return params;
}
