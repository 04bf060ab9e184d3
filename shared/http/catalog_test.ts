import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { Catalog } from "./catalog.ts";
import type { Route } from "./route.ts";

const BASE: Route<unknown> = {
  id: "things.read",
  method: "GET",
  path: "/things",
  kind: "read",
  surface: "business",
  exposure: "public",
  scope: "none",
  summary: "Read things",
  data: z.unknown(),
  handler: () => null,
};

function reasonOf(...changes: readonly object[]): string {
  const routes = changes.map((it) => ({ ...BASE, ...it }) as Route<unknown>);
  return assertThrows(() => new Catalog(routes), TypeError).message;
}

Deno.test("Catalog refuses duplicates, by id and by what a path matches", () => {
  assertEquals(
    reasonOf({}, { path: "/other" }),
    'Cannot add route "things.read": "things.read" is already defined',
  );
  assertEquals(
    reasonOf({}, { id: "b" }),
    'Cannot add route "b": "GET /things" is already defined',
  );
  const example = { params: { id: "x" } };
  assertEquals(
    reasonOf(
      { path: "/things/:id", example },
      { id: "b", path: "/things/:id", example },
    ),
    'Cannot add route "b": "GET /things/:" is already defined',
  );
  assertEquals(
    reasonOf({ path: "/things/:id", example }, {
      id: "b",
      method: "POST",
      kind: "write",
      path: "/things/:thing_id",
      example: { params: { thing_id: "x" } },
    }),
    'Cannot add route "b": its path is "/things/:id" elsewhere: name the params alike',
  );
});

Deno.test("Catalog refuses routes that cannot work", () => {
  const write = { method: "POST", kind: "write" };
  const Body = z.strictObject({ a: z.number() });
  const cases: [object, string][] = [
    [{ path: "things" }, "is not made of /words and /:params"],
    [{ path: "/things/" }, "is not made of /words and /:params"],
    [{ path: "/things/{id}" }, "is not made of /words and /:params"],
    [{ path: "/:a/:a" }, "two of its params have the same name"],
    [{ kind: "write" }, "a GET changes nothing"],
    [{ body: Body, example: { body: { a: 1 } } }, "a GET has no body"],
    [{ path: "/things/:id" }, 'its example lacks the param "id"'],
    [
      { example: { params: { id: "x" } } },
      'its example has the param "id", its path has not',
    ],
    [{ ...write, body: Body }, "its example lacks the body"],
    [
      { ...write, body: Body, example: { body: { a: "x" } } },
      "its schema refuses its example's body",
    ],
    [
      { query: Body, example: { query: { a: "x" } } },
      "its schema refuses its example's query",
    ],
    [
      { example: { body: {} }, ...write },
      "its schema refuses its example's body",
    ],
  ];
  for (const [change, reason] of cases) {
    const message = reasonOf(change);
    assertEquals(message.includes(reason), true, `${message} / ${reason}`);
  }
});

Deno.test("Catalog refuses schemas that drop unknown fields in silence, wherever", () => {
  const lenient = z.object({ a: z.number().optional() });
  const at = (body: z.ZodType) =>
    /not strict at (\S+):/.exec(
      reasonOf({
        method: "POST",
        kind: "write",
        body,
        bodyRule: "optional",
      }),
    )?.[1];
  assertEquals(at(z.strictObject({ b: lenient })), "b");
  assertEquals(at(z.strictObject({ b: z.array(lenient).optional() })), "b.[]");
  assertEquals(
    at(z.strictObject({
      b: z.discriminatedUnion("k", [
        z.strictObject({ k: z.literal(1) }),
        z.strictObject({ k: z.literal(2), c: lenient.default({}) }),
      ]),
    })),
    "b.c",
  );
  assertEquals(
    at(z.strictObject({ b: z.record(z.string(), lenient) })),
    "b.{}",
  );
  assertEquals(at(z.strictObject({ b: z.lazy(() => lenient) })), "b");
});

Deno.test("Catalog takes schemas that name or keep every field", () => {
  interface Tree {
    kids: Tree[];
  }
  const tree: z.ZodType<Tree> = z.lazy(() =>
    z.strictObject({ kids: z.array(tree) })
  );
  const route: Route<unknown> = {
    ...BASE,
    method: "POST",
    kind: "write",
    body: z.strictObject({
      tree,
      any: z.looseObject({}),
      map: z.record(z.string(), z.unknown()),
    }),
    bodyRule: "optional",
  };
  assertEquals(new Catalog([route]).routes.length, 1);
});

Deno.test("Catalog.match() prefers what is written out to what is a param", () => {
  const param = {
    ...BASE,
    id: "b",
    path: "/things/:id",
    example: { params: { id: "x" } },
  };
  const fixed = { ...BASE, id: "c", path: "/things/newest" };
  const catalog = new Catalog([param, fixed]);
  const idOf = (path: string) => {
    const found = catalog.match(path)?.get("GET");
    return found && [found.route.id, found.params];
  };
  assertEquals(idOf("/things/newest"), ["c", {}]);
  assertEquals(idOf("/things/other"), ["b", { id: "other" }]);
  assertEquals(idOf("/things/"), undefined);
  assertEquals(idOf("/%74hings/ne%77est"), ["c", {}]);
  assertEquals(idOf("/things/%6Eew"), ["b", { id: "new" }]);
  // Decoded once, part by part.
  assertEquals(catalog.match("/things%2Fnewest")?.size, 0);
  assertEquals(catalog.match("/things/%ff"), undefined);
});

Deno.test("Catalog.visibleTo() hides what is not exposed to a caller", () => {
  const exposures = ["public", "token", "local"] as const;
  const catalog = new Catalog(
    exposures.map((exposure) => ({
      ...BASE,
      id: exposure,
      path: `/${exposure}`,
      exposure,
    })),
  );
  const seen = (zone: "local" | "public", authenticated: boolean) =>
    catalog.visibleTo({
      requestId: "r",
      remoteAddress: "",
      zone,
      authenticated,
      actor: "owner",
      scopes: new Set(),
    }).map(({ id }) => id);
  assertEquals(seen("local", false), [...exposures]);
  assertEquals(seen("public", true), ["public", "token"]);
  assertEquals(seen("public", false), ["public"]);
});
