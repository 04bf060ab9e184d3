import { z } from "zod";
import type { Schema } from "../http/mod.ts";

/** A part of a JSON Schema, as far as it is read here. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly description?: string;
}

/** In a schema's `meta`: an OpenAPI document need not have it whole. */
export const ELSEWHERE = "x-elsewhere";

// Each describe document needs them all, and a schema never changes.
const made = {
  input: new WeakMap<Schema, JsonSchema>(),
  output: new WeakMap<Schema, JsonSchema>(),
};

/** Returns the JSON Schema of what a caller sends (`input`) or gets (`output`). */
export function jsonSchema(schema: Schema, io: "input" | "output"): JsonSchema {
  const before = made[io].get(schema);
  if (before !== undefined) return before;
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    override({ jsonSchema: it }) {
      const { anyOf = [] } = it;
      const [only, none] = anyOf;
      // A simple type that may be null needs no union.
      if (
        anyOf.length === 2 && none?.type === "null" &&
        only?.enum === undefined && only?.properties === undefined &&
        typeof only?.type === "string" && only.type !== "array"
      ) {
        delete it.anyOf;
        Object.assign(it, only, { type: [only.type, "null"] });
      }
      for (const key of noise(it as JsonSchema, io)) {
        delete it[key as keyof typeof it];
      }
    },
  }) as JsonSchema;
  made[io].set(schema, rest);
  return rest;
}

/** What of a schema tells a reader nothing: an agent pays for each byte. */
function noise(schema: JsonSchema, io: "input" | "output"): string[] {
  const { additionalProperties, format, maximum, minimum } = schema;
  return [
    // The format says the same in a word.
    ...(format === "date-time" ? ["pattern"] : []),
    ...(minimum === Number.MIN_SAFE_INTEGER ? ["minimum"] : []),
    ...(maximum === Number.MAX_SAFE_INTEGER ? ["maximum"] : []),
    // Answers may gain fields.
    ...(io === "output" && additionalProperties === false
      ? ["additionalProperties"]
      : []),
    "propertyNames",
    // Clients want it of what they send.
    ...(io === "output" && schema.const !== undefined ? ["type"] : []),
  ];
}

/** Returns the object that a caller sends, a union's alternatives taken together. */
export function inputObject(schema: Schema): JsonSchema {
  return merged(alternatives(jsonSchema(schema, "input")));
}

/**
 * Describes each field of an object schema in a few words, those within it by
 * their path (`tasks[].title`), those that stand alike in `body` by that; undefined
 * for no object.
 */
export function fields(
  schema: Schema | undefined,
  io: "input" | "output",
  { body = {} }: {
    readonly body?: Readonly<Record<string, string>> | undefined;
  } = {},
): Record<string, string> | undefined {
  if (schema === undefined) return undefined;
  const found = fieldsOf(jsonSchema(schema, io), { io, path: "" })
    .map(([name, told]): [string, string] => [
      name,
      told.length > LONG && told === body[name] ? "as in body" : told,
    ]);
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/** Characters that are worth a word in their place. */
const LONG = 24;

function fieldsOf(
  schema: JsonSchema,
  { io, path }: { readonly io: "input" | "output"; readonly path: string },
): [name: string, words: string][] {
  const { properties = {}, required = [] } = merged(alternatives(schema));
  return Object.entries(properties).flatMap(([key, field]) => {
    const name = path + key;
    const inner = field.items === undefined
      ? fieldsOf(field, { io, path: `${name}.` })
      : fieldsOf(field.items, { io, path: `${name}[].` });
    const told = words(field, io === "input" && required.includes(key));
    return [[name, told] satisfies [string, string], ...inner];
  });
}

/** What a schema allows, unions within it taken apart. */
function alternatives({ anyOf, oneOf, ...own }: JsonSchema): JsonSchema[] {
  return [own, ...[...anyOf ?? [], ...oneOf ?? []].flatMap(alternatives)];
}

/** The fields of the alternatives of a union, together. */
function merged(schemas: readonly JsonSchema[]): JsonSchema {
  const objects = schemas.filter((it) => it.properties !== undefined);
  const [first] = objects;
  if (objects.length < 2) return first ?? {};
  const names = new Set(
    objects.flatMap((it) => Object.keys(it.properties ?? {})),
  );
  return {
    properties: Object.fromEntries(
      [...names].map((name) => {
        const forms = objects.flatMap((it) => it.properties?.[name] ?? []);
        return [name, forms.length === 1 ? { ...forms[0] } : { anyOf: forms }];
      }),
    ),
  };
}

function words(field: JsonSchema, required: boolean): string {
  return [
    typeWords(field),
    required && "required",
    field.default !== undefined && `default ${JSON.stringify(field.default)}`,
    field.description,
  ].filter((it) => it !== false && it !== undefined).join("; ");
}

function typeWords(field: JsonSchema): string {
  if (field.const !== undefined) return JSON.stringify(field.const);
  if (field.enum !== undefined) {
    return field.enum.map((it) => JSON.stringify(it)).join(" | ");
  }
  const options = field.anyOf ?? field.oneOf;
  if (options !== undefined) {
    return [...new Set(options.map(typeWords))].join(" | ");
  }
  if (field.type === "array") {
    return `array of ${typeWords(field.items ?? {})}`;
  }
  if (field.properties !== undefined) {
    return "object";
  }
  const { minimum = -Infinity, maximum = Infinity } = field;
  return [
    field.type === undefined ? "any" : [field.type].flat().join(" | "),
    field.format === "date-time" && "ISO 8601",
    minimum > -Infinity && `at least ${minimum}`,
    maximum < Infinity && `at most ${maximum}`,
  ].filter((it) => it !== false).join(" ");
}
