import { isAbsolute, resolve } from "@std/path";
import type { z } from "zod";
import type { InputIssue } from "../shared/errors.ts";
import type { ExecInput, FileReadInput, FileWriteInput } from "./results.ts";
import {
  ALIASES,
  EXEC_FIELDS,
  FILE_READ_FIELDS,
  FILE_WRITE_FIELDS,
  type HostOperation,
} from "./schemas.ts";
import { nearest } from "./nearest.ts";

/** A request with defaults filled in; where it is wrong, the issues say why. */
export class Normalised<Input> {
  readonly input: Input;
  readonly issues: readonly InputIssue[];

  constructor(input: Input, issues: readonly InputIssue[] = []) {
    this.input = input;
    this.issues = issues;
  }
}

type Fields = Readonly<Record<string, z.ZodType>>;

/**
 * Normalises a request of `exec`; `defaultCwd` is absolute. What has been
 * normalised is taken as it is.
 */
export function normaliseExec(
  request: unknown,
  defaultCwd: string,
): Normalised<ExecInput> {
  if (request instanceof Normalised) return request;
  const { values, issues } = readFields("exec", request, EXEC_FIELDS);
  const { command, args } = values;
  if (issues.length === 0 && (command === undefined) === (args === undefined)) {
    const message = command === undefined
      ? "exec.command must be a non-empty string, or args given in its place."
      : "exec.command and exec.args must not both be given.";
    issues.push({ path: "command", message });
  }
  if (command === undefined && args === undefined) values.command = "";
  const cwd = absolute(values.cwd, defaultCwd);
  return new Normalised({ ...values, cwd } as ExecInput, issues);
}

/** Normalises a request of `files/read`; `defaultCwd` is absolute. */
export function normaliseFileRead(
  request: unknown,
  defaultCwd: string,
): Normalised<FileReadInput> {
  const { values, issues } = readFields(
    "files/read",
    request,
    FILE_READ_FIELDS,
  );
  const cwd = absolute(values.cwd, defaultCwd);
  return new Normalised({ ...values, cwd } as FileReadInput, issues);
}

/** Normalises a request of `files/write`; `defaultCwd` is absolute. */
export function normaliseFileWrite(
  request: unknown,
  defaultCwd: string,
): Normalised<FileWriteInput> {
  const { values, issues } = readFields(
    "files/write",
    request,
    FILE_WRITE_FIELDS,
  );
  if (values.ifMatch !== undefined && values.overwrite === false) {
    issues.push({
      path: "ifMatch",
      message: "files/write.ifMatch needs overwrite=true.",
    });
  }
  const cwd = absolute(values.cwd, defaultCwd);
  return new Normalised({ ...values, cwd } as FileWriteInput, issues);
}

function absolute(cwd: unknown, defaultCwd: string): string {
  if (typeof cwd !== "string") return defaultCwd;
  return isAbsolute(cwd) ? cwd : resolve(defaultCwd, cwd);
}

/**
 * Reads each field under its name or its alias. A field that is wrong is
 * replaced by its default, so that the echoed input always has its shape.
 */
function readFields(
  operation: HostOperation,
  request: unknown,
  fields: Fields,
): { values: Record<string, unknown>; issues: InputIssue[] } {
  const aliases: Readonly<Record<string, string>> = ALIASES[operation];
  const issues: InputIssue[] = [];
  const add = (path: string, message: string) =>
    issues.push({ path, message: `${operation}.${path} ${message}.` });
  let given: Readonly<Record<string, unknown>> = {};
  if (
    typeof request === "object" && request !== null && !Array.isArray(request)
  ) {
    given = { ...request };
  } else {
    issues.push({
      path: "",
      message: `${operation} takes an object of fields.`,
    });
  }

  const names = new Map(Object.keys(fields).map((name) => [name, name]));
  for (const [alias, name] of Object.entries(aliases)) {
    if (given[alias] === undefined) continue;
    if (given[name] === undefined) names.set(name, alias);
    else add(alias, `and ${name} must not both be given`);
  }

  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(fields)) {
    const key = names.get(name) ?? name;
    const parsed = schema.safeParse(given[key]);
    if (parsed.success) {
      if (parsed.data !== undefined) values[name] = parsed.data;
      continue;
    }
    for (const issue of parsed.error.issues) {
      add([key, ...issue.path].join("."), sayOf(issue));
    }
    const fallback = schema.safeParse(undefined);
    if (!fallback.success) {
      values[name] = typeof given[key] === "string" ? given[key] : "";
    } else if (fallback.data !== undefined) values[name] = fallback.data;
  }

  const known = [...Object.keys(fields), ...Object.keys(aliases)];
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const guess = nearest(name, known);
    const hint = guess === undefined ? "" : `did you mean ${guess}? `;
    add(name, `is not a known field: ${hint}known are ${known.join(", ")}`);
  }
  return { values, issues };
}

/** A record reports what is wrong with a key as an issue within an issue. */
function sayOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_key") {
    return issue.issues[0]?.message ?? issue.message;
  }
  return issue.message;
}
