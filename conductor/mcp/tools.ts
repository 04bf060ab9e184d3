import type { Tool } from "@modelcontextprotocol/server";
import { nearest } from "../../shared/nearest.ts";
import {
  inputObject,
  type JsonSchema,
  jsonSchema,
} from "../../shared/describe/mod.ts";
import {
  missingScope,
  type Principal,
  type RouteInfo,
} from "../../shared/http/mod.ts";

/** What agents need most: the ids of the routes that are listed unasked. */
const CORE: ReadonlySet<string> = new Set([
  "host.exec",
  "host.files.read",
  "host.files.write",
  "host.files.edit",
  "tasks.create",
  "tasks.read",
  "tasks.logs.read",
  "tasks.cancel",
  "runs.output.read",
  "status.get",
  "codex.turn",
  "codex.approvals.list",
  "codex.approvals.answer",
  "browser.request",
]);

/** Returns the tools that a caller may use, as the catalog has them: the core, or all. */
export function toolsFor(
  { routes, scopes }: Pick<Principal, "scopes"> & {
    readonly routes: readonly RouteInfo[];
  },
  isAll: boolean,
): Tool[] {
  return routes
    .filter((it) => isAll ? isTool(it) : CORE.has(it.id))
    .filter((it) => missingScope({ scopes }, it.scope) === undefined)
    .map((it) => isAll ? { ...tool(it), ...outputOf(it) } : tool(it));
}

/** Finds the route of a tool, listed or not: whether it is the caller's to use its guard tells. */
export function routeOfTool<R extends RouteInfo>(
  routes: readonly R[],
  name: string,
): R | undefined {
  return routes.find((it) => isTool(it) && toolName(it) === name);
}

/** Returns the name of a caller's tool that `name` most likely stands for. */
export function nearestTool(
  { routes, scopes }: Parameters<typeof toolsFor>[0],
  name: string,
): string | undefined {
  const known = routes.filter(isTool)
    .filter((it) => missingScope({ scopes }, it.scope) === undefined)
    .map(toolName);
  const plain = name.replaceAll(/[.\/\s-]/g, "_").toLowerCase();
  return nearest(plain, known) ??
    known.find((it) => plain !== "" && it.endsWith(`_${plain}`));
}

/** Says which tool sends a call, where one does. */
export function toolOf(
  { method, path }: { readonly method: string; readonly path: string },
  routes: readonly RouteInfo[],
): string | undefined {
  const [plain = ""] = path.split("?");
  const given = plain.split("/");
  const route = routes.find((it) => {
    const parts = it.path.split("/");
    return isTool(it) && it.method === method &&
      parts.length === given.length &&
      parts.every((part, at) => part.startsWith(":") || part === given[at]);
  });
  return route && `tool ${toolName(route)}`;
}

/** What answers a call once, with data. */
function isTool({ id, produces = "json", form }: RouteInfo): boolean {
  return id !== "mcp" && !form && /^(json|text|document)$/.test(produces);
}

/** No dots: some clients drop a whole list for them. */
export function toolName({ id }: RouteInfo): string {
  return id === "runs.output.read" ? "runs_output" : id.replaceAll(".", "_");
}

function tool(route: RouteInfo): Tool {
  const { summary, notes = [], kind, destructive, idempotent } = route;
  return {
    name: toolName(route),
    description: [`${summary}.`, ...notes].join("\n"),
    inputSchema: inputOf(route),
    annotations: kind === "read" ? { readOnlyHint: true } : {
      readOnlyHint: false,
      destructiveHint: destructive ?? false,
      idempotentHint: idempotent ?? false,
    },
  };
}

/** The params, the query and the body of a route as one object. */
function inputOf(
  { path, query, body, bodyRule }: RouteInfo,
): Tool["inputSchema"] {
  const params = paramsOf(path);
  const parts = [query, body].map((it) => it && inputObject(it));
  const needed = bodyRule === "optional" ? [parts[0]] : parts;
  const required = [
    ...params,
    ...needed.flatMap((it) => it?.required ?? []),
  ];
  const $defs = Object.assign({}, ...parts.map((it) => it?.$defs));
  return slim({
    type: "object",
    properties: {
      ...Object.fromEntries(params.map((it) => [it, { type: "string" }])),
      ...counted(parts[0]?.properties ?? {}),
      ...parts[1]?.properties,
    },
    ...(required.length > 0 && { required }),
    ...(Object.keys($defs).length > 0 && { $defs }),
  });
}

/** A query is text; of what is a number in it a tool says so. */
function counted(
  fields: Readonly<Record<string, JsonSchema>>,
): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      if (!/^\^\[[01]-9\]/.test(field.pattern ?? "")) return [name, field];
      const { default: usual, ...rest } = field;
      return [name, {
        ...rest,
        type: "integer",
        ...(usual !== undefined && { default: Number(usual) }),
      }];
    }),
  );
}

/** Leaves out what an agent seldom breaks, and is told when it does: each byte costs. */
function slim(schema: object): Tool["inputSchema"] {
  return JSON.parse(JSON.stringify(schema, (key, value) => {
    const isNoise = SELDOM_BROKEN.has(key) && typeof value !== "object";
    return isNoise || value?.deprecated === true ? undefined : value;
  }));
}

const SELDOM_BROKEN = new Set([
  "additionalProperties",
  "maxItems",
  "maxLength",
  "minItems",
  "minLength",
  "pattern",
]);

/** The names in a path that a caller fills in. */
export function paramsOf(path: string): string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => name);
}

/** What a tool's `structuredContent` holds, when it succeeds. */
function outputOf(
  { data, produces = "json" }: RouteInfo,
): Pick<Tool, "outputSchema"> {
  if (produces !== "json") return {};
  const outputSchema = { ...jsonSchema(data, "output"), type: "object" };
  return { outputSchema: outputSchema as Tool["outputSchema"] };
}
