import { z } from "zod";
import {
  curl,
  type CurlOptions,
  Endpoint,
  endpoint,
  openapi,
} from "../describe/mod.ts";
import {
  type Route,
  type RouteContext,
  routeFor,
  type RouteInfo,
} from "../http/mod.ts";
import type { SelfDeps } from "./self.ts";

const Json = z.record(z.string(), z.unknown());

const Example = z.object({
  title: z.string(),
  method: z.string(),
  path: z.string(),
  curl: z.string(),
});

const Common = {
  version: z.string(),
  system: Json,
  websocket: Json,
  host_operations: Json.optional(),
  endpoints: z.array(Endpoint),
  examples: z.array(Example),
  notes: z.array(z.string()),
};

const Pointer = z.object({ path: z.string(), summary: z.string() });

const Description = z.object({
  name: z.string(),
  ...Common,
  describe_endpoints: z.object({ business: Pointer, control: Pointer }),
  capabilities: Json.describe("what is available now, as /v1/capabilities"),
});

const ScopedDescription = z.object({
  name: z.string(),
  surface: z.enum(["business", "control"]),
  recommended_flow: z.array(z.string()),
  ...Common,
});

/** Returns the routes by which a daemon describes itself. */
export function describeRoutes<Deps extends SelfDeps>({ capabilities }: {
  /** The `capabilities` of `/describe`. */
  readonly capabilities: (
    context: RouteContext<Deps>,
  ) => Readonly<Record<string, unknown>>;
}): Route<Deps>[] {
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
    summary: "Read the business surface: queries and work",
  } as const;
  const control = {
    path: "/describe/control",
    summary: "Read the control surface: what acts on this machine",
  } as const;
  return [
    route({
      ...read,
      id: "service.describe",
      path: "/describe",
      surface: "common",
      summary: "Describe everything that this API allows",
      data: Description,
      handler: (context) => ({
        name: context.deps.self.name,
        ...common(context, context.routes, "all"),
        describe_endpoints: { business, control },
        capabilities: capabilities(context),
      }),
    }),
    ...(["business", "control"] as const).map((surface) =>
      route({
        ...read,
        id: `service.describe.${surface}`,
        ...{ business, control }[surface],
        surface,
        data: ScopedDescription,
        handler: (context) => ({
          name: context.deps.self.name,
          surface,
          recommended_flow: [
            ...context.deps.self.guidance(context, surface).flow,
          ],
          ...common(
            context,
            context.routes.filter((it) =>
              it.surface === surface || it.surface === "common"
            ),
            surface,
          ),
        }),
      })
    ),
    route({
      ...read,
      id: "service.openapi",
      path: "/openapi.json",
      surface: "common",
      produces: "document",
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
  routes: readonly RouteInfo[],
  part: "all" | "business" | "control",
) {
  const { self } = context.deps;
  const options = self.curlOptions(context);
  return {
    version: self.version,
    system: self.system(context),
    websocket: self.websocket(context),
    host_operations: part === "business"
      ? undefined
      : self.hostOperations(context.routes, context),
    endpoints: routes.map((it) => endpoint(it, options)),
    examples: routes.flatMap((it) => example(it, options)),
    notes: [...self.guidance(context, part).notes],
  };
}

function example(route: RouteInfo, options: CurlOptions) {
  const { summary: title, method, path, produces } = route;
  const line = produces !== "websocket" && curl(route, options);
  return line ? [{ title, method, path, curl: line }] : [];
}
