import type { Schema } from "../http/mod.ts";
import { type JsonSchema, jsonSchema } from "./fields.ts";

/**
 * The named schemas of one OpenAPI document. A schema that refers to parts of
 * itself counts from its own root, which inside a document is another one: it
 * moves here, its references with it.
 */
export class SchemaBook {
  readonly #schemas: Record<string, JsonSchema> = {};

  /** Every schema that got a name. */
  get schemas(): Readonly<Record<string, JsonSchema>> {
    return this.#schemas;
  }

  /** Returns the JSON Schema to write in place; `name` is used if it needs one. */
  write(name: string, schema: Schema, io: "input" | "output"): JsonSchema {
    const { $defs = {}, ...root } = jsonSchema(schema, io);
    if (!JSON.stringify([root, $defs]).includes('"$ref":"#')) return root;
    const at = (part: string) => `${name}.${part}`;
    const moved = (it: JsonSchema) =>
      withRefs(it, (ref) => {
        const part = /^#\/\$defs\/(.+)$/.exec(ref)?.[1];
        return `#/components/schemas/${part === undefined ? name : at(part)}`;
      });
    for (const [part, definition] of Object.entries($defs)) {
      this.#schemas[at(part)] = moved(definition);
    }
    this.#schemas[name] = moved(root);
    return { $ref: `#/components/schemas/${name}` };
  }
}

function withRefs(schema: JsonSchema, move: (ref: string) => string) {
  return JSON.parse(
    JSON.stringify(
      schema,
      (key, value) =>
        key === "$ref" && typeof value === "string" && value.startsWith("#")
          ? move(value)
          : value,
    ),
  ) as JsonSchema;
}
