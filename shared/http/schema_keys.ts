import { z } from "zod";

/** Returns the names of the fields that `schema` knows at `path`. */
export function knownKeys(
  schema: z.core.$ZodType,
  path: readonly PropertyKey[],
): readonly string[] {
  const found = path.reduce<readonly z.core.$ZodType[]>(
    (schemas, key) =>
      schemas.flatMap(resolve).flatMap(parts)
        .filter(([name]) => name === key || ITEMS.includes(name))
        .map(([, part]) => part),
    [schema],
  );
  const keys = found.flatMap(resolve).flatMap(parts).map(([name]) => name);
  return [...new Set(keys)].filter((it) => !ITEMS.includes(it));
}

/**
 * Finds an object that would drop unknown fields in silence (`z.object` in place
 * of `z.strictObject`): its path, or undefined when there is none.
 */
export function lenientPath(schema: z.core.$ZodType): string | undefined {
  const seen = new Set<z.core.$ZodType>();
  const find = (
    schema: z.core.$ZodType,
    path: readonly string[],
  ): string | undefined => {
    // A schema may contain itself.
    if (seen.has(schema)) return undefined;
    seen.add(schema);
    for (const it of resolve(schema)) {
      const def = defOf(it);
      if (def.type === "object" && def.catchall === undefined) {
        return path.join(".") || "the whole";
      }
      for (const [name, part] of parts(it)) {
        const found = find(part, [...path, name]);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
  return find(schema, []);
}

/** What stands for the keys of arrays and records. */
const ITEMS = ["[]", "{}"];

/** The schemas of an object's fields, of an array's items, of a record's values. */
function parts(
  schema: z.core.$ZodType,
): readonly (readonly [name: string, part: z.core.$ZodType])[] {
  const def = defOf(schema);
  switch (def.type) {
    case "object":
      return Object.entries(def.shape);
    case "array":
      return [["[]", def.element]];
    case "record":
      return [["{}", def.valueType]];
    default:
      return [];
  }
}

/** The schemas that stand for a schema's value itself: a wrapper's inner one, a union's options. */
function resolve(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const def = defOf(schema);
  switch (def.type) {
    case "optional":
    case "nonoptional":
    case "nullable":
    case "default":
    case "prefault":
    case "catch":
    case "readonly":
      return resolve(def.innerType);
    case "pipe":
      return resolve(def.in);
    case "lazy":
      return resolve(def.getter());
    case "union":
      return def.options.flatMap(resolve);
    case "intersection":
      return [def.left, def.right].flatMap(resolve);
    default:
      return [schema];
  }
}

function defOf(schema: z.core.$ZodType) {
  return (schema as z.core.$ZodTypes)._zod.def;
}
