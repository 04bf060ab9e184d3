import type { z } from "zod";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";

/** A request's target, read from the text that came in, not normalised. */
export interface Target {
  readonly authority: string;
  /** Percent-decoded once, split at the slashes that were not encoded. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

const TARGET = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/i;

/**
 * Takes a request's target apart without `new URL`: that would fold `..`, and
 * Deno's own getter throws on some hostile hosts.
 * @throws {AppError} INVALID_INPUT
 */
export function readTarget(request: Request): Target {
  let text: string;
  try {
    text = request.url;
  } catch {
    throw new AppError("HOST_NOT_ALLOWED");
  }
  const found = TARGET.exec(text);
  if (found === null) {
    throw new AppError("INVALID_INPUT", "Cannot read the request's target");
  }
  try {
    return {
      authority: found[1] ?? "",
      segments: (found[2] || "/").split("/").map(decodeURIComponent),
      query: new URLSearchParams(found[3] ?? ""),
    };
  } catch {
    throw new AppError(
      "INVALID_INPUT",
      "Cannot read the path: its percent-encoding is not valid",
    );
  }
}

/** Limits of reading a body. */
export interface BodyLimits {
  readonly maxBytes: number;
  readonly deadlineMs: number;
  readonly clock: Clock;
}

/**
 * Reads a body whole, within its limits; undefined when there is none.
 * @throws {AppError} BODY_TOO_LARGE, REQUEST_TIMEOUT, INVALID_INPUT
 */
export async function readBytes(
  request: Request,
  headers: ReadonlyMap<string, string>,
  limits: BodyLimits,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const length = headers.get("content-length");
  const stated = length === undefined ? undefined : Number(length);
  if (stated !== undefined && stated > limits.maxBytes) {
    throw tooLarge(limits.maxBytes);
  }
  if (stated === 0 || request.body === null) return undefined;
  const bytes = await readChunks(request.body, limits);
  return bytes.byteLength === 0 ? undefined : bytes;
}

async function readChunks(
  body: ReadableStream<Uint8Array>,
  { maxBytes, deadlineMs, clock }: BodyLimits,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  let timedOut = false;
  const timer = clock.after(deadlineMs, () => {
    timedOut = true;
    reader.cancel().catch(() => {});
  });
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (timedOut) {
        throw new AppError("REQUEST_TIMEOUT", undefined, {
          headers: { connection: "close" },
        });
      }
      if (done) return concat(chunks, size);
      size += value.byteLength;
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(value);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError(
      "INVALID_INPUT",
      "Cannot read the body: it ended before its end",
      { cause: error, headers: { connection: "close" } },
    );
  } finally {
    timer.cancel();
  }
}

function tooLarge(maxBytes: number): AppError {
  return new AppError("BODY_TOO_LARGE", undefined, {
    details: { max_bytes: maxBytes },
    headers: { connection: "close" },
  });
}

function concat(
  chunks: readonly Uint8Array[],
  size: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses a body as JSON.
 * @throws {AppError} INVALID_JSON
 */
export function parseJson(bytes: Uint8Array<ArrayBuffer>): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new AppError("INVALID_JSON", undefined, { cause });
  }
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

/** What is wrong with one part of the input. */
export interface InputIssue {
  readonly path: string;
  readonly message: string;
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
  throw invalid(
    result.error.issues.map((issue) => ({
      path: issue.path.join("."),
      message: issue.code === "unrecognized_keys"
        ? `${issue.message}; known: ${knownKeys(schema).join(", ")}`
        : issue.message,
    })),
    part,
  );
}

function invalid(issues: readonly InputIssue[], part: string): AppError {
  return new AppError("INVALID_INPUT", `Cannot accept the ${part}`, {
    details: { issues },
  });
}

function knownKeys(schema: z.ZodType): string[] {
  return "shape" in schema && typeof schema.shape === "object" &&
      schema.shape !== null
    ? Object.keys(schema.shape)
    : [];
}
