import { assertEquals } from "@std/assert";
import { z } from "zod";
import { fields } from "./fields.ts";

Deno.test("fields() tells each field by its path, those of unions together", () => {
  const schema = z.union([
    z.object({
      ok: z.literal(true),
      at: z.iso.datetime().nullable(),
      items: z.array(z.object({ name: z.string().describe("Its name.") })),
    }),
    z.union([
      z.object({ ok: z.literal(false), error: z.object({ code: z.string() }) }),
    ]),
  ]);
  assertEquals(fields(schema, "output"), {
    ok: "true | false",
    at: "string | null ISO 8601",
    items: "array of object",
    "items[].name": "string; Its name.",
    error: "object",
    "error.code": "string",
  });
});

Deno.test("fields() tells of an input what is required, its limits and defaults", () => {
  const schema = z.strictObject({
    id: z.string(),
    edits: z.array(z.strictObject({
      old: z.string(),
      n: z.int().min(1).max(9).default(2),
    })).optional(),
  });
  assertEquals(fields(schema, "input"), {
    id: "string; required",
    edits: "array of object",
    "edits[].old": "string; required",
    "edits[].n": "integer at least 1 at most 9; default 2",
  });
  assertEquals(fields(z.string(), "input"), undefined);
  assertEquals(fields(undefined, "input"), undefined);
});

Deno.test("fields() tells of an answer once what it takes over from the body", () => {
  const long = "What it is called, in a sentence of some length.";
  const body = z.strictObject({ name: z.string().optional().describe(long) });
  const data = z.object({ name: z.string().describe(long), n: z.string() });
  assertEquals(fields(data, "output", { body: fields(body, "input") }), {
    name: "as in body",
    n: "string",
  });
});
