import type { RouteInfo } from "../http/mod.ts";
import { shellQuote } from "../shell_quote.ts";

/** Returns the command that runs a route's example as it stands; undefined while it cannot run. */
export function curl(
  route: RouteInfo,
  { origin, exampleValues, hasToken, isShort }: CurlOptions,
): string | undefined {
  const example = fillIn(route.example ?? {}, exampleValues);
  if (example === undefined) return undefined;
  const { cwd } = (example.body ?? {}) as { readonly cwd?: string };
  if (isShort && cwd !== undefined && cwd === exampleValues["cwd"]) {
    delete (example.body as { cwd?: string }).cwd;
  }
  const words = [
    "curl",
    route.produces === "sse" && "-N",
    route.method !== "GET" && `-X ${route.method}`,
    shellQuote(origin + pathOf(route.path, example)),
  ].filter((it) => it !== false);
  const lines = [words.join(" ")];
  if (hasToken && asksToken(route)) {
    lines.push(`-H "Authorization: Bearer $BAA_SHARED_TOKEN"`);
  }
  for (const [name, value] of Object.entries(example.headers ?? {})) {
    lines.push(`-H ${shellQuote(`${name}: ${value}`)}`);
  }
  if (example.body !== undefined && route.form) {
    lines.push(`-H ${shellQuote(`Origin: ${origin}`)}`);
    for (const [name, value] of Object.entries(example.body ?? {})) {
      const field = `${name}=${value}`;
      // A variable of the caller's shell, such as the token's.
      const isVariable = /^\$\w+$/.test(String(value));
      lines.push(
        `--data-urlencode ${isVariable ? `"${field}"` : shellQuote(field)}`,
      );
    }
  } else if (example.body !== undefined) {
    lines.push(`-H 'Content-Type: application/json'`);
    lines.push(`-d ${shellQuote(JSON.stringify(example.body))}`);
  }
  return lines.join(" \\\n  ");
}

/** Whether a route asks for the token where there is one. */
export function asksToken({ exposure, tokenless }: RouteInfo): boolean {
  return exposure !== "public" && tokenless !== true;
}

/** What a command line needs beside the route. */
export interface CurlOptions {
  readonly origin: string;
  readonly exampleValues: ExampleValues;
  readonly hasToken: boolean;
  /** Whether a working folder that is the default is left out. */
  readonly isShort?: boolean;
}

/** Replaces each `{name}` in the strings of an example; undefined while one has no value. */
export function fillIn<T>(example: T, values: ExampleValues): T | undefined {
  let isComplete = true;
  const text = JSON.stringify(example).replace(
    /\{(\w+)\}/g,
    (_, name: string) => {
      const value = values[name];
      isComplete &&= value !== undefined;
      return JSON.stringify(value ?? "").slice(1, -1);
    },
  );
  return isComplete ? JSON.parse(text) : undefined;
}

/**
 * What stands for `{name}` in the examples of routes: this daemon's working
 * folder, an existing file, the newest task. A name without a value means that
 * the example cannot run yet.
 */
export type ExampleValues = Readonly<Record<string, string | undefined>>;

/** Returns a path with the params and the query of its example. */
export function pathOf(
  path: string,
  { params, query }: NonNullable<RouteInfo["example"]>,
): string {
  const filled = path.replace(
    /:(\w+)/g,
    (_: string, name: string) => encodeURIComponent(params?.[name] ?? name),
  );
  const pairs = Object.entries(query ?? {})
    .map(([key, it]) => [key, String(it)]);
  return pairs.length === 0
    ? filled
    : `${filled}?${new URLSearchParams(pairs)}`;
}
