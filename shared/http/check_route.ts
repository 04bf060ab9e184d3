import type { Route } from "./route.ts";
import { lenientPath } from "./schema_keys.ts";

/**
 * Refuses, at start, a route whose parts contradict one another in ways that
 * its types cannot see.
 * @throws {TypeError} what is wrong, named by the route's id
 */
export function checkRoute<Deps>(route: Route<Deps>): void {
  checkFacts(route);
  checkStrict(route);
  checkExample(route);
}

/** @throws {TypeError} always */
export function fault<Deps>(route: Route<Deps>, reason: string): never {
  throw new TypeError(`Cannot add route "${route.id}": ${reason}`);
}

const PATH = /^(\/(:[a-z]\w*|[\w.-]+))+$|^\/$/;

/** Characters of a summary: agents read one for each route. */
const MAX_SUMMARY = 60;

function checkFacts<Deps>(route: Route<Deps>): void {
  if (!PATH.test(route.path)) {
    fault(route, `its path "${route.path}" is not made of /words and /:params`);
  }
  if (route.summary.length > MAX_SUMMARY) {
    fault(route, `its summary is longer than ${MAX_SUMMARY} characters`);
  }
  const params = paramsOf(route);
  if (new Set(params).size < params.length) {
    fault(route, "two of its params have the same name");
  }
  const { method, kind } = route;
  if ((method === "GET" || method === "DELETE") && route.body !== undefined) {
    fault(route, `a ${method} has no body`);
  }
  if (route.form && (method !== "POST" || route.body === undefined)) {
    fault(route, "a form is a POST with a body");
  }
  if ((method === "PUT" || method === "DELETE") && kind !== "write") {
    fault(route, `a ${method} is a write`);
  }
  if (
    route.method === "GET" && route.kind !== "read" &&
    route.produces !== "websocket"
  ) fault(route, "a GET changes nothing");
}

/** A misspelt field must never be dropped in silence. */
function checkStrict<Deps>(route: Route<Deps>): void {
  for (const part of ["query", "body"] as const) {
    const schema = route[part];
    if (schema === undefined) continue;
    if (part === "body" && route.bodyRule === "inner") continue;
    const at = lenientPath(schema);
    if (at !== undefined) {
      fault(route, `its ${part} is not strict at ${at}: use z.strictObject`);
    }
  }
}

function checkExample<Deps>(route: Route<Deps>): void {
  const { example } = route;
  const params = paramsOf(route);
  for (const name of params) {
    if (example?.params?.[name] === undefined) {
      fault(route, `its example lacks the param "${name}"`);
    }
  }
  for (const name of Object.keys(example?.params ?? {})) {
    if (!params.includes(name)) {
      fault(route, `its example has the param "${name}", its path has not`);
    }
  }
  if (
    route.body !== undefined && (route.bodyRule ?? "required") !== "optional" &&
    example?.body === undefined
  ) fault(route, "its example lacks the body");
  for (const part of ["query", "body"] as const) {
    if (example?.[part] === undefined) continue;
    // Code that is made for a schema pays from its second value on.
    const result = route[part]?.safeParse(withWords(example[part]), {
      jitless: true,
    });
    if (result === undefined || !result.success) {
      fault(route, `its schema refuses its example's ${part}`);
    }
  }
}

function paramsOf<Deps>(route: Route<Deps>): string[] {
  return [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? "");
}

/** Puts a word for each `{place}`, which is filled in when the example is shown. */
function withWords(example: unknown): unknown {
  return JSON.parse(JSON.stringify(example).replace(/\{\w+\}/g, "word"));
}
