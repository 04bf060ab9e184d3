import { z } from "zod";
import {
  type AppError,
  type InputIssue,
  invalidInput,
  invalidInputs,
} from "../errors.ts";
import { nearest } from "../nearest.ts";
import { shownForm } from "../shown_form.ts";
import { knownKeys } from "./schema_keys.ts";

/** Returns a query's parameters as an object, without `pretty`, which every route takes. */
export function queryObject(
  query: URLSearchParams | undefined,
): Record<string, string> {
  const values: Record<string, string> = Object.create(null);
  for (const [name, value] of query ?? []) {
    if (name === "pretty") continue;
    if (name in values) {
      throw invalidInput(name, "Given more than once", {
        message: "Cannot accept the query",
      });
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
  { part, payloadFields }: {
    readonly part: "query" | "body";
    readonly payloadFields?: PayloadFields | undefined;
  },
): unknown {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw schemaRefusal(result.error, schema, {
    message: `Cannot accept the ${part}`,
    payloadFields,
  });
}

/** Returns what may stand in the `payload` beside a `kind`. */
type PayloadFields = (kind: unknown) => readonly string[];

/**
 * Says in words what a schema refuses; of an unknown field, which ones are
 * known; of a union, what its only option of the given type refuses. A custom
 * check may give a hint in its `params`. `at`: where the value stands.
 */
export function schemaRefusal(
  { issues }: z.ZodError,
  schema: z.ZodType,
  { at = [], message, payloadFields }: {
    readonly at?: readonly string[];
    readonly message: string;
    readonly payloadFields?: PayloadFields | undefined;
  },
): AppError {
  let hint: unknown;
  const wordsOf = (
    issue: z.core.$ZodIssue,
    base: readonly PropertyKey[],
  ): readonly InputIssue[] => {
    const inner = [...base, ...issue.path];
    const path = [...at, ...inner];
    if (issue.code === "invalid_union") {
      const [near, ...others] = issue.errors.filter((it) => !isOfOtherType(it));
      if (near !== undefined && others.length === 0) {
        return near.flatMap((it) => wordsOf(it, inner));
      }
    }
    if (issue.code === "unrecognized_keys") {
      const known = knownKeys(schema, inner);
      const { kind }: { kind?: unknown } = Object(issue.input);
      const within = known.includes("payload") && payloadFields?.(kind) || [];
      return issue.keys.map((key) => {
        const guess = within.includes(key) ? undefined : nearest(key, known);
        const inside = within.includes(key) ? key : nearest(key, within);
        const meant = guess !== undefined
          ? `did you mean ${guess}? `
          : inside !== undefined
          ? `put it into payload: {"payload":{"${inside}":…}}; `
          : "";
        return {
          path: [...path, key].join("."),
          message: `Unknown field "${key}"; ${meant}known: ${
            known.join(", ") || "none"
          }`,
        };
      });
    }
    if (issue.code === "custom") hint ??= issue.params?.hint;
    return [{ path: path.join("."), message: sayOf(issue) }];
  };
  const found = issues.flatMap((issue) => wordsOf(issue, []));
  return invalidInputs(found, {
    message,
    ...(typeof hint === "string" && { hint }),
  });
}

/** Says what is wrong, and shows the form that is taken. */
function sayOf(issue: z.core.$ZodIssue): string {
  const { code, input, message } = issue;
  if (code === "invalid_format" && issue.format === "datetime") {
    return `${message}; for example 2026-01-31T09:30:00Z`;
  }
  if (code === "invalid_value" && issue.values.length > 1) {
    const allowed = issue.values.map(String);
    const meant = typeof input === "string"
      ? nearest(input, allowed)
      : undefined;
    return `Must be one of ${allowed.join(", ")}` +
      (meant === undefined ? "" : `; did you mean ${meant}?`);
  }
  if (code !== "invalid_type") return message;
  const form = shownForm(issue, input);
  if (form !== undefined) return `${message}: ${form}`;
  return message.endsWith("received undefined")
    ? `Required: ${issue.expected === "record" ? "object" : issue.expected}`
    : message;
}

/** Tells of an option of a union that it wants another type than it was given. */
function isOfOtherType(issues: readonly z.core.$ZodIssue[]): boolean {
  return issues.some(({ code, path }) =>
    code === "invalid_type" && path.length === 0
  );
}

const LIMIT = "must be an integer from 1 to 200";

/** `?limit=` of every list. */
export const limitQuery = z.string()
  .regex(/^[1-9][0-9]{0,2}$/, LIMIT)
  .transform(Number)
  .refine((it) => it <= 200, LIMIT)
  .default(20)
  .describe("Entries a page, 1 to 200.");

/** `?wait_ms=` of what can hold its answer, at most so long; by default not at all. */
export function waitQuery(maxMs: number, does: string) {
  const rule = `must be an integer from 0 to ${maxMs}`;
  return z.string().regex(/^[0-9]{1,7}$/, rule).transform(Number)
    .refine((it) => it <= maxMs, rule).default(0)
    .describe(`${does} Milliseconds, 0 to ${maxMs}.`);
}

/** `?after=` of every numbered stream: digits only, since an empty text is not 0. */
export const sequenceQuery = z.string()
  .regex(/^[0-9]{1,15}$/, "must be a seq that was answered, or 0")
  .transform(Number);
