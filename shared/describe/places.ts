/**
 * What stands for `{name}` in the examples of routes: this daemon's working
 * folder, an existing file, the newest task. A name without a value means that
 * the example cannot run yet.
 */
export type Places = Readonly<Record<string, string | undefined>>;

/** An example names something that does not exist yet. */
export class PlaceMissing extends Error {
  constructor(place: string) {
    super(`Cannot fill in the example: there is no ${place} yet`);
  }
}

/**
 * Replaces each `{name}` in the strings of an example.
 * @throws {PlaceMissing}
 */
export function fillIn<T>(example: T, places: Places): T {
  return fill(example, places) as T;
}

function fill(value: unknown, places: Places): unknown {
  if (typeof value === "string") {
    return value.replace(/\{(\w+)\}/g, (_, name: string) => {
      const place = places[name];
      if (place === undefined) throw new PlaceMissing(name);
      return place;
    });
  }
  if (Array.isArray(value)) return value.map((it) => fill(it, places));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, it]) => [key, fill(it, places)]),
  );
}
