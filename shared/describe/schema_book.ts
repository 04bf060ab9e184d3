import { z } from "zod";
import type { Schema } from "../http/mod.ts";
import { ELSEWHERE, type JsonSchema, jsonSchema } from "./fields.ts";

const AT = "#/components/schemas/";

/** Shapes shorter than this are not worth a name: characters of JSON. */
const MIN_SHAPE = 100;

/** Fewer fields than these are no base for a shape that has more. */
const MIN_BASE = 4;

/**
 * The named schemas of one OpenAPI document: those that refer to parts of
 * themselves, and the shapes that stand in it more than once.
 */
export class SchemaBook {
  readonly #schemas: Record<string, unknown> = {};
  /** The name of each part that refers to itself, by what it says. */
  readonly #parts = new Map<string, string>();

  /** Every schema that got a name. */
  get schemas(): Readonly<Record<string, unknown>> {
    return this.#schemas;
  }

  /**
   * Returns the JSON Schema to write in place. One that refers to itself counts
   * from its own root, which inside a document is another one: it gets a name.
   */
  write(name: string, schema: Schema, io: "input" | "output"): JsonSchema {
    const { $defs = {}, ...root } = jsonSchema(schema, io);
    const names = new Map<string, string>([["#", name]]);
    for (const [part, definition] of Object.entries($defs)) {
      const ref = `#/$defs/${part}`;
      const said = saidBy(definition, ref);
      if (said === ANY_JSON) {
        names.set(ref, ANY);
        continue;
      }
      const known = this.#parts.get(said);
      const given = known ?? `Value${this.#parts.size + 1}`;
      this.#parts.set(said, given);
      names.set(ref, given);
    }
    const moved = (it: JsonSchema) => withRefs(it, { names, io });
    for (const [part, definition] of Object.entries($defs)) {
      const given = names.get(`#/$defs/${part}`) ?? part;
      if (given !== ANY) this.#schemas[given] = moved(definition);
    }
    if (!JSON.stringify([root, $defs]).includes('"$ref":"#"')) {
      return moved(root);
    }
    this.#schemas[name] = moved(root);
    return { $ref: AT + name };
  }

  /** Returns `document` with a reference wherever a shape stands that it has twice. */
  share<T>(document: T): T {
    const seen = new Map<string, Shape>();
    count(document, { name: "Shape", seen });
    const shapes = [...seen.values()];
    for (const shape of shapes) {
      shape.base = baseOf(shape, shapes);
      if (shape.base !== undefined) shape.base.times += 1;
    }
    for (const shape of shapes.filter(({ times }) => times > 1)) {
      const { name } = shape;
      let free = name;
      for (let n = 2; free in this.#schemas; n++) free = `${name}${n}`;
      this.#schemas[free] = shape;
      shape.ref = AT + free;
    }
    for (const { ref, own } of shapes) {
      if (ref === undefined) continue;
      this.#schemas[ref.slice(AT.length)] = written(own, seen);
    }
    return replaced(document, seen) as T;
  }
}

/** What a part of a schema says, wherever it stands. */
function saidBy(definition: unknown, ref: string): string {
  return JSON.stringify(definition).replaceAll(`"${ref}"`, '"#self"');
}

/** In place of a name: it may be anything, of which a type that refers to itself cannot be made. */
const ANY = "";
const ANY_JSON = Object.entries(
  jsonSchema(z.array(z.json()), "output").$defs ?? {},
).map(([part, definition]) => saidBy(definition, `#/$defs/${part}`)).join();

/** An object that is described in a document. */
interface Shape {
  readonly own: JsonSchema;
  /** Each of its fields, as text. */
  readonly fields: ReadonlySet<string>;
  /** Called after the field that it was met in first. */
  readonly name: string;
  times: number;
  /** What it has all the fields of, and more. */
  base?: Shape | undefined;
  ref?: string;
}

/** The largest shape of which `shape` has all the fields. */
function baseOf(shape: Shape, all: readonly Shape[]): Shape | undefined {
  return all
    // One that is closed knows nothing of what is added to it.
    .filter(({ own, fields }) =>
      isOpen(own) && isOpen(shape.own) && fields.size >= MIN_BASE &&
      fields.size < shape.fields.size &&
      fields.isSubsetOf(shape.fields)
    )
    .sort((a, b) => b.fields.size - a.fields.size)[0];
}

function isOpen({ additionalProperties }: JsonSchema): boolean {
  return additionalProperties !== false;
}

/** Counts each shape of a document; what stands in one that was met is not met again. */
function count(
  value: unknown,
  { name, seen }: {
    readonly name: string;
    readonly seen: Map<string, Shape>;
  },
): void {
  if (typeof value !== "object" || value === null) return;
  if (isShape(value)) {
    const text = JSON.stringify(value);
    const before = seen.get(text);
    if (before !== undefined) return void before.times++;
    if (text.length >= MIN_SHAPE) {
      const fields = new Set(
        Object.entries(value.properties ?? {}).map(([key, it]) =>
          JSON.stringify([key, it, value.required?.includes(key) ?? false])
        ),
      );
      seen.set(text, { own: value, fields, name, times: 1 });
    }
  }
  const here = "operationId" in value
    ? nameOf(String(value.operationId)) ?? name
    : name;
  for (const [key, it] of Object.entries(value)) {
    count(it, { name: nameOf(key) ?? here, seen });
  }
}

/** The name of what stands in a field, in the singular; undefined: it is no field. */
function nameOf(key: string): string | undefined {
  if (STRUCTURE.has(key) || !/^[a-z][\w.]*$/i.test(key)) return undefined;
  return key.replace(/ies$/, "y").replace(/([^s])s$/, "$1")
    .replace(/(^|[._])([a-z])/gi, (_, _line, letter) => letter.toUpperCase());
}

const STRUCTURE = new Set([
  "anyOf",
  "oneOf",
  "items",
  "properties",
  "additionalProperties",
  "schema",
  "content",
  "responses",
  "requestBody",
  "data",
  "allOf",
  "get",
  "post",
  "put",
  "delete",
]);

function isShape(value: object): value is JsonSchema {
  return "properties" in value && "type" in value && value.type === "object";
}

/** Puts references in place of shapes that have a name. */
function replaced(value: unknown, seen: ReadonlyMap<string, Shape>): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((it) => replaced(it, seen));
  if (!isShape(value)) return mapValues(value, (it) => replaced(it, seen));
  const ref = seen.get(JSON.stringify(value))?.ref;
  return ref === undefined ? written(value, seen) : { $ref: ref };
}

/** A shape as it is written where it stands: what it adds to its base. */
function written(shape: JsonSchema, seen: ReadonlyMap<string, Shape>): unknown {
  const base = seen.get(JSON.stringify(shape))?.base;
  if (base === undefined) return mapValues(shape, (it) => replaced(it, seen));
  const { properties = {}, required = [], ...rest } = shape;
  const isNew = (key: string) => base.own.properties?.[key] === undefined;
  const added = Object.entries(properties).filter(([key]) => isNew(key));
  return {
    ...rest,
    allOf: [{ $ref: base.ref }],
    properties: replaced(Object.fromEntries(added), seen),
    required: required.filter(isNew),
  };
}

function mapValues(value: object, change: (it: unknown) => unknown) {
  return Object.fromEntries(
    Object.entries(value).map(([key, it]) => [key, change(it)]),
  );
}

const TOLD_ELSEWHERE = new Set([
  "description",
  "pattern",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minimum",
  "maximum",
]);

/** What fields mean, and what is described elsewhere, is told where one route is described. */
function withRefs(
  schema: JsonSchema,
  { names, io }: {
    readonly names: ReadonlyMap<string, string>;
    readonly io: "input" | "output";
  },
) {
  return JSON.parse(JSON.stringify(schema, (key, value) => {
    // Every time that is answered has one form.
    if (io === "output" && key === "format" && value === "date-time") {
      return undefined;
    }
    if (TOLD_ELSEWHERE.has(key) && typeof value !== "object") return undefined;
    if (value?.[ELSEWHERE] === true) {
      return { type: value.type ?? "object", additionalProperties: {} };
    }
    if (names.get(value?.$ref) === ANY) return {};
    const name = key === "$ref" ? names.get(value) : undefined;
    return name === undefined ? value : AT + name;
  })) as JsonSchema;
}
