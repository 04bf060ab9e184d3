import { assertEquals } from "@std/assert";
import { openApiProblems } from "./openapi_validator.ts";

function document() {
  return {
    openapi: "3.1.0",
    info: { title: "x", version: "1" },
    paths: {
      "/a/{id}": {
        get: {
          operationId: "a",
          parameters: [{
            name: "id",
            in: "path",
            required: true,
            schema: { type: "string" },
          }],
          responses: {
            200: {
              description: "x",
              content: {
                "application/json": {
                  schema: { $ref: "#/components/schemas/Thing" } as object,
                },
              },
            },
          },
        },
      } as Record<string, unknown>,
    } as Record<string, Record<string, unknown>>,
    components: {
      schemas: {
        Thing: {
          type: "object",
          properties: { next: { $ref: "#/components/schemas/Thing" } },
        },
      },
    },
  };
}

type Operation = {
  operationId: string;
  parameters: { required: boolean }[];
  responses: { 200: { description?: string; content: unknown } };
};

Deno.test("openApiProblems() finds none in a right document", async () => {
  assertEquals(await openApiProblems(document()), []);
});

Deno.test("openApiProblems() finds what a wrong document hides", async () => {
  const wrongs: ((operation: Operation) => void)[] = [
    (it) => delete it.responses[200].description,
    (it) => it.parameters.forEach((one) => one.required = false),
    (it) => it.parameters = [],
    (it) =>
      it.responses[200].content = {
        "application/json": { schema: { type: "objekt" } },
      },
    (it) =>
      it.responses[200].content = {
        "application/json": { schema: { $ref: "#/$defs/Thing" } },
      },
    (it) =>
      it.responses[200].content = {
        "application/json": { schema: { $ref: "#/components/schemas/No" } },
      },
  ];
  for (const [index, change] of wrongs.entries()) {
    const wrong = document();
    change(wrong.paths["/a/{id}"]?.get as Operation);
    const problems = await openApiProblems(wrong);
    assertEquals(problems.length > 0, true, `wrong ${index}`);
  }
  const twice = document();
  twice.paths["/b/{id}"] = twice.paths["/a/{id}"] ?? {};
  assertEquals((await openApiProblems(twice)).length, 1);
  const old = { ...document(), openapi: "3.0.0" };
  assertEquals((await openApiProblems(old)).length > 0, true);
});
