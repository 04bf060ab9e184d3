import { z } from "zod";

/** The schemas that stand for a schema's value itself: a wrapper's inner one, a union's options. */
function alternatives(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "optional":
    case "nonoptional":
    case "nullable":
    case "default":
    case "prefault":
    case "catch":
    case "readonly":
      return [def.innerType];
    case "pipe":
      return [def.in];
    case "lazy":
      return [def.getter()];
    case "union":
      return def.options;
    case "intersection":
      return [def.left, def.right];
    default:
      return [];
  }
}

/** The schema at one key of an object, or of each item of an array or record. */
function child(
  schema: z.core.$ZodType,
  key: PropertyKey,
): z.core.$ZodType | undefined {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "object":
      return def.shape[String(key)];
    case "array":
      return def.element;
    case "record":
      return def.valueType;
    default:
      return undefined;
  }
}

function resolve(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const inner = alternatives(schema);
  return inner.length === 0 ? [schema] : inner.flatMap(resolve);
}

/** Returns the names of the fields that `schema` knows at `path`. */
export function knownKeys(
  schema: z.core.$ZodType,
  path: readonly PropertyKey[],
): readonly string[] {
  const places = path.reduce<readonly z.core.$ZodType[]>(
    (schemas, key) =>
      schemas.flatMap((it) => child(it, key) ?? []).flatMap(resolve),
    resolve(schema),
  );
  const keys = places.flatMap((it) => {
    const { def } = (it as z.core.$ZodTypes)._zod;
    return def.type === "object" ? Object.keys(def.shape) : [];
  });
  return [...new Set(keys)];
}

/**
 * Finds an object that would drop unknown fields in silence (`z.object` in place
 * of `z.strictObject`): its path, or undefined when there is none.
 */
export function lenientPath(schema: z.core.$ZodType): string | undefined {
  const seen = new Set<z.core.$ZodType>();
  const find = (
    it: z.core.$ZodType,
    path: readonly string[],
  ): string | undefined => {
    if (seen.has(it)) return undefined;
    seen.add(it);
    const { def } = (it as z.core.$ZodTypes)._zod;
    const inner = alternatives(it).map((part) => [part, path] as const);
    if (def.type === "object") {
      if (def.catchall === undefined) return path.join(".") || "the whole";
      for (const key of Object.keys(def.shape)) {
        const part = def.shape[key];
        if (part !== undefined) inner.push([part, [...path, key]]);
      }
    }
    if (def.type === "array") inner.push([def.element, [...path, "[]"]]);
    if (def.type === "record") inner.push([def.valueType, [...path, "{}"]]);
    for (const [part, at] of inner) {
      const found = find(part, at);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return find(schema, []);
}
