import { z } from "zod";
import { curl, whyUnavailable } from "../describe/mod.ts";
import type { RouteContext, RouteInfo } from "../http/mod.ts";
import type { SelfDeps } from "./self.ts";

/** A curl line that runs as it stands. */
export const Example = z.object({
  title: z.string().describe("the route's id"),
  curl: z.string(),
});

/** Curl lines that the front door shows. */
const MAX_LINES = 8;

/**
 * The plain text that somebody who knows nothing reads first: what this is, the
 * rules that callers trip over, one line a route, a few curl lines.
 */
export function frontDoor<Deps extends SelfDeps>(
  context: RouteContext<Deps>,
): string {
  const { routes, deps: { self } } = context;
  const { notes, starters, examples = [] } = self.guidance(
    context,
    "all",
  );
  const lines = exampleLines(context, starters ?? examples, { isShort: true })
    .slice(0, MAX_LINES);
  return [
    `# ${self.name} ${self.version}`,
    "",
    ...notes.map((it) => `- ${it}`),
    "",
    "## Routes (GET /describe/<id> tells all of one)",
    "",
    ...routes.map(routeLine),
    "",
    "## Curl",
    "",
    ...lines.map((it) => it.curl.replaceAll(" \\\n ", "")),
    "",
  ].join("\n");
}

/** What a probe or a document is, its path says. */
function routeLine(
  { id, method, path, produces, surface, summary }: RouteInfo,
) {
  const line = `${produces === "websocket" ? "WS" : method} ${path} ${id}`;
  return surface === "common" ? line : `${line}: ${summary}`;
}

/**
 * Returns the curl lines of some routes, of those that can run now; `isShort`
 * leaves the working folder out of all but the first where it is the one that
 * is taken anyway.
 */
export function exampleLines<Deps extends SelfDeps>(
  context: RouteContext<Deps>,
  ids: readonly string[],
  { isShort = false } = {},
): z.input<typeof Example>[] {
  const options = context.deps.self.curlOptions(context);
  const why = whyUnavailable(context);
  return ids.flatMap((id, index) => {
    const found = context.routes.find((it) => it.id === id);
    const line = found && found.produces !== "websocket" &&
      why(found) === undefined &&
      curl(found, { ...options, isShort: isShort && index > 0 });
    return found && line ? [{ title: id, curl: line }] : [];
  });
}
