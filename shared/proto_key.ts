/**
 * Returns where in parsed JSON a key is called `__proto__`; undefined when
 * none is. Copies drop such a key in silence, so it is refused by name.
 */
export function protoKeyIn(value: unknown): string | undefined {
  const open: { readonly at: unknown; readonly path: string }[] = [
    { at: value, path: "" },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { at, path } = next;
    if (typeof at !== "object" || at === null) continue;
    for (const key of Object.keys(at)) {
      const place = path === "" ? key : `${path}.${key}`;
      if (key === "__proto__") return place;
      open.push({ at: at[key as keyof typeof at], path: place });
    }
  }
  return undefined;
}

/** What is said of such a key. */
export const PROTO_KEY_RULE = 'must not be called "__proto__"';
