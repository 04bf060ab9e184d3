import type { Caller, Route } from "./route.ts";

/** A route that a path leads to, with the values of its `:params`. */
export interface Found<Deps> {
  readonly route: Route<Deps>;
  readonly params: Readonly<Record<string, string>>;
}

/** What a path leads to: its routes by method. */
export interface PathMatch<Deps> {
  readonly methods: ReadonlyMap<string, Found<Deps>>;
}

/** Every route of one daemon. Refuses, at start, what could not work. */
export class Catalog<Deps> {
  readonly routes: readonly Route<Deps>[];
  readonly #fixed = new Map<string, Route<Deps>[]>();
  readonly #patterns: {
    readonly parts: string[];
    readonly route: Route<Deps>;
  }[] = [];

  constructor(routes: readonly Route<Deps>[]) {
    const seen = new Set<string>();
    for (const route of routes) {
      const shape = route.path.replace(/:\w+/g, ":");
      for (const key of [route.id, `${route.method} ${shape}`]) {
        if (seen.has(key)) fault(route, `"${key}" is already defined`);
        seen.add(key);
      }
      check(route);
      if (shape === route.path) {
        const same = this.#fixed.get(route.path) ?? [];
        this.#fixed.set(route.path, [...same, route]);
      } else {
        this.#patterns.push({ parts: route.path.split("/"), route });
      }
    }
    this.routes = routes;
  }

  /** The routes that a caller may know of: what is not exposed to it is absent. */
  visibleTo(caller: Caller): readonly Route<Deps>[] {
    return caller.zone === "local"
      ? this.routes
      : this.routes.filter(({ exposure }) =>
        exposure === "public" || (exposure === "token" && caller.authenticated)
      );
  }

  /** Finds what the decoded `segments` of a path lead to, fixed paths first. */
  match(segments: readonly string[]): PathMatch<Deps> {
    const methods = new Map<string, Found<Deps>>();
    const fixed = segments.some((it) => it.includes("/"))
      ? undefined
      : this.#fixed.get(segments.join("/"));
    for (const route of fixed ?? []) {
      methods.set(route.method, { route, params: {} });
    }
    for (const { parts, route } of this.#patterns) {
      const params = matchParts(parts, segments);
      if (params !== undefined && !methods.has(route.method)) {
        methods.set(route.method, { route, params });
      }
    }
    return { methods };
  }
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

/** Refuses a route whose parts contradict one another. */
function check<Deps>(route: Route<Deps>): void {
  const produces = route.produces ?? "json";
  const serves = {
    json: route.handler,
    text: route.handler,
    html: route.handler,
    document: route.handler,
    sse: route.stream,
    websocket: route.socket,
  }[produces];
  if (serves === undefined) fault(route, `nothing answers its "${produces}"`);
  if (route.stream !== undefined && route.events === undefined) {
    fault(route, "its stream has no event schemas");
  }
  if (route.method === "GET" && route.body !== undefined) {
    fault(route, "a GET has no body");
  }
  const { example } = route;
  for (const name of route.path.matchAll(/:(\w+)/g)) {
    if (example?.params?.[name[1] ?? ""] === undefined) {
      fault(route, `its example lacks the param "${name[1]}"`);
    }
  }
  if (
    route.body !== undefined && (route.bodyRule ?? "required") !== "optional" &&
    example?.body === undefined
  ) fault(route, "its example lacks the body");
  for (const part of ["query", "body"] as const) {
    if (example?.[part] === undefined) continue;
    const result = route[part]?.safeParse(example[part]);
    if (result === undefined || !result.success) {
      fault(route, `its schema refuses its example's ${part}`);
    }
  }
}

function fault<Deps>(route: Route<Deps>, reason: string): never {
  throw new TypeError(`Cannot add route "${route.id}": ${reason}`);
}
