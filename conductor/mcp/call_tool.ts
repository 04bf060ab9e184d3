import type { CallToolResult } from "@modelcontextprotocol/server";
import { type AppError, ERRORS, invalidInputs } from "../../shared/errors.ts";
import { nearest } from "../../shared/nearest.ts";
import { inputObject, pathOf } from "../../shared/describe/mod.ts";
import type { RouteContext, RouteInfo } from "../../shared/http/mod.ts";
import { paramsOf, toolName, toolOf } from "./tools.ts";

/** Clients cut a call off at a minute: a command that may take as long is handed over before. */
const MOST_WAIT_MS = 50_000;

/** Calls the route of a tool as its caller; what fails is a result as well. */
export async function callTool(
  route: RouteInfo,
  args: Readonly<Record<string, unknown>>,
  { context, signal }: {
    readonly context: Pick<RouteContext<unknown>, "resend" | "routes">;
    readonly signal: AbortSignal;
  },
): Promise<CallToolResult> {
  const { routes } = context;
  const refusal = refusalOf(route, args, routes);
  if (refusal !== undefined) {
    const { code, message, hint, retryable, details } = refusal;
    return failed({ code, message, hint, retryable, details });
  }
  const { path, body } = requestOf(
    route,
    route.id === "host.exec" ? handedOver(args) : args,
  );
  const answer = await context.resend(path, {
    method: route.method,
    ...(body !== undefined && { body }),
    signal,
  });
  const text = await answer.text();
  if (!answer.headers.get("content-type")?.includes("json")) {
    return { ...told(text), isError: !answer.ok };
  }
  const said = JSON.parse(text);
  if (route.produces === "document" && answer.ok) return resultOf(said);
  // An answer that was begun early has its status from before it was known.
  return said.ok === true
    ? resultOf(withTools(said.data, routes))
    : failed(inTime(said.error, answer.headers.get("retry-after")));
}

/** What must stand in a path is missing, or something else stands in its place. */
function refusalOf(
  { id, path, query, body }: RouteInfo,
  args: Readonly<Record<string, unknown>>,
  routes: readonly RouteInfo[],
): AppError | undefined {
  const params = paramsOf(path);
  if (params.length === 0) return undefined;
  const missing = params.filter((it) => isNoSegment(args[it]));
  const parts = [query, body].map((it) => it && inputObject(it));
  const known = [
    ...params,
    ...parts.flatMap((it) => Object.keys(it?.properties ?? {})),
  ];
  const strange = Object.keys(args).filter((it) => !known.includes(it));
  const issues = [
    ...strange.map((it) => {
      const meant = nearest(it, known) ?? missing[0];
      const guess = meant === undefined ? "" : `did you mean ${meant}? `;
      return {
        path: it,
        message: `Unknown field "${it}"; ${guess}known: ${known.join(", ")}`,
      };
    }),
    ...missing.map((it) => ({ path: it, message: "Required: an id, as text" })),
  ];
  if (issues.length === 0) return undefined;
  const form = params.map((it) => `"${it}":"…"`).join(",");
  const above = path.slice(0, path.indexOf("/:"));
  const list = routes.find((it) => it.method === "GET" && it.path === above);
  return invalidInputs(issues, {
    message: "Cannot call the tool",
    hint: `Call it with {${form}}${
      list === undefined ? "" : `; ${toolName(list)} lists what there is`
    }; GET /describe/${id} has the fields.`,
  });
}

/** A tool has no header that says when. */
function inTime(
  error: Record<string, unknown>,
  seconds: string | null,
): Record<string, unknown> {
  if (seconds === null && error.code !== "TOO_MANY_REQUESTS") return error;
  const { hint } = error;
  const more = hint === ERRORS.TOO_MANY_REQUESTS.remedy ? "" : ` ${hint ?? ""}`;
  const when = `Send it again after ${seconds ?? 1} s.`;
  return { ...error, hint: `${when}${more}`.trimEnd() };
}

/** The calls that lead on name their tools as well. */
function withTools(data: unknown, routes: readonly RouteInfo[]): unknown {
  if (!isRecord(data) || !Array.isArray(data.next)) return data;
  const next = data.next.map((it) => {
    const tool = toolOf(it, routes);
    return tool === undefined ? it : { ...it, why: `${it.why} (${tool})` };
  });
  return { ...data, next };
}

/** Sorts what a tool was given into the path, the query and the body of its route. */
function requestOf(
  { path, query, body }: RouteInfo,
  args: Readonly<Record<string, unknown>>,
): { path: string; body?: unknown } {
  const params = paramsOf(path);
  const known = query === undefined ? {} : inputObject(query).properties ?? {};
  const parts = Object.groupBy(Object.entries(args), ([name]) => {
    if (params.includes(name)) return "params";
    // What no part knows is refused by the one that is there.
    return body === undefined || Object.hasOwn(known, name) ? "query" : "body";
  });
  return {
    path: pathOf(path, {
      params: Object.fromEntries(
        (parts.params ?? []).map(([name, value]) => [name, String(value)]),
      ),
      query: Object.fromEntries(parts.query ?? []),
    }),
    ...(body !== undefined && { body: Object.fromEntries(parts.body ?? []) }),
  };
}

/** Nothing, or dots, would lead to the path of another route. */
function isNoSegment(value: unknown): boolean {
  return /^\.{0,2}$/.test(String(value ?? ""));
}

/** A command that may outlast its call is made a task, which the call waits for. */
function handedOver(
  args: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const limit = args.timeoutMs ?? args.timeout_ms;
  const isLong = limit === 0 ||
    (typeof limit === "number" && limit > MOST_WAIT_MS);
  return isLong && args.detach === undefined
    ? { ...args, detach: true, waitMs: MOST_WAIT_MS }
    : args;
}

/** A host operation that fails says so inside its data. */
function resultOf(data: unknown): CallToolResult {
  if (!isRecord(data)) return structured({ value: data });
  const { ok, error } = data;
  return ok === false && isRecord(error)
    ? failed(error, data)
    : structured(data);
}

/** The same `code`, `message` and `hint` as over HTTP, beside what there is of data. */
function failed(
  error: Record<string, unknown>,
  data: Record<string, unknown> = {},
): CallToolResult {
  const { hint = data.hint } = error;
  const content = { ...error, ...(hint !== undefined && { hint }), ...data };
  return { ...structured(content), isError: true };
}

function structured(content: Record<string, unknown>): CallToolResult {
  return { ...told(JSON.stringify(content)), structuredContent: content };
}

function told(text: string): CallToolResult {
  return { content: [{ type: "text", text }] };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
