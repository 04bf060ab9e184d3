import { accepts } from "@std/http";
import { z } from "zod";
import {
  ELSEWHERE,
  Endpoint,
  endpoint,
  openapi,
  RouteLine,
  routeLines,
  whyUnavailable,
} from "../describe/mod.ts";
import { AppError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import {
  type Route,
  type RouteContext,
  routeFor,
  seesWork,
  TextReply,
} from "../http/mod.ts";
import { Example, exampleLines, frontDoor } from "./front_door.ts";
import type { SelfDeps } from "./self.ts";

const Json = z.record(z.string(), z.unknown());

/** Curl lines of an index document. */
const MAX_EXAMPLES = 6;

const Common = {
  name: z.string(),
  version: z.string(),
  system: Json,
  recommended_flow: z.array(z.string()),
  notes: z.array(z.string()),
  endpoints: z.array(RouteLine).describe("GET /describe/<id> tells the rest"),
  host_operations: Json.optional(),
  websocket: Json,
  examples: z.array(Example),
};

const Pointer = z.object({ path: z.string(), summary: z.string() });

const Description = z.object({
  ...Common,
  describe_endpoints: z.object({ business: Pointer, control: Pointer }),
  capabilities: z.object({ unavailable: z.array(z.string()) }).describe(
    "what does not work now: why stands in endpoints",
  ),
}).meta({ [ELSEWHERE]: true });

const ScopedDescription = z.object({
  ...Common,
  surface: z.enum(["business", "control"]),
}).meta({ [ELSEWHERE]: true });

/** Returns the routes by which a daemon describes itself. */
export function describeRoutes<Deps extends SelfDeps>(): Route<Deps>[] {
  const route = routeFor<Deps>();
  const read = {
    method: "GET",
    kind: "read",
    exposure: "public",
    answersInOutage: true,
    scope: "none",
  } as const;
  const business = {
    path: "/describe/business",
    summary: "Read the surface of queries and work",
  } as const;
  const control = {
    path: "/describe/control",
    summary: "Read the surface that acts on this machine",
  } as const;
  return [
    route({
      ...read,
      id: "service.root",
      path: "/",
      surface: "common",
      revalidates: true,
      alsoText: true,
      summary: "Read how to begin, as /llms.txt",
      data: Pointer,
      handler: (context) =>
        wantsJson(context.headers)
          ? { path: "/describe", summary: "Describe all that this API allows" }
          : new TextReply(frontDoor(context)),
    }),
    route({
      ...read,
      id: "service.llms",
      path: "/llms.txt",
      surface: "common",
      produces: "text",
      revalidates: true,
      summary: "Read how to begin: rules, routes, curl",
      data: z.string(),
      handler: (context) => new TextReply(frontDoor(context)),
    }),
    route({
      ...read,
      id: "service.describe",
      path: "/describe",
      surface: "common",
      summary: "Describe all that this API allows",
      data: Description,
      handler(context) {
        const document = common(context, context.routes, "all");
        return {
          ...document,
          describe_endpoints: { business, control },
          capabilities: {
            unavailable: document.endpoints.flatMap((it) =>
              it.available === false ? [it.id] : []
            ),
          },
        };
      },
    }),
    ...(["business", "control"] as const).map((surface) =>
      route({
        ...read,
        id: `service.describe.${surface}`,
        ...{ business, control }[surface],
        surface,
        data: ScopedDescription,
        handler: (context) => ({
          ...common(
            context,
            context.routes.filter((it) =>
              it.surface === surface || it.surface === "common"
            ),
            surface,
          ),
          surface,
        }),
      })
    ),
    route({
      ...read,
      id: "service.describe.route",
      path: "/describe/:route_id",
      surface: "common",
      revalidates: true,
      summary: "Describe one route: fields, errors, curl, next",
      data: Endpoint,
      errors: ["NOT_FOUND"],
      example: { params: { route_id: "service.describe" } },
      handler: (context) => {
        const { routes, params, deps } = context;
        const found = routes.find(({ id }) => id === params.route_id);
        if (found === undefined) throw unknownRoute(params.route_id, routes);
        const next = found.next?.flatMap((id) =>
          routes.filter((it) => it.id === id)
        ).map(({ method, path, summary }) => ({ method, path, summary }));
        const reason = whyUnavailable(context)(found);
        return {
          ...endpoint(found, deps.self.curlOptions(context)),
          next,
          available: reason === undefined,
          unavailable_reason: reason,
          protocol: seesWork(context) ? found.protocol?.(deps) : undefined,
        };
      },
    }),
    route({
      ...read,
      id: "service.openapi",
      path: "/openapi.json",
      surface: "common",
      produces: "document",
      revalidates: true,
      summary: "Read the OpenAPI 3.1 document",
      data: Json,
      handler(context) {
        const { routes, deps: { self } } = context;
        return openapi(routes, {
          title: self.name,
          version: self.version,
          ...self.curlOptions(context),
        });
      },
    }),
  ];
}

function common<Deps extends SelfDeps>(
  context: RouteContext<Deps>,
  routes: readonly Route<Deps>[],
  part: "all" | "business" | "control",
) {
  const { self } = context.deps;
  const { flow, notes, examples } = self.guidance(context, part);
  const host = part === "business"
    ? undefined
    : self.hostOperations(context.routes, context);
  return {
    name: self.name,
    version: self.version,
    system: self.system(context),
    recommended_flow: [...flow],
    notes: [...notes],
    endpoints: routeLines(context, routes),
    host_operations: host,
    websocket: self.websocket(context),
    examples: exampleLines(context, examples ?? routes.map(({ id }) => id))
      .slice(0, MAX_EXAMPLES),
  };
}

function wantsJson(headers: Headers): boolean {
  // Who takes anything has not asked for it.
  const isNamed = headers.get("accept")?.includes("application/json");
  return isNamed === true &&
    accepts({ headers }, "application/json", "text/plain") !== "text/plain";
}

/** A mistyped id is answered with those that begin like it. */
function unknownRoute<Deps>(
  wrong: string,
  routes: readonly Route<Deps>[],
): AppError {
  const [room = ""] = wrong.split(/[._]/);
  const ids = routes.map(({ id }) => id);
  const alike = ids.filter((id) =>
    id.startsWith(`${room}.`) || id.endsWith(`.${wrong}`)
  );
  const guess = nearest(wrong, ids) ?? alike.slice(0, 3).join(" or ");
  const all = "GET /describe lists the ids under endpoints.";
  return new AppError("NOT_FOUND", `Cannot find a route "${wrong}"`, {
    details: { route_id: wrong, alike: alike.slice(0, 10) },
    hint: guess === "" ? all : `Did you mean ${guess}? ${all}`,
  });
}
