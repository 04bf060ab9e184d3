/** Keys whose values are somebody else's data: a tool's arguments, its result, … */
const OPAQUE = new Set([
  "arguments",
  "result",
  "inputSchema",
  "outputSchema",
  "requestedSchema",
  "structuredContent",
  "_meta",
  "env",
]);

/** Returns `value` with the keys of its objects in snake_case; values stay as they are. */
export function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== "object" || value === null) return value;
  return snakeRecord(value as Record<string, unknown>);
}

/** As {@linkcode snakeCase}, for an object. */
export function snakeRecord(
  record: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(record)) {
    result[snakeKey(key)] = OPAQUE.has(key) ? value : snakeCase(value);
  }
  return result;
}

function snakeKey(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}
