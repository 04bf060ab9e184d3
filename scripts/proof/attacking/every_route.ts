import { routes } from "../../../conductor/routes/mod.ts";
import type { Stage, Target, Vector } from "./vector.ts";
import { outcomeOf } from "./wire.ts";

type AnyRoute = typeof routes[number];

/** Something done to each route of the registry. */
interface EachRow
  extends Pick<Vector, "name" | "room" | "tries" | "right" | "needs"> {
  readonly which: (route: AnyRoute) => boolean;
  readonly headers: readonly string[];
  readonly body?: string;
  /** What each answer begins with. */
  readonly begins: readonly string[];
  readonly asNobody?: true;
}

const JSON_TYPE = "Content-Type: application/json";
const isWrite = ({ method }: AnyRoute) => method !== "GET";

const rows: readonly EachRow[] = [
  {
    name: "a form to every route",
    room: "content type",
    tries: "application/x-www-form-urlencoded, as a page's form sends it",
    right: "415, and 403 where a form is taken from the own pages only",
    needs: [],
    which: isWrite,
    headers: ["Content-Type: application/x-www-form-urlencoded"],
    body: "command=true",
    begins: ["415", "403"],
  },
  {
    name: "text/plain to every route",
    room: "content type",
    tries: "JSON as text, which a page sends without asking",
    right: "415, and 403 where a form is taken from the own pages only",
    needs: [],
    which: isWrite,
    headers: ["Content-Type: text/plain"],
    body: "{}",
    begins: ["415", "403"],
  },
  {
    name: "every route from a page elsewhere",
    room: "origin",
    tries: "Origin: http://evil.com",
    right: "403",
    needs: [],
    which: () => true,
    headers: ["Origin: http://evil.com", JSON_TYPE],
    begins: ["403 ORIGIN_NOT_ALLOWED"],
  },
  {
    name: "every route by a rebound name",
    room: "host",
    tries: "Host and Origin of the same foreign name",
    right: "403",
    needs: [],
    which: () => true,
    headers: ["Origin: http://rebound.test", JSON_TYPE],
    begins: ["403 HOST_NOT_ALLOWED"],
  },
  {
    name: "every local route through a proxy",
    room: "zone",
    tries: "X-Forwarded-For, with the owner's token",
    right: "403 NOT_EXPOSED",
    needs: [],
    which: ({ exposure }) => exposure === "local",
    headers: ["X-Forwarded-For: 203.0.113.9", JSON_TYPE],
    begins: ["403 NOT_EXPOSED"],
  },
  {
    name: "every route without the token",
    room: "token",
    tries: "no token at all",
    right: "401",
    needs: ["guarded"],
    which: ({ exposure, tokenless, form }) =>
      exposure !== "public" && tokenless === undefined && form !== true,
    headers: [JSON_TYPE],
    begins: ["401", "429"],
    asNobody: true,
  },
];

/** The vectors that are tried on every route of conductor. */
export const everyRouteVectors: readonly Vector[] = rows.map((row) => ({
  ...row,
  async attempt(stage) {
    const target = row.needs.includes("guarded")
      ? stage.guarded ?? stage.open
      : stage.open;
    const wrong: string[] = [];
    for (const route of routes.filter(row.which)) {
      // If it got through elsewhere it would change something there.
      if (stage.own === undefined && isWrite(route) && !isHarmless(row)) {
        continue;
      }
      const outcome = await tryRoute(route, { row, target, stage });
      if (!row.begins.some((it) => outcome.startsWith(it))) {
        wrong.push(`${route.method} ${route.path}: ${outcome}`);
      }
    }
    return wrong.length > 0 ? wrong.slice(0, 5).join(", ") : undefined;
  },
}));

/** Whether the body is refused by every route that it might reach. */
function isHarmless({ body }: EachRow): boolean {
  return body === "command=true";
}

function tryRoute(
  { method, path }: AnyRoute,
  { row, target }: {
    readonly row: EachRow;
    readonly target: Target;
    readonly stage: Stage;
  },
): Promise<string> {
  return outcomeOf(target, {
    line: `${method} ${path.replaceAll(/:\w+/g, "x")} HTTP/1.1`,
    headers: row.headers,
    ...(row.room === "host" && { host: "rebound.test:{port}" }),
    ...(row.asNobody && { as: "nobody" }),
    ...(method !== "GET" && { body: row.body ?? "{}" }),
  });
}
