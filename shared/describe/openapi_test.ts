import { assertEquals } from "@std/assert";
import { z } from "zod";
import type { RouteInfo } from "../http/route.ts";
import { KIT_ROUTES } from "../testing/kit_app.ts";
import { openApiProblems } from "../testing/openapi_validator.ts";
import { openapi } from "./openapi.ts";

const FACTS = {
  title: "x",
  version: "1",
  origin: "http://127.0.0.1:4317",
  hasToken: true,
  exampleValues: {},
};

interface Tree {
  readonly name: string;
  readonly kids: readonly Tree[];
}
const Tree: z.ZodType<Tree> = z.lazy(() =>
  z.strictObject({ name: z.string(), kids: z.array(Tree) })
);

const RECURSIVE: RouteInfo = {
  id: "trees.write",
  method: "POST",
  path: "/trees/:tree_id",
  kind: "write",
  surface: "business",
  exposure: "token",
  scope: "automate",
  summary: "Write a tree",
  body: z.strictObject({ tree: Tree, any: z.json().optional() }),
  query: z.strictObject({ deep: z.coerce.number().optional() }),
  data: Tree,
  status: [201, 202],
  events: { tree: Tree },
  headers: { "Idempotency-Key": "the same key gives the same tree" },
  errors: ["CONFLICT", "NOT_FOUND"],
  example: { params: { tree_id: "x" }, body: { tree: {} } },
};

Deno.test("openapi() is valid OpenAPI 3.1, schemas that refer to themselves too", async () => {
  const document = openapi([...KIT_ROUTES, RECURSIVE], FACTS);
  // As it goes over the wire.
  const sent = JSON.parse(JSON.stringify(document));
  assertEquals(await openApiProblems(sent), []);
  assertEquals(
    Object.keys(sent.components.schemas).includes("trees.write.data"),
    true,
  );
});

Deno.test("openapi() tells parameters, security, every status and every failure", () => {
  const document = JSON.parse(JSON.stringify(openapi([RECURSIVE], FACTS)));
  const operation = document.paths["/trees/{tree_id}"].post;
  assertEquals(
    operation.parameters.map((it: { in: string; name: string }) =>
      `${it.in} ${it.name}`
    ),
    ["path tree_id", "query deep", "header Idempotency-Key"],
  );
  assertEquals(document.security, [{ token: [] }]);
  assertEquals(Object.keys(operation.responses), [
    "201",
    "202",
    "404",
    "409",
    "default",
  ]);
  assertEquals(
    document.components.responses[409].description,
    "CONFLICT, CANCELED, SYSTEM_DRAINING, NOT_LEADER",
  );
});

Deno.test("openapi() names a parameter that several operations take, two that share a name apart", () => {
  const other = {
    ...RECURSIVE,
    id: "trees.read",
    path: "/forest/:tree_id",
    query: z.object({ deep: z.string().optional() }),
  };
  const { paths, components } = JSON.parse(
    JSON.stringify(openapi([RECURSIVE, other], FACTS)),
  );
  const { parameters } = paths["/forest/{tree_id}"].post;
  const at = "#/components/parameters/";
  assertEquals(parameters[0], { $ref: `${at}tree_id` });
  assertEquals(parameters[1].name, "deep");
  assertEquals(components.parameters.tree_id.in, "path");
  assertEquals(components.parameters.deep, undefined);
});

Deno.test("openapi() leaves open what may be anything, as types are made of it", () => {
  const data = z.object({
    any: z.json(),
    rest: z.record(z.string(), z.json()),
    open: z.record(z.string(), z.unknown()).describe("of somebody else"),
  });
  const { status: _, ...facts } = { ...RECURSIVE, data };
  const document = JSON.parse(JSON.stringify(openapi([facts], FACTS)));
  const { content } = document.paths["/trees/{tree_id}"].post.responses[200];
  assertEquals(content["application/json"].schema.allOf[1].properties.data, {
    type: "object",
    properties: {
      any: {},
      rest: { type: "object", additionalProperties: {} },
      open: { type: "object", additionalProperties: {} },
    },
    required: ["any", "rest", "open"],
  });
});
