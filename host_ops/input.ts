import { isAbsolute } from "@std/path";
import type { z } from "zod";
import type { InputIssue } from "../shared/errors.ts";
import {
  absoluteFrom,
  isFromHome,
  type PathBase,
} from "../shared/user_path.ts";
import type {
  ExecInput,
  FileEditInput,
  FileReadInput,
  FileWriteInput,
} from "./results.ts";
import { PROTO_KEY_RULE, protoKeyIn } from "../shared/proto_key.ts";
import { nearest } from "../shared/nearest.ts";
import { shownForm } from "../shared/shown_form.ts";
import {
  ALIASES,
  Edit,
  FIELDS,
  type HostOperation,
  MAX_PATH_BYTES,
} from "./schemas.ts";

const EDIT = Object.keys(Edit.shape);

/** A request with defaults filled in; where it is wrong, the issues say why. */
export class Normalised<Input> {
  readonly input: Input;
  readonly issues: readonly InputIssue[];

  constructor(input: Input, issues: readonly InputIssue[] = []) {
    this.input = input;
    this.issues = issues;
  }
}

/**
 * Normalises a request of `exec`; without `cwd` it is `base.cwd`. What has been
 * normalised is taken as it is.
 */
export function normaliseExec(
  request: unknown,
  base: PathBase,
): Normalised<ExecInput> {
  if (request instanceof Normalised) return request;
  const { values, issues } = readFields("exec", request);
  const { command, args } = values;
  if (issues.length === 0 && (command === undefined) === (args === undefined)) {
    const message = command === undefined
      ? "exec.command must be a non-empty string, or args given in its place."
      : "exec.command and exec.args must not both be given.";
    issues.push({ path: "command", message });
  }
  if (command === undefined && args === undefined) values.command = "";
  if (values.detach === true) issues.push(...detached(values, request));
  else if (values.waitMs !== undefined) {
    issues.push({ path: "waitMs", message: "exec.waitMs needs detach=true." });
  }
  if (issues.length === 0) issues.push(...shareOut(values));
  return normalised({ values, issues }, base);
}

/**
 * A command that outlives its call has no limit of time by default, and all that
 * it prints is kept: returns what makes no sense then.
 */
function detached(
  values: Record<string, unknown>,
  request: unknown,
): readonly InputIssue[] {
  const { timeoutMs, timeout_ms } = Object(request);
  if ((timeoutMs ?? timeout_ms) === undefined) values.timeoutMs = 0;
  values.waitMs ??= 0;
  delete values.onLimit;
  return LIMIT_FIELDS.filter((it) => Object(request)[it] !== undefined)
    .map((path) => ({
      path,
      message:
        `exec.${path} must not be given with detach=true: all that it prints is kept, for GET /v1/runs/:run_id/output, and of each output the answer holds the first maxBufferBytes.`,
    }));
}

/** Fields that say what becomes of an output above the limit, and their aliases. */
export const LIMIT_FIELDS = [
  "onLimit",
  "on_limit",
  "headBytes",
  "head_bytes",
  "tailBytes",
  "tail_bytes",
];

/** Fills in how much of an output is head and how much tail; returns what is wrong. */
function shareOut(values: Record<string, unknown>): readonly InputIssue[] {
  const { headBytes: head, tailBytes: tail, onLimit } = values;
  if (onLimit !== "discard") {
    return ["headBytes", "tailBytes"].filter((it) => values[it] !== undefined)
      .map((path) => ({
        path,
        message: `exec.${path} needs onLimit=discard.`,
      }));
  }
  const max = Number(values.maxBufferBytes);
  const half = Math.floor(max / 2);
  const shareBeside = (other: unknown, otherwise: number) =>
    other === undefined
      ? otherwise
      : Math.max(0, Math.min(half, max - Number(other)));
  values.headBytes ??= shareBeside(tail, max - half);
  values.tailBytes ??= shareBeside(head, half);
  if (Number(values.headBytes) + Number(values.tailBytes) <= max) return [];
  const message =
    `exec.headBytes and exec.tailBytes must together be at most maxBufferBytes (${max}).`;
  return [{ path: head === undefined ? "tailBytes" : "headBytes", message }];
}

/** Normalises a request of `files/read`, likewise. */
export function normaliseFileRead(
  request: unknown,
  base: PathBase,
): Normalised<FileReadInput> {
  const { values, issues } = readFields("files/read", request);
  if (values.offset !== undefined && values.lines !== undefined) {
    issues.push({
      path: "lines",
      message: "files/read.lines and files/read.offset must not both be given.",
    });
  }
  return normalised({ values, issues }, base);
}

/** Normalises a request of `files/write`, likewise. */
export function normaliseFileWrite(
  request: unknown,
  base: PathBase,
): Normalised<FileWriteInput & { readonly content: string }> {
  const { values, issues } = readFields("files/write", request);
  for (const name of ["ifMatch", "append"]) {
    if (!values[name] || values.overwrite !== false) continue;
    const message = `files/write.${name} needs overwrite=true.`;
    issues.push({ path: name, message });
  }
  return normalised({ values, issues }, base);
}

/** Normalises a request of `files/edit`, likewise. */
export function normaliseFileEdit(
  request: unknown,
  base: PathBase,
): Normalised<
  Omit<FileEditInput, "edits"> & { readonly edits: readonly Edit[] }
> {
  const { values, issues } = readFields("files/edit", request);
  const edits = Array.isArray(values.edits) ? values.edits : [];
  return normalised({ values: { ...values, edits }, issues }, base);
}

interface Fields {
  readonly values: Record<string, unknown>;
  readonly issues: InputIssue[];
}

function normalised<Input>(
  { values, issues }: Fields,
  base: PathBase,
): Normalised<Input> {
  const given = typeof values.cwd === "string" ? values.cwd : base.cwd;
  const cwd = isAbsolute(given) ? given : absoluteFrom(given, base);
  for (const name of base.home === undefined ? ["path", "cwd"] : []) {
    if (!isFromHome(String(values[name]))) continue;
    const message = `${name} must not begin with ~: HOME is not known here.`;
    issues.push({ path: name, message });
  }
  return new Normalised({ ...values, cwd } as Input, issues);
}

/**
 * Reads each field under its name or its alias. A field that is wrong is
 * replaced by its default, so that the echoed input always has its shape.
 */
function readFields(operation: HostOperation, request: unknown): Fields {
  const fields: Readonly<Record<string, z.ZodType>> = FIELDS[operation];
  const aliases: Readonly<Record<string, string>> = ALIASES[operation];
  const issues: InputIssue[] = [];
  const add = (path: string, message: string) =>
    issues.push({ path, message: `${operation}.${path} ${message}.` });
  const isObject = typeof request === "object" && request !== null &&
    !Array.isArray(request);
  const given: Readonly<Record<string, unknown>> = isObject
    ? { ...request }
    : {};
  if (!isObject) {
    issues.push({
      path: "",
      message: `${operation} takes an object of fields.`,
    });
  }

  // first, since what is missing mostly stands under such a name
  const known = [...Object.keys(fields), ...Object.keys(aliases)];
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) add(name, unknown(name, known));
  }

  const keys = new Map<string, string>();
  for (const [alias, name] of Object.entries(aliases)) {
    if (given[alias] === undefined) continue;
    if (given[name] === undefined) keys.set(name, alias);
    else add(alias, `and ${name} must not both be given`);
  }

  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(fields)) {
    const key = keys.get(name) ?? name;
    const value = given[key];
    const parsed = schema.safeParse(value);
    const wrong = parsed.error?.issues ?? [];
    for (const { keys, path } of wrong.filter(hasUnknown)) {
      for (const it of keys) {
        add([key, ...path, it].join("."), unknown(it, EDIT));
      }
    }
    const said = new Set<string>();
    for (const issue of wrong) {
      if (hasUnknown(issue)) continue;
      const path = [key, ...issue.path].join(".");
      const message = sayOf(issue, { name, value });
      // two rules can have the same words
      if (said.has(`${path} ${message}`)) continue;
      said.add(`${path} ${message}`);
      add(path, message);
    }
    const proto = protoKeyIn(value);
    if (proto !== undefined) add(`${key}.${proto}`, PROTO_KEY_RULE);
    const { success, data } = parsed.success
      ? parsed
      : schema.safeParse(undefined);
    if (!success) values[name] = typeof value === "string" ? shown(value) : "";
    else if (data !== undefined) values[name] = data;
  }
  return { values, issues };
}

/** Whatever looks at a path that is refused has no longer one to look at. */
function shown(text: string): string {
  return text.slice(0, MAX_PATH_BYTES);
}

function unknown(name: string, known: readonly string[]): string {
  const guess = nearest(name, known);
  const hint = guess !== undefined
    ? `did you mean ${guess}? `
    : known.includes("edits") && EDIT.includes(name)
    ? 'put it into edits: [{"old":…,"new":…}]; '
    : "";
  return `is not a known field: ${hint}known are ${known.join(", ")}`;
}

function hasUnknown(
  issue: z.core.$ZodIssue,
): issue is z.core.$ZodIssueUnrecognizedKeys {
  return issue.code === "unrecognized_keys";
}

/**
 * Says what is wrong, and shows the form of what was quoted. A record reports
 * what is wrong with a key as an issue within an issue.
 */
function sayOf(
  issue: z.core.$ZodIssue,
  { name, value }: { readonly name: string; readonly value: unknown },
): string {
  const inner = issue.code === "invalid_key" ? issue.issues[0] : undefined;
  const { message } = inner ?? issue;
  if (issue.code !== "invalid_type" || issue.expected === "string") {
    return message;
  }
  const given = issue.path.reduce(
    (it: unknown, key) => Object(it)[key],
    value,
  );
  const path = [name, ...issue.path];
  const form = shownForm({ expected: issue.expected, path }, given);
  return form === undefined ? message : `${message}: ${form}`;
}
