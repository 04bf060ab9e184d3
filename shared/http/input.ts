import type { z } from "zod";
import { AppError } from "../errors.ts";
import { knownKeys } from "./schema_keys.ts";

/** What is wrong with one part of the input. */
export interface InputIssue {
  /** Where, e.g. `payload.args.0`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

/** Returns a query's parameters as an object, without `pretty`, which every route takes. */
export function queryObject(query: URLSearchParams): Record<string, string> {
  const values: Record<string, string> = Object.create(null);
  for (const [name, value] of query) {
    if (name === "pretty") continue;
    if (name in values) {
      throw invalid([{ path: name, message: "Given more than once" }], "query");
    }
    values[name] = value;
  }
  return values;
}

/**
 * Parses `value` by `schema`.
 * @throws {AppError} INVALID_INPUT with every issue
 */
export function parseInput(
  schema: z.ZodType,
  value: unknown,
  part: "query" | "body",
): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(issuesOf(result.error, schema), part);
}

/** Says in words what a schema refuses; of an unknown field, which ones are known. */
export function issuesOf(
  error: z.ZodError,
  schema: z.ZodType,
): readonly InputIssue[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") {
      return [{ path: issue.path.join("."), message: issue.message }];
    }
    const known = knownKeys(schema, issue.path).join(", ") || "none";
    return issue.keys.map((key) => ({
      path: [...issue.path, key].join("."),
      message: `Unknown field "${key}"; known: ${known}`,
    }));
  });
}

function invalid(issues: readonly InputIssue[], part: string): AppError {
  return new AppError("INVALID_INPUT", `Cannot accept the ${part}`, {
    details: { issues },
  });
}
