import type { RouteInfo } from "../http/mod.ts";
import { fillIn, type Places } from "./places.ts";

/** What a command line needs beside the route. */
export interface CurlOptions {
  readonly origin: string;
  readonly places: Places;
  /** Whether this daemon has a shared token. */
  readonly hasToken: boolean;
}

/**
 * Returns the path and query of a route's example.
 * @throws {PlaceMissing} when the example names what does not exist yet
 */
export function examplePath(route: RouteInfo, places: Places): string {
  const { params, query } = fillIn(route.example ?? {}, places);
  const path = route.path.replace(
    /:(\w+)/g,
    (_: string, name: string) => encodeURIComponent(params?.[name] ?? name),
  );
  if (query === undefined) return path;
  const pairs = Object.entries(query).map(([key, it]) => [key, String(it)]);
  return `${path}?${new URLSearchParams(pairs)}`;
}

/**
 * Returns the command that runs a route's example as it stands.
 * @throws {PlaceMissing} when the example names what does not exist yet
 */
export function curl(route: RouteInfo, options: CurlOptions): string {
  const { origin, places, hasToken } = options;
  const { headers, body } = fillIn(route.example ?? {}, places);
  const words = [
    "curl",
    route.produces === "sse" && "-N",
    route.method !== "GET" && `-X ${route.method}`,
    quote(origin + examplePath(route, places)),
  ].filter((it) => it !== false);
  const lines = [words.join(" ")];
  if (hasToken && route.exposure !== "public") {
    lines.push(`-H "Authorization: Bearer $BAA_SHARED_TOKEN"`);
  }
  for (const [name, value] of Object.entries(headers ?? {})) {
    lines.push(`-H ${quote(`${name}: ${value}`)}`);
  }
  if (body !== undefined) {
    lines.push(`-H 'Content-Type: application/json'`);
    lines.push(`-d ${quote(JSON.stringify(body))}`);
  }
  return lines.join(" \\\n  ");
}

/** Quotes a word for a POSIX shell. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'"'"'`)}'`;
}
